"""The field table: every documented order comes through ours unchanged, whatever else a record may hold comes with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.field_table import to_ours, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.vendors.nexusfs import VENDOR
from app.vendors.nexusfs.fields import COLLECTIONS, REPLACEABLE, SECTIONS, TABLE, WRITABLE
from tests.vendors.nexusfs.simulator_requests import DOCUMENTED, document

EXAMPLES = sorted(path.stem for path in DOCUMENTED.glob("*.json"))
ORDERS = [document(name) for name in EXAMPLES if not name.endswith("request")]

EXTENSIONS = {"DispatchStatus", "DispatchUTC", "Location.LanguageID", "Location.SigReq"}
"""Documented members without a name of ours: they stand in extensions.nexusfs of their object."""
COMMANDS = {"_fields", "_paths", "FlexView[].Delete"}
"""What only a PATCH says."""


def paths(value: JsonValue, at: str = "") -> Iterator[str]:
    """Every member's path; `[]` is any element."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            path = f"{at}.{name}" if at else name
            yield path
            yield from paths(inner, path)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")


def comes_back(record: JsonObject) -> None:
    back = to_theirs(TABLE, to_ours(TABLE, record))
    assert (back.record, back.homeless, back.wrong) == (record, (), ())


def test_there_are_seven_examples_of_three_parts() -> None:
    assert len(EXAMPLES) == 21


@pytest.mark.parametrize("name", [name for name in EXAMPLES if not name.endswith("request")])
def test_a_documented_order_comes_back_unchanged(name: str) -> None:
    comes_back(document(name))


def test_every_documented_member_has_a_home_and_only_one() -> None:
    documented = {path for name in EXAMPLES for path in paths(document(name))}
    homes = dict(VENDOR.homes)
    assert documented - homes.keys() == EXTENSIONS | COMMANDS
    assert len(set(homes.values())) == len(homes)


def test_the_documented_order_in_our_names() -> None:
    order = {
        **document("example_6_initial"),
        "Assets": document("example_1_result")["Assets"],
        "Discounts": document("example_7_result")["Discounts"],
    }
    assert to_ours(TABLE, order) == {
        "number": "1214",
        "vendor_status": {"code": "1"},
        "type": "1001",
        "priority": "1003",
        "dates": {"raised": "2016-02-19T20:44:15.498Z"},
        "account": {"number": "1029", "type": "1001", "name": "Buckhead Inc."},
        "location": {
            "number": "1030",
            "name": "Buckhead Station",
            "work_center": "Default",
            "address": {
                "line_1": "1 Buckhead Loop Northeast",
                "city": "Atlanta",
                "region": "Georgia",
                "postcode": "30326",
                "country": "United States",
            },
            "extensions": {"nexusfs": {"LanguageID": "en", "SigReq": False}},
        },
        "assets": {"3182": {"number": "3182", "type": "1001", "description": "Dishwasher", "is_component": False}},
        "discounts": {
            "1": {
                "id": "1",
                "description": "",
                "percentage": 5.2,
                "fixed": 4.0,
                "is_applied": True,
                "product_types": ["1001"],
            }
        },
        "info_panels": {
            "1001": {"id": "1001", "title": "Customer", "items": [{"label": "Status", "value": "Preferred Customer"}]},
            "1002": {
                "id": "1002",
                "title": "Special Instructions",
                "items": [{"label": "Parking", "value": "Parking in the rear"}],
            },
        },
        "rules": dict.fromkeys(
            (
                "can_edit_asset",
                "can_edit_discounts",
                "can_set_chargeable",
                "can_set_price",
                "in_warranty",
                "is_ops",
                "stack_discounts",
            ),
            False,
        ),
        "extensions": {"nexusfs": {"DispatchStatus": 3, "DispatchUTC": "2016-02-19T20:44:15.498Z"}},
    }


def test_the_address_has_four_lines_and_the_dates_have_their_places() -> None:
    record: JsonObject = {
        "ActualEndDate": "d",
        "ActualStartDate": "c",
        "Location": {"Address": {"AddrLine1": "1", "AddrLine2": "2", "AddrLine3": "3", "AddrLine4": "4"}},
        "OrderDate": "a",
        "PlannedStartDate": "b",
    }
    assert to_ours(TABLE, record) == {
        "dates": {"raised": "a", "planned_start": "b", "actual_start": "c", "actual_end": "d"},
        "location": {"address": {"line_1": "1", "line_2": "2", "line_3": "3", "line_4": "4"}},
    }


def test_the_collections_and_sections_are_those_of_the_table() -> None:
    ours = {member.ours: member.theirs for member in TABLE.members}
    assert {name: one.theirs for name, one in COLLECTIONS.items()} == {name: ours[name] for name in COLLECTIONS}
    assert {name: one.theirs for name, one in SECTIONS.items()} == {name: ours[name] for name in SECTIONS}
    assert tuple(COLLECTIONS) == REPLACEABLE
    first = {path.partition(".")[0].removesuffix("{}") for path in WRITABLE}
    assert first == {path.partition(".")[0] for path in ours} - {"number", "vendor_status"} | {"extensions"}


SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8)
NAMES = st.sampled_from(sorted({path.rpartition(".")[2].rstrip("[]") for path in dict(VENDOR.homes)})) | st.text(
    max_size=5
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=6)


@settings(deadline=None)
@given(record=RECORDS)
def test_any_record_comes_back_unchanged(record: dict[str, JsonValue]) -> None:
    comes_back(record)


@settings(deadline=None)
@given(order=st.sampled_from(ORDERS), extra=RECORDS, dropped=st.sets(NAMES), data=st.data())
def test_a_documented_order_that_is_changed_anywhere_comes_back_unchanged(
    order: dict[str, JsonValue], extra: dict[str, JsonValue], dropped: set[str], data: st.DataObject
) -> None:
    changed = json.loads(json.dumps({name: value for name, value in order.items() if name not in dropped}))
    for name in changed:
        inner = changed[name][0] if isinstance(changed[name], list) else changed[name]
        if isinstance(inner, dict) and data.draw(st.booleans()):
            inner.update(data.draw(RECORDS))
    comes_back({**changed, **extra})


@settings(deadline=None)
@given(order=st.sampled_from(ORDERS), extra=RECORDS)
def test_nothing_that_has_a_name_of_ours_stands_in_the_extensions(
    order: dict[str, JsonValue], extra: dict[str, JsonValue]
) -> None:
    ours = to_ours(TABLE, {**extra, **order})
    own = ours.get("extensions", {})
    assert isinstance(own, Mapping)
    inside = own.get("nexusfs", {})
    assert isinstance(inside, Mapping)
    assert not inside.keys() & order.keys() - EXTENSIONS
