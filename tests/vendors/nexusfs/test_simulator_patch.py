"""PATCH beyond the seven examples: dossier 3.7 and what we assume where the vendor's document is silent."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from app.vendors.simulation import Json
from tests.vendors.nexusfs.simulator_requests import Nexus, document, ok, refusal

START = document("example_1_initial")
CUSTOMER: dict[str, Json] = {
    "ID": "1001",
    "Title": "Customer",
    "Items": [{"Label": "Status", "Value": "Preferred Customer"}],
}
PARKING: dict[str, Json] = {
    "ID": "1002",
    "Title": "Special Instructions",
    "Items": [{"Label": "Parking", "Value": "Parking in the rear"}],
}
DISCOUNT: dict[str, Json] = {"ID": "1", "Desc": "", "IsApplied": True, "Percentage": 4.0, "ProdTypes": ["1001"]}
ASSET: dict[str, Json] = {"AssetNum": "3182", "Desc": "Dishwasher", "IsComponent": False, "Type": "1001"}
BEFORE: dict[str, Json] = START | {"Assets": [ASSET], "Discounts": [DISCOUNT], "FlexView": [CUSTOMER, PARKING]}
GONE = "<gone>"


def section(name: str) -> dict[str, Json]:
    inner = START[name]
    assert isinstance(inner, dict)
    return inner


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    patch: dict[str, Json]
    changes: dict[str, Json] = field(default_factory=dict)
    """Members of the record afterwards; GONE: no longer there. All others are as before."""


WITHOUT_CITY: dict[str, Json] = {
    "AddrLine1": "1 Buckhead Loop Northeast",
    "Country": "United States",
    "Region": "Georgia",
    "Zip": "30326",
}
CASES = [
    Case(id="nothing but the number changes nothing", patch={}),
    Case(id="a scalar is set", patch={"Priority": "1001"}, changes={"Priority": "1001"}),
    Case(id="an absent member is added", patch={"User": "T7"}, changes={"User": "T7"}),
    Case(
        id="an object keeps what is not named",
        patch={"Rules": {"IsOps": True}},
        changes={"Rules": section("Rules") | {"IsOps": True}},
    ),
    Case(
        id="an element keeps its place and its other members",
        patch={"FlexView": [{"ID": "1001", "Title": "Client"}]},
        changes={"FlexView": [CUSTOMER | {"Title": "Client"}, PARKING]},
    ),
    Case(
        id="a new key is appended",
        patch={"Discounts": [{"ID": "2", "Fixed": 1}]},
        changes={"Discounts": [DISCOUNT, {"ID": "2", "Fixed": 1}]},
    ),
    Case(
        id="an array of scalars is replaced",
        patch={"Discounts": [{"ID": "1", "ProdTypes": ["1002", "1003"]}]},
        changes={"Discounts": [DISCOUNT | {"ProdTypes": ["1002", "1003"]}]},
    ),
    Case(
        id="items of a flex view have no key and are replaced",
        patch={"FlexView": [{"ID": "1001", "Items": [{"Label": "A", "Value": "B"}]}]},
        changes={"FlexView": [CUSTOMER | {"Items": [{"Label": "A", "Value": "B"}]}, PARKING]},
    ),
    Case(id="an empty array changes nothing", patch={"Assets": [], "FlexView": []}),
    Case(
        id="an asset's own flex views merge by key",
        patch={"Assets": [{"AssetNum": "3182", "FlexView": [{"ID": "7", "Title": "T"}, {"ID": "8", "Delete": True}]}]},
        changes={"Assets": [ASSET | {"FlexView": [{"ID": "7", "Title": "T"}]}]},
    ),
    Case(id="Delete of an unknown key is no error", patch={"Assets": [{"AssetNum": "9", "Delete": True}]}),
    Case(
        id="Delete false is an ordinary element and never stored",
        patch={"Assets": [{"AssetNum": "3182", "Delete": False, "Desc": "D"}]},
        changes={"Assets": [ASSET | {"Desc": "D"}]},
    ),
    Case(
        id="the last element deleted takes the collection away",
        patch={"Assets": [{"AssetNum": "3182", "Delete": True}]},
        changes={"Assets": GONE},
    ),
    Case(
        id="an empty object inside an element removes it",
        patch={"Assets": [{"AssetNum": "3182", "Desc": "D", "Meter": {}}]},
        changes={"Assets": [ASSET | {"Desc": "D"}]},
    ),
    Case(
        id="_fields clears several members and sets the one that is given",
        patch={"_fields": ["Rules", "Discounts"], "Discounts": [{"ID": "2", "Fixed": 1}]},
        changes={"Rules": GONE, "Discounts": [{"ID": "2", "Fixed": 1}]},
    ),
    Case(
        id="_fields clears though the array is empty",
        patch={"_fields": ["Assets"], "Assets": []},
        changes={"Assets": GONE},
    ),
    Case(id="_fields with a member that is not there", patch={"_fields": ["User"]}),
    Case(id="_fields and the order's number", patch={"_fields": ["OrderNum"]}),
    Case(id="_paths removes a member", patch={"_paths": ["$.Rules"]}, changes={"Rules": GONE}),
    Case(
        id="_paths removes a member of an object",
        patch={"_paths": ["$.Location.WorkCenter"]},
        changes={"Location": {name: value for name, value in section("Location").items() if name != "WorkCenter"}},
    ),
    Case(
        id="_paths removes a member of an account, and nothing is joined",
        patch={"_paths": ["$.Account.Name"]},
        changes={"Account": {"AccountNum": "1029", "AccountType": "1001"}},
    ),
    Case(
        id="_paths finds an element by another member",
        patch={"_paths": ["$.FlexView[?(@.Title=='Customer')]"]},
        changes={"FlexView": [PARKING]},
    ),
    Case(
        id="_paths removes the last element",
        patch={"_paths": ["$.Assets[?(@.AssetNum=='3182')]"]},
        changes={"Assets": GONE},
    ),
    Case(
        id="_paths that match nothing are no error",
        patch={"_paths": ["$.User", "$.Rules.No", "$.Assets[?(@.AssetNum=='1')]", "$.Assets.Desc", "$.Priority.x"]},
    ),
    Case(
        id="_paths removes what lies deep in an object",
        patch={"_paths": ["$.Location.Address.City", "$.Location.Address.No.No", "$.Location.Name.x"]},
        changes={"Location": section("Location") | {"Address": WITHOUT_CITY}},
    ),
    Case(
        id="_paths go before the body",
        patch={"_paths": ["$.FlexView[?(@.ID=='1001')]"], "FlexView": [{"ID": "1001", "Title": "New"}]},
        changes={"FlexView": [PARKING, {"ID": "1001", "Title": "New"}]},
    ),
    Case(
        id="an account by number only is filled in and replaces",
        patch={"Account": {"AccountNum": "1031"}},
        changes={"Account": {"AccountNum": "1031", "AccountType": "1001", "Name": "Peachtree Ltd."}},
    ),
    Case(
        id="an account with more is an override and replaces",
        patch={"Account": {"AccountNum": "7", "AccountType": "1", "Name": "Ad hoc", "Notes": "n"}},
        changes={"Account": {"AccountNum": "7", "AccountType": "1", "Name": "Ad hoc", "Notes": "n"}},
    ),
    Case(
        id="a location with more is an override and keeps nothing",
        patch={"Location": {"LocationNum": "1030", "Name": "Station", "Address": {"City": "Atlanta"}}},
        changes={"Location": {"LocationNum": "1030", "Name": "Station", "Address": {"City": "Atlanta"}}},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_patch_leaves(sim_shared: Nexus, sim_order: str, case: Case) -> None:
    named: dict[str, Json] = {"OrderNum": sim_order}
    ok(sim_shared.send("PUT", sim_order, BEFORE | named))

    ok(sim_shared.send("PATCH", sim_order, named | case.patch))

    after = BEFORE | case.changes | named
    assert sim_shared.record(sim_order) == {name: value for name, value in after.items() if value != GONE}
    assert sim_shared.details(sim_order)[1:] == [named | case.patch]


REFUSED: list[tuple[dict[str, Json], str, str]] = [
    ({"Priority": None}, "Priority", "must not be null"),
    ({"Alerts": [{"x": None}]}, "Alerts[0].x", "must not be null"),
    ({"Assets": [None]}, "Assets[0]", "must be an object"),
    ({"Assets": [{"Desc": "D"}]}, "Assets[0].AssetNum", "is required"),
    ({"Assets": [ASSET, ASSET]}, "Assets[1].AssetNum", "stands twice in this array"),
    ({"Assets": {"AssetNum": "1"}}, "Assets", "must be an array"),
    ({"Assets": [{"AssetNum": 3182}]}, "Assets[0].AssetNum", "must be a string that is not empty"),
    ({"Assets": [{"AssetNum": "1", "Delete": "yes"}]}, "Assets[0].Delete", "must be true or false"),
    ({"_fields": ["rules"]}, "_fields[0]", "is not a known property"),
    ({"_fields": ["_paths"]}, "_fields[0]", "is not a known property"),
    ({"_fields": ["Rules", 5]}, "_fields[1]", "is not a known property"),
    ({"_fields": "Rules"}, "_fields", "must be an array of strings"),
    ({"_fields": None}, "_fields", "must be an array of strings"),
    ({"_paths": {}}, "_paths", "must be an array of strings"),
    ({"_paths": ["FlexView"]}, "_paths[0]", "is not a path that is supported"),
    ({"_paths": ["$..ID"]}, "_paths[0]", "is not a path that is supported"),
    ({"_paths": ["$.FlexView[0]"]}, "_paths[0]", "is not a path that is supported"),
    ({"_paths": [7]}, "_paths[0]", "is not a path that is supported"),
    ({"Delete": True}, "Delete", "is not a known property"),
    ({"Rules": {"Delete": True}}, "Rules.Delete", "is not a known property"),
    ({"Account": {"AccountNum": "4711"}}, "Account.AccountNum", "does not exist"),
    ({"Account": {}}, "Account", "is required"),
    ({"_fields": ["Location"]}, "Location", "is required"),
    ({"_paths": ["$.OrderStatus"]}, "OrderStatus", "is required"),
]


@pytest.mark.parametrize(("patch", "path", "reason"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_patch_is_refused_with_the_member_at_fault(
    sim_shared: Nexus, patch: dict[str, Json], path: str, reason: str
) -> None:
    answer = sim_shared.send("PATCH", "1214", {"OrderNum": "1214"} | patch)

    assert refusal(answer) == (400, [(path, reason)])
    assert (sim_shared.record(), sim_shared.effects("1214")) == (START, [])


def test_a_quote_in_a_path_is_written_with_a_backslash(sim_shared: Nexus, sim_order: str) -> None:
    named: dict[str, Json] = {"OrderNum": sim_order}
    ok(sim_shared.send("PATCH", sim_order, named | {"Assets": [{"AssetNum": "a'b\\c"}, {"AssetNum": "d"}]}))

    ok(sim_shared.send("PATCH", sim_order, named | {"_paths": [r"$.Assets[?(@.AssetNum=='a\'b\\c')]"]}))

    assert sim_shared.record(sim_order)["Assets"] == [{"AssetNum": "d"}]


def test_an_object_that_no_source_describes_keeps_what_is_not_named(sim_shared: Nexus, sim_order: str) -> None:
    named: dict[str, Json] = {"OrderNum": sim_order}
    inners: list[dict[str, Json]] = [{"b": 1}, {"c": 2}]
    for inner in inners:
        ok(sim_shared.send("PATCH", sim_order, named | {"AccountingPackage": {"Extensions": {"a": inner}}}))

    assert sim_shared.record(sim_order)["AccountingPackage"] == {"Extensions": {"a": {"b": 1, "c": 2}}}


@pytest.mark.parametrize("code", ["1", "6", "7", "8", "9", "1001", "4096", "4097"])
def test_a_patch_that_carries_OrderStatus_is_a_status_change(sim_shared: Nexus, sim_order: str, code: str) -> None:
    before = sim_shared.record(sim_order)
    sent: dict[str, Json] = {"OrderNum": sim_order, "OrderStatus": code}

    ok(sim_shared.send("PATCH", sim_order, sent))

    assert sim_shared.record(sim_order) == before | {"OrderStatus": code}
    assert (sim_shared.kinds(sim_order), sim_shared.details(sim_order)) == (["status_change"], [sent])


def test_the_same_patch_twice_is_two_effects(sim_shared: Nexus, sim_order: str) -> None:
    for _ in range(2):
        ok(sim_shared.send("PATCH", sim_order, {"OrderNum": sim_order, "OrderStatus": "6"}))

    assert sim_shared.kinds(sim_order) == ["status_change", "status_change"]
