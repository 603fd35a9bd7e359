"""What a merge patch of ours becomes in NexusFS's PATCH, member by member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import CapabilityMissing, InvalidRequest
from app.domain.field_table import to_ours
from app.domain.json import JsonObject, JsonValue
from app.vendors.nexusfs.fields import TABLE
from app.vendors.nexusfs.patch import to_nexus_patch
from tests.vendors.nexusfs.simulator_requests import document

BEFORE = {
    name: value
    for name, value in to_ours(
        TABLE,
        {
            **document("example_6_initial"),
            "Assets": document("example_1_result")["Assets"],
            "Discounts": document("example_7_initial")["Discounts"],
        },
    ).items()
    if name not in ("number", "vendor_status")
}
ADDRESS: JsonObject = {
    "AddrLine1": "1 Buckhead Loop Northeast",
    "City": "Atlanta",
    "Country": "United States",
    "Region": "Georgia",
    "Zip": "30326",
}
LOCATION: JsonObject = {
    "Address": ADDRESS,
    "LanguageID": "en",
    "LocationNum": "1030",
    "Name": "Buckhead Station",
    "SigReq": False,
    "WorkCenter": "Default",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A patch, and what is sent of it beside OrderNum; None: nothing at all."""

    id: str
    patch: JsonObject
    sent: JsonObject | None
    replaced: tuple[str, ...] = ()
    before: JsonObject | None = field(default_factory=lambda: BEFORE)


def own(**members: JsonValue) -> JsonObject:
    return {"extensions": {"nexusfs": members}}


