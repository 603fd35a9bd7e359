"""Orders and merge patches of ours as a vendor's table names them: nulls at every level, pointers of faults, moments."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.domain.errors import FieldFault
from app.domain.field_table import Theirs, to_theirs
from app.domain.json import JsonObject, JsonValue
from tests.domain.tables import TABLE


def removal(ids: JsonObject) -> JsonObject:
    return {**ids, "Gone": True}


def patched(ours: JsonObject) -> Theirs:
    return to_theirs(TABLE, ours, removed=removal)


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    ours: JsonObject
    theirs: JsonObject


NULLS = [
    Case(id="a member", ours={"title": None}, theirs={"Title": None}),
    Case(id="a member of a group", ours={"dates": {"start": None}}, theirs={"Begin": None}),
    Case(id="a group", ours={"dates": None}, theirs={"Begin": None, "End": None}),
    Case(id="a spread object's group", ours={"account": None}, theirs={"Customer": {"Id": None, "Ref": None}}),
    Case(id="a member of it", ours={"account": {"reference": None}}, theirs={"Customer": {"Ref": None}}),
    Case(id="an object", ours={"location": None}, theirs={"Site": None}),
    Case(id="a member of an object", ours={"location": {"name": None}}, theirs={"Site": {"Name": None}}),
    Case(id="an object in an object", ours={"location": {"address": None}}, theirs={"Site": {"Addr": None}}),
    Case(
        id="a member two objects down",
        ours={"location": {"address": {"zip": None}}},
        theirs={"Site": {"Addr": {"Zip": None}}},
    ),
    Case(id="a collection", ours={"assets": None}, theirs={"Assets": None}),
    Case(id="an element", ours={"assets": {"7": None}}, theirs={"Assets": [{"Num": "7", "Gone": True}]}),
    Case(id="an element by number", ours={"steps": {"7": None}}, theirs={"Steps": [{"Order": 7, "Gone": True}]}),
    Case(
        id="a member of an element",
        ours={"assets": {"7": {"description": None}}},
        theirs={"Assets": [{"Num": "7", "Desc": None}]},
    ),
    Case(
        id="a group in an element",
        ours={"assets": {"7": {"dates": None}}},
        theirs={"Assets": [{"Num": "7", "Made": None}]},
    ),
    Case(
        id="an object in an element",
        ours={"assets": {"7": {"place": None}}},
        theirs={"Assets": [{"Num": "7", "Place": None}]},
    ),
    Case(id="rows", ours={"lines": None}, theirs={"Lines": None}),
    Case(id="a member of a row", ours={"lines": [{"text": None}]}, theirs={"Lines": [{"Text": None}]}),
    Case(id="a vendor's own member", ours={"extensions": {"acme": {"Own": None}}}, theirs={"Own": None}),
    Case(
        id="a vendor's own member in a spread object",
        ours={"extensions": {"acme": {"Customer": {"Own": None}}}},
        theirs={"Customer": {"Own": None}},
    ),
    Case(
        id="a vendor's own member in an object",
        ours={"location": {"extensions": {"acme": {"Own": None}}}},
        theirs={"Site": {"Own": None}},
    ),
    Case(
        id="a vendor's own member in an element",
        ours={"assets": {"7": {"extensions": {"acme": {"Own": None}}}}},
        theirs={"Assets": [{"Num": "7", "Own": None}]},
    ),
    Case(id="a member that this vendor does not have", ours={"priority": None, "dates": {"target": None}}, theirs={}),
    Case(id="a member of a group that this vendor does not have", ours={"project": {"number": None}}, theirs={}),
    Case(id="nothing", ours={}, theirs={}),
    Case(id="empty groups", ours={"dates": {}, "account": {}}, theirs={}),
    Case(id="empty objects", ours={"location": {"address": {}}}, theirs={"Site": {"Addr": {}}}),
    Case(id="an element without members", ours={"assets": {"7": {}}}, theirs={"Assets": [{"Num": "7"}]}),
    Case(id="an empty collection", ours={"assets": {}, "lines": []}, theirs={"Assets": [], "Lines": []}),
]


@pytest.mark.parametrize("case", NULLS, ids=lambda case: case.id)
def test_a_null_at_any_level_reaches_the_vendor_as_one_and_nothing_else_does(case: Case) -> None:
    assert patched(case.ours) == Theirs(record=dict(case.theirs), homeless=(), wrong=())


def test_a_whole_order_stands_under_the_vendor_s_names() -> None:
    ours: JsonObject = {
        "title": "Boiler",
        "dates": {"start": "2026-11-20", "end": None},
        "account": {"number": "1029", "reference": "R"},
        "location": {"name": "Station", "address": {"zip": "30326"}, "extensions": {"acme": {"Lang": "en"}}},
        "assets": {"3182": {"description": "Dishwasher"}, "7": {"number": "7"}},
        "steps": {"1": {"order": 1, "note": "first"}},
        "lines": [{"text": "one"}, {"text": "two", "extensions": {"acme": {"Bold": True}}}],
        "extensions": {"acme": {"Cost": "C1", "Customer": {"Currency": "GBP"}}},
    }
    assert to_theirs(TABLE, ours) == Theirs(
        record={
            "Title": "Boiler",
            "Begin": "2026-11-20",
            "End": None,
            "Customer": {"Id": "1029", "Ref": "R", "Currency": "GBP"},
            "Site": {"Name": "Station", "Addr": {"Zip": "30326"}, "Lang": "en"},
            "Assets": [{"Num": "3182", "Desc": "Dishwasher"}, {"Num": "7"}],
            "Steps": [{"Order": 1, "Note": "first"}],
            "Lines": [{"Text": "one"}, {"Text": "two", "Bold": True}],
            "Cost": "C1",
        },
        homeless=(),
        wrong=(),
    )


@dataclass(frozen=True, kw_only=True)
class Fault:
    id: str
    ours: JsonObject
    homeless: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


FAULTS = [
    Fault(id="a member", ours={"priority": "1"}, homeless=("/priority",)),
    Fault(id="a group", ours={"project": {"number": "P"}}, homeless=("/project",)),
    Fault(id="a member of a known group", ours={"dates": {"target": "2026-11-20"}}, homeless=("/dates/target",)),
    Fault(id="a group that is no object", ours={"dates": "2026-11-20"}, homeless=("/dates",)),
    Fault(id="a member of an object", ours={"location": {"floor": 1}}, homeless=("/location/floor",)),
    Fault(id="two objects down", ours={"location": {"address": {"city": "A"}}}, homeless=("/location/address/city",)),
    Fault(id="a member of an element", ours={"assets": {"7": {"type": "1"}}}, homeless=("/assets/7/type",)),
    Fault(id="a member of a row", ours={"lines": [{"text": "a"}, {"label": "b"}]}, homeless=("/lines/1/label",)),
    Fault(
        id="in an element whose key is escaped",
        ours={"assets": {"a/b~c": {"type": "1"}}},
        homeless=("/assets/a~1b~0c/type",),
    ),
    Fault(id="a name that has to be escaped", ours={"a/b~c": 1}, homeless=("/a~1b~0c",)),
    Fault(id="a name with a dot", ours={"a.b": 1}, homeless=("/a.b",)),
    Fault(id="a name that reads like a path", ours={"dates.start": "2026-11-20"}, homeless=("/dates.start",)),
    Fault(id="another vendor", ours={"extensions": {"other": {"A": 1}}}, homeless=("/extensions/other",)),
    Fault(
        id="another vendor beside this one",
        ours={"extensions": {"acme": {"Own": 1}, "other": {"A": 1}}},
        homeless=("/extensions/other",),
    ),
    Fault(
        id="another vendor in an element",
        ours={"assets": {"7": {"extensions": {"other": {"A": 1}}}}},
        homeless=("/assets/7/extensions/other",),
    ),
    Fault(id="all extensions removed", ours={"extensions": None}, homeless=("/extensions",)),
    Fault(id="all of this vendor's removed", ours={"extensions": {"acme": None}}, homeless=("/extensions/acme",)),
    Fault(id="another vendor's removed", ours={"extensions": {"other": None}}, homeless=("/extensions/other",)),
    Fault(id="ours under theirs", ours={"extensions": {"acme": {"Title": "x"}}}, wrong=("/extensions/acme/Title",)),
    Fault(
        id="ours under theirs, removed",
        ours={"extensions": {"acme": {"Title": None}}},
        wrong=("/extensions/acme/Title",),
    ),
    Fault(
        id="ours under theirs in a spread object",
        ours={"extensions": {"acme": {"Customer": {"Id": "1", "Own": 2}}}},
        wrong=("/extensions/acme/Customer/Id",),
    ),
    Fault(
        id="a spread object of another shape beside its members",
        ours={"account": {"number": "1"}, "extensions": {"acme": {"Customer": "x"}}},
        wrong=("/extensions/acme/Customer",),
    ),
    Fault(
        id="an object of another shape beside ours",
        ours={"location": {"name": "N"}, "extensions": {"acme": {"Site": [1]}}},
        wrong=("/extensions/acme/Site",),
    ),
    Fault(
        id="ours under theirs in an element",
        ours={"assets": {"7": {"extensions": {"acme": {"Desc": "x"}}}}},
        wrong=("/assets/7/extensions/acme/Desc",),
    ),
    Fault(id="another inner id", ours={"assets": {"7": {"number": "8"}}}, wrong=("/assets/7/number",)),
    Fault(id="another inner number", ours={"steps": {"7": {"order": 8}}}, wrong=("/steps/7/order",)),
    Fault(id="an inner id that is text", ours={"steps": {"7": {"order": "7"}}}, wrong=("/steps/7/order",)),
    Fault(id="an inner id that is null", ours={"assets": {"7": {"number": None}}}, wrong=("/assets/7/number",)),
    Fault(id="a key that is no number", ours={"steps": {"x": {"note": "a"}}}, wrong=("/steps/x",)),
    Fault(id="a key that is written otherwise", ours={"steps": {"07": {"note": "a"}}}, wrong=("/steps/07",)),
    Fault(id="a key that is none", ours={"assets": {"": {"description": "d"}}}, wrong=("/assets/",)),
    Fault(id="a removed key that is no number", ours={"steps": {"x": None}}, wrong=("/steps/x",)),
    Fault(id="an element that is no object", ours={"assets": {"7": "x"}}, wrong=("/assets/7",)),
    Fault(id="a collection that is a list", ours={"assets": [{"number": "7"}]}, wrong=("/assets",)),
    Fault(id="an object that is a text", ours={"location": "x"}, wrong=("/location",)),
    Fault(id="rows that are an object", ours={"lines": {"1": {}}}, wrong=("/lines",)),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_what_the_vendor_has_no_place_for_is_named_where_the_caller_wrote_it(fault: Fault) -> None:
    found = patched(fault.ours)
    assert (pointers(found.homeless), pointers(found.wrong)) == (fault.homeless, fault.wrong)
    assert {one.code for one in found.homeless} <= {"capability-missing"}
    assert {one.code for one in found.wrong} <= {"invalid"}


def pointers(faults: tuple[FieldFault, ...]) -> tuple[str, ...]:
    return tuple(one.pointer for one in faults)


def test_an_element_cannot_be_removed_from_an_order_that_is_given_whole() -> None:
    assert pointers(to_theirs(TABLE, {"assets": {"7": None}}).wrong) == ("/assets/7",)


MOMENTS = {
    "2026-11-20T22:40:00+02:00": "2026-11-20T20:40:00.000Z",
    "2026-11-20T22:40:00.5+02:00": "2026-11-20T20:40:00.500Z",
    "2026-11-20T20:40:00-00:00": "2026-11-20T20:40:00.000Z",
    "2026-01-01T00:30:00+01:00": "2025-12-31T23:30:00.000Z",
    "2026-11-20t22:40:00+02:00": "2026-11-20T20:40:00.000Z",
    "2026-11-20T20:40:00Z": "2026-11-20T20:40:00Z",
    "2026-11-20t20:40:00z": "2026-11-20T20:40:00Z",
    "2026-11-20T20:40:00.5z": "2026-11-20T20:40:00.5Z",
    "2026-11-20T20:40:00.498Z": "2026-11-20T20:40:00.498Z",
    "2026-11-20": "2026-11-20",
    "": "",
    "Tuesday": "Tuesday",
}


@pytest.mark.parametrize(("given", "sent"), MOMENTS.items())
def test_a_moment_goes_out_in_utc_whatever_offset_the_caller_gave(given: str, sent: str) -> None:
    ours: JsonObject = {"dates": {"start": given}, "assets": {"7": {"dates": {"made": given}}}}
    assert patched(ours).record == {"Begin": sent, "Assets": [{"Num": "7", "Made": sent}]}


@pytest.mark.parametrize("value", [None, 7, ["2026-11-20T22:40:00+02:00"], True])
def test_what_is_no_text_is_no_moment_and_goes_out_as_it_is(value: JsonValue) -> None:
    assert patched({"dates": {"start": value}}).record == {"Begin": value}


def test_a_text_that_is_no_moment_by_the_table_goes_out_as_it_is() -> None:
    assert patched({"title": "2026-11-20T22:40:00+02:00"}).record == {"Title": "2026-11-20T22:40:00+02:00"}