CASES = [
    Case(id="nothing", patch={}, sent=None),
    Case(id="a scalar", patch={"priority": "1001"}, sent={"Priority": "1001"}),
    Case(
        id="a time is sent in UTC",
        patch={"dates": {"planned_start": "2026-11-20T21:40:00+01:00"}},
        sent={"PlannedStartDate": "2026-11-20T20:40:00.000Z"},
    ),
    Case(id="a null scalar", patch={"priority": None}, sent={"_fields": ["Priority"]}),
    Case(id="a null date", patch={"dates": {"planned_start": None}}, sent={"_fields": ["PlannedStartDate"]}),
    Case(
        id="all dates null",
        patch={"dates": None},
        sent={"_fields": ["OrderDate", "PlannedStartDate", "ActualStartDate", "ActualEndDate"]},
    ),
    Case(id="empty dates", patch={"dates": {}}, sent=None),
    Case(id="rules null", patch={"rules": None}, sent={"_fields": ["Rules"]}),
    Case(id="rules empty", patch={"rules": {}}, sent=None),
    Case(id="a rule", patch={"rules": {"is_ops": True}}, sent={"Rules": {"IsOps": True}}),
    Case(id="a rule null", patch={"rules": {"is_ops": None}}, sent={"_paths": ["$.Rules.IsOps"]}),
    Case(
        id="a rule null and another set",
        patch={"rules": {"is_ops": None, "in_warranty": True}},
        sent={"_paths": ["$.Rules.IsOps"], "Rules": {"InWarranty": True}},
    ),
    Case(id="assets empty", patch={"assets": {}}, sent=None),
    Case(id="assets null", patch={"assets": None}, sent={"_fields": ["Assets"]}),
    Case(
        id="an asset changed",
        patch={"assets": {"3182": {"description": "Oven"}}},
        sent={"Assets": [{"AssetNum": "3182", "Desc": "Oven"}]},
    ),
    Case(
        id="an asset with its own number in it",
        patch={"assets": {"3182": {"number": "3182", "description": "Oven"}}},
        sent={"Assets": [{"AssetNum": "3182", "Desc": "Oven"}]},
    ),
    Case(
        id="an asset removed",
        patch={"assets": {"3182": None}},
        sent={"Assets": [{"AssetNum": "3182", "Delete": True}]},
    ),
    Case(
        id="one asset removed, one added",
        patch={"assets": {"3182": None, "7": {"type": "1002"}}},
        sent={"Assets": [{"AssetNum": "3182", "Delete": True}, {"AssetNum": "7", "Type": "1002"}]},
    ),
    Case(id="an empty asset asks for nothing", patch={"assets": {"3182": {}, "9": {}}}, sent=None),
    Case(
        id="an asset of which only the number is known",
        patch={"assets": {"9": {"number": "9"}}},
        sent={"Assets": [{"AssetNum": "9"}]},
    ),
    Case(
        id="a member of an element null",
        patch={"discounts": {"1": {"fixed": None}}},
        sent={"_paths": ["$.Discounts[?(@.ID=='1')].Fixed"]},
    ),
    Case(
        id="a member of an element null, another set",
        patch={"discounts": {"1": {"fixed": None, "percentage": 5}}},
        sent={"_paths": ["$.Discounts[?(@.ID=='1')].Fixed"], "Discounts": [{"ID": "1", "Percentage": 5}]},
    ),
    Case(
        id="product types are replaced",
        patch={"discounts": {"1": {"product_types": ["1002", "1003"]}}},
        sent={
            "_paths": ["$.Discounts[?(@.ID=='1')].ProdTypes"],
            "Discounts": [{"ID": "1", "ProdTypes": ["1002", "1003"]}],
        },
    ),
    Case(
        id="product types of a new discount",
        patch={"discounts": {"2": {"product_types": ["1002"]}}},
        sent={"Discounts": [{"ID": "2", "ProdTypes": ["1002"]}]},
    ),
    Case(
        id="product types that stand already, beside another change",
        patch={"discounts": {"1": {"product_types": ["1001"], "fixed": 3}}},
        sent={"Discounts": [{"ID": "1", "Fixed": 3, "ProdTypes": ["1001"]}]},
    ),
    Case(
        id="no product types",
        patch={"discounts": {"1": {"product_types": []}}},
        sent={"_paths": ["$.Discounts[?(@.ID=='1')].ProdTypes"]},
    ),
    Case(
        id="product types, before the order was read",
        patch={"discounts": {"1": {"product_types": ["1002"]}}},
        before=None,
        sent={"Discounts": [{"ID": "1", "ProdTypes": ["1002"]}]},
    ),
    Case(
        id="product types under an id that no path can name",
        patch={"discounts": {"a'b": {"product_types": ["1002"]}}},
        before={"discounts": {"a'b": {"id": "a'b", "product_types": ["1001"]}}},
        sent={"Discounts": [{"ID": "a'b", "ProdTypes": ["1002"]}]},
    ),
    Case(
        id="the panels of an asset are replaced",
        patch={"assets": {"3182": own(FlexView=[{"ID": "2", "Title": "b"}])}},
        before={"assets": {"3182": {"number": "3182", **own(FlexView=[{"ID": "1"}, {"ID": "2"}])}}},
        sent={
            "_paths": ["$.Assets[?(@.AssetNum=='3182')].FlexView"],
            "Assets": [{"AssetNum": "3182", "FlexView": [{"ID": "2", "Title": "b"}]}],
        },
    ),
    Case(
        id="an array deep in an object",
        patch=own(AccountingPackage={"Extensions": {"a": ["2"]}}),
        before=own(AccountingPackage={"Extensions": {"a": ["1"], "b": 1}}),
        sent={
            "_paths": ["$.AccountingPackage.Extensions.a"],
            "AccountingPackage": {"Extensions": {"a": ["2"]}},
        },
    ),
    Case(
        id="the items of a panel are a plain array",
        patch={"info_panels": {"1001": {"items": [{"label": "Gate", "value": "12"}, {"label": "Key", "value": None}]}}},
        sent={
            "_paths": ["$.FlexView[?(@.ID=='1001')].Items"],
            "FlexView": [{"ID": "1001", "Items": [{"Label": "Gate", "Value": "12"}, {"Label": "Key"}]}],
        },
    ),
    Case(
        id="an asset's own extension removed",
        patch={"assets": {"3182": own(FlexForms=None)}},
        sent={"_paths": ["$.Assets[?(@.AssetNum=='3182')].FlexForms"]},
    ),
    Case(
        id="assets replaced",
        patch={"assets": {"7": {"type": "1002", "description": None}, "3182": None}},
        replaced=("assets",),
        sent={"_fields": ["Assets"], "Assets": [{"AssetNum": "7", "Type": "1002"}]},
    ),
    Case(id="assets replaced by none", patch={"assets": {}}, replaced=("assets",), sent={"_fields": ["Assets"]}),
    Case(id="assets replaced by null", patch={"assets": None}, replaced=("assets",), sent={"_fields": ["Assets"]}),
    Case(
        id="two collections, one of them replaced",
        patch={"assets": {"7": {}}, "discounts": {"1": {"fixed": 1}}},
        replaced=("assets",),
        sent={"_fields": ["Assets"], "Assets": [{"AssetNum": "7"}], "Discounts": [{"ID": "1", "Fixed": 1}]},
    ),
    Case(id="a member of the vendor's own", patch=own(User="t.nguyen"), sent={"User": "t.nguyen"}),
    Case(id="a member of the vendor's own removed", patch=own(User=None), sent={"_fields": ["User"]}),
    Case(
        id="inside an object of the vendor's own",
        patch=own(AccountingPackage={"InvoiceNum": "5", "SendDate": None, "Extensions": {}}),
        sent={"_paths": ["$.AccountingPackage.SendDate"], "AccountingPackage": {"InvoiceNum": "5"}},
    ),
    Case(
        id="an array of the vendor's own takes the whole place",
        patch=own(Alerts=[{"AlertID": "1"}]),
        sent={"_fields": ["Alerts"], "Alerts": [{"AlertID": "1"}]},
    ),
    Case(id="an empty array of the vendor's own", patch=own(Alerts=[]), sent={"_fields": ["Alerts"]}),
    Case(
        id="another account's number alone is expanded by the vendor, in the place of the one before",
        patch={"account": {"number": "1031"}},
        sent={"_fields": ["Account"], "Account": {"AccountNum": "1031"}},
    ),
    Case(
        id="another location's number alone",
        patch={"location": {"number": "1032", "address": {}}},
        sent={"_fields": ["Location"], "Location": {"LocationNum": "1032"}},
    ),
    Case(
        id="the number alone of the first account",
        patch={"account": {"number": "1031"}},
        before={},
        sent={"Account": {"AccountNum": "1031"}},
    ),
    Case(
        id="another number with another name, which is an override of the whole",
        patch={"location": {"number": "1032", "name": "Station"}},
        sent={"Location": {**LOCATION, "LocationNum": "1032", "Name": "Station"}},
    ),
    Case(
        id="its own number beside another change leaves an override alone",
        patch={
            "account": {"number": "1029"},
            "location": {"number": "1030", "name": "Buckhead Station"},
            "priority": "1",
        },
        sent={"Priority": "1"},
    ),
    Case(
        id="what the account shows already, beside another change",
        patch={
            "account": {"name": "Buckhead Inc.", "extensions": {"nexusfs": {"Contacts": [], "Notes": None}}},
            **own(User="t"),
        },
        sent={"User": "t"},
    ),
    Case(
        id="another member of the account sends the whole of it",
        patch={"account": {"name": "Buckhead Ltd."}},
        sent={"Account": {"AccountNum": "1029", "AccountType": "1001", "Name": "Buckhead Ltd."}},
    ),
    Case(
        id="a line of the address sends the whole location",
        patch={"location": {"address": {"line_1": "2 Buckhead Loop"}}},
        sent={"Location": {**LOCATION, "Address": {**ADDRESS, "AddrLine1": "2 Buckhead Loop"}}},
    ),
    Case(
        id="a line removed from the address replaces the location",
        patch={"location": {"address": {"line_1": "2 Buckhead Loop", "line_2": None, "postcode": None}}},
        sent={
            "_fields": ["Location"],
            "Location": {
                **LOCATION,
                "Address": {
                    "AddrLine1": "2 Buckhead Loop",
                    "City": "Atlanta",
                    "Country": "United States",
                    "Region": "Georgia",
                },
            },
        },
    ),
    Case(
        id="a line that is not there removed",
        patch={"location": {"name": "Station", "address": {"line_2": None}}},
        sent={"Location": {**LOCATION, "Name": "Station"}},
    ),
    Case(
        id="other contacts replace the account",
        patch={"account": own(Contacts=[{"Name": "B"}])},
        before={"account": {"number": "1", "type": "2", "name": "A", **own(Contacts=[{"Name": "A"}])}},
        sent={
            "_fields": ["Account"],
            "Account": {"AccountNum": "1", "AccountType": "2", "Contacts": [{"Name": "B"}], "Name": "A"},
        },
    ),
    Case(
        id="a member of the vendor's own in the location",
        patch={"location": own(SigReq=True)},
        sent={"Location": {**LOCATION, "SigReq": True}},
    ),
    Case(
        id="what the order has as null is not there",
        patch={"account": {"name": "A"}},
        before={"account": {"number": "1", "type": "2", "extensions": {"nexusfs": {"Notes": None, "Contacts": []}}}},
        sent={"Account": {"AccountNum": "1", "AccountType": "2", "Contacts": [], "Name": "A"}},
    ),
    Case(id="account null", patch={"account": None}, sent={"_fields": ["Account"]}),
    Case(id="account empty", patch={"account": {}, "location": {"address": {}}}, sent=None),
    Case(
        id="an account, before the order was read",
        patch={"account": {"name": "Buckhead Ltd."}, "priority": "1001"},
        before=None,
        sent={"Priority": "1001"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_a_patch_becomes(case: Case) -> None:
    sent = to_nexus_patch("1214", case.patch, replaced=case.replaced, before=case.before)
    assert sent == (None if case.sent is None else {**case.sent, "OrderNum": "1214"})


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A patch that is refused before anything is sent, and the pointers of its faults."""

    id: str
    patch: JsonObject
    pointers: list[str]
    error: type[CapabilityMissing | InvalidRequest] = InvalidRequest
    replaced: tuple[str, ...] = ()
    before: JsonObject | None = field(default_factory=lambda: BEFORE)


REFUSED = [
    Refused(
        id="members without a place",
        patch={"title": "Tap", "dates": {"target": "2026-11-20"}, "work_center": "North"},
        pointers=["/title", "/dates/target", "/work_center"],
        error=CapabilityMissing,
    ),
    Refused(
        id="another vendor's extensions",
        patch={"extensions": {"overit": {"a": 1}}},
        pointers=["/extensions/overit"],
        error=CapabilityMissing,
    ),
    Refused(
        id="an id that differs from its key",
        patch={"assets": {"3182": {"number": "3183"}}},
        pointers=["/assets/3182/number"],
    ),
    Refused(
        id="a member that has a name of ours", patch=own(Priority="1001"), pointers=["/extensions/nexusfs/Priority"]
    ),
    Refused(id="the number", patch=own(OrderNum="1"), pointers=["/extensions/nexusfs/OrderNum"]),
    Refused(id="the status", patch=own(OrderStatus="7"), pointers=["/extensions/nexusfs/OrderStatus"]),
    Refused(id="the dispatch status", patch=own(DispatchStatus=0), pointers=["/extensions/nexusfs/DispatchStatus"]),
    Refused(
        id="the dispatch status removed",
        patch=own(DispatchStatus=None),
        pointers=["/extensions/nexusfs/DispatchStatus"],
    ),
    Refused(
        id="commands of the vendor's PATCH",
        patch=own(_fields=["Account"], _paths=["$.Rules"]),
        pointers=["/extensions/nexusfs/_fields", "/extensions/nexusfs/_paths"],
    ),
    Refused(
        id="the command in an element",
        patch={"assets": {"a/b~c": own(Delete=True)}},
        pointers=["/assets/a~1b~0c/extensions/nexusfs/Delete"],
    ),
    Refused(id="an id with a quote", patch={"discounts": {"a'b": {"fixed": None}}}, pointers=["/discounts/a'b/fixed"]),
    Refused(
        id="an id with a backslash",
        patch={"discounts": {"a\\": {"fixed": None}}},
        pointers=["/discounts/a\\/fixed"],
    ),
    Refused(
        id="a name that a path cannot hold",
        patch=own(ApptSearchRequest={"a-b": None, "c.d": {"e": None}}),
        pointers=[
            "/extensions/nexusfs/ApptSearchRequest/a-b",
            "/extensions/nexusfs/ApptSearchRequest/c.d/e",
        ],
    ),
    Refused(
        id="a collection as an object, whose names a path would hold unquoted",
        patch={"priority": "1", **own(Assets={"*": None}, Discounts={"x[?(@.ID!=0)]": None}, FlexView={"1": {}})},
        pointers=[f"/extensions/nexusfs/{name}" for name in ("Assets", "Discounts", "FlexView")],
    ),
    Refused(
        id="a collection as an object, and deeper in it",
        patch=own(Assets={"*": {"Desc": None}}),
        pointers=["/extensions/nexusfs/Assets"],
    ),
    Refused(id="replaced but not given", patch={"priority": "1"}, replaced=("assets",), pointers=["/assets"]),
    Refused(
        id="gaps in an account that was never there",
        patch={"account": {"name": "Buckhead Ltd."}},
        before={},
        pointers=["/account/number", "/account/type"],
    ),
    Refused(
        id="gaps in a location",
        patch={"location": {"name": None, "address": None, "work_center": "North"}},
        pointers=["/location/name", "/location/address"],
    ),
    Refused(
        id="an address that is emptied",
        patch={"location": {"address": dict.fromkeys(("line_1", "city", "region", "postcode", "country"))}},
        pointers=["/location/address"],
    ),
    Refused(
        id="a gap that the order itself has",
        patch={"account": {"name": "A"}},
        before={"account": {"number": "1", "type": None}},
        pointers=["/account/type"],
    ),
    Refused(id="the account's number removed", patch={"account": {"number": None}}, pointers=["/account/number"]),
    Refused(id="an account that is a text", patch={"account": "1029"}, pointers=["/account"]),
    Refused(id="an asset that is a text", patch={"assets": {"1": "Oven"}}, pointers=["/assets/1"]),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_what_a_patch_cannot_say(case: Refused) -> None:
    with pytest.raises(case.error) as caught:
        to_nexus_patch("1214", case.patch, replaced=case.replaced, before=case.before)
    assert [fault.pointer for fault in caught.value.faults] == case.pointers


def test_an_id_with_a_quote_is_no_trouble_where_no_path_is_needed() -> None:
    assert to_nexus_patch("1", {"discounts": {"a'b": None}}, before=BEFORE) == {
        "Discounts": [{"ID": "a'b", "Delete": True}],
        "OrderNum": "1",
    }


def test_what_has_no_place_is_said_with_what_can_be_done() -> None:
    with pytest.raises(CapabilityMissing) as caught:
        to_nexus_patch("1", {"title": "Tap"}, before=None)
    can = ["create", "delete", "patch", "read", "replace", "status_update"]
    assert caught.value.members == {"capabilities": can}


def empty_objects(value: JsonValue) -> bool:
    if isinstance(value, Mapping):
        return not value or any(map(empty_objects, value.values()))
    return isinstance(value, list) and any(map(empty_objects, value))


def nulls(value: JsonValue) -> bool:
    if isinstance(value, Mapping):
        return any(map(nulls, value.values()))
    return value is None or (isinstance(value, list) and any(map(nulls, value)))


LEAVES = st.none() | st.booleans() | st.text(max_size=4)
PATCHES = st.fixed_dictionaries(
    {},
    optional={
        "priority": LEAVES,
        "dates": st.none() | st.dictionaries(st.sampled_from(["raised", "planned_start", "actual_end"]), LEAVES),
        "rules": st.none() | st.dictionaries(st.sampled_from(["is_ops", "in_warranty"]), LEAVES),
        "account": st.none() | st.fixed_dictionaries({}, optional={"name": st.text(), "type": st.text()}),
        "location": st.none() | st.fixed_dictionaries({}, optional={"address": st.just({}), "name": st.text()}),
        "discounts": st.none()
        | st.dictionaries(
            st.sampled_from("12"),
            st.none() | st.dictionaries(st.sampled_from(["fixed", "description"]), LEAVES),
        ),
        "extensions": st.fixed_dictionaries(
            {},
            optional={
                "nexusfs": st.fixed_dictionaries(
                    {}, optional={"User": LEAVES, "AccountingPackage": st.dictionaries(st.just("InvoiceNum"), LEAVES)}
                )
            },
        ),
    },
)


@settings(deadline=None)
@given(patch=PATCHES)
def test_no_patch_sends_an_empty_object_or_a_null(patch: dict[str, JsonValue]) -> None:
    sent = to_nexus_patch("1214", patch, before=BEFORE)
    assert sent is None or (sent["OrderNum"] == "1214" and len(sent) > 1)
    assert sent is None or not (empty_objects(sent) or nulls(sent))
