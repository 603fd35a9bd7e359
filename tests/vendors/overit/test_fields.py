"""The field table is total over the document's tables, and lossless: what the vendor sent comes back unchanged."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.field_table import homes, to_ours, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.vendors.overit.fields import ADDRESS, OPERATION, ORDER
from tests.vendors.overit import documented

IN_EXTENSIONS = {"aggregateCardinalityCode", "aggregateDuration"}
"""Documented members without a canonical name."""


def back(record: JsonObject) -> JsonObject:
    """The record as it comes back from our order."""
    theirs = to_theirs(ORDER, to_ours(ORDER, record))
    assert (theirs.homeless, theirs.wrong) == ((), ())
    return theirs.record


def test_every_member_of_the_documents_tables_has_its_place() -> None:
    listed = {theirs for theirs, _ in homes(ORDER.members)}
    operations = {f"operations[].{name}" for name in documented.OPERATION}
    address = {f"operations[].activityAddress.{name}" for name in documented.ADDRESS}
    assert {*documented.WORK_ORDER, *operations, *address} - listed == IN_EXTENSIONS


def test_no_member_and_no_place_is_listed_twice() -> None:
    for members in (ORDER.members, OPERATION, ADDRESS):
        assert len({member.theirs for member in members}) == len({member.ours for member in members}) == len(members)


@pytest.mark.parametrize("name", documented.EXAMPLES)
def test_a_documented_payload_comes_back_unchanged(name: str) -> None:
    payload = documented.joined(documented.example(name))
    assert back(payload) == payload


def test_the_record_as_read_comes_back_unchanged() -> None:
    assert back(documented.record()) == documented.record()


def test_the_record_as_read_stands_in_our_names() -> None:
    assert to_ours(ORDER, documented.record()) == {
        "vendor_ids": {"id": 223, "external_system_code": "ORDERBRIDGE"},
        "number": "WO00223",
        "external_reference": "EXT-223",
        "parent_number": "EXT-100",
        "type": "WOT1",
        "vendor_status": {"code": "OPEN"},
        "priority": "U1",
        "work_center": "WC1",
        "dates": {
            "planned_start": "2023-11-20T08:00:00.000Z",
            "planned_end": "2023-12-31T17:00:00.000Z",
            "raised": "2023-11-01T09:00:00.000Z",
        },
        "description": "Replace the meter",
        "notes": "",
        "appointment": {"start": "2023-11-20T08:00:00.000Z", "end": None},
        "operations": {
            "1": {
                "code": "operation1",
                "execution_order": 1,
                "cardinality": "cardinality1",
                "type": "opType1",
                "account_number": "account_4",
                "asset_number": None,
                "default_duration": 60,
                "remaining_duration": 60,
                "description": "Inspect the meter",
                "planned_start": "2023-11-20T08:00:00.000Z",
                "planned_end": "2023-11-20T09:00:00.000Z",
                "notes": None,
                "address": {
                    "description": "The meter's cabinet",
                    "country": "IT",
                    "district": "UD",
                    "district_code": "030",
                    "city": "Fiume Veneto",
                    "city_code": "093021",
                    "locality": "Bannia",
                    "postcode": "33080",
                    "street": "Via Bassi",
                    "street_number": "81",
                    "street_number_extension": "A",
                    "floor": "1",
                    "lot": "7",
                    "staircase": "B",
                    "apartment": "4",
                    "directions": "second door on the left",
                    "y_coordinate": 45.92,
                    "x_coordinate": 12.73,
                    "toponym": "Via",
                },
                "extensions": {"overit": {"id": 1, "statusCode": "OPEN", "extension": {"myFieldName": "myValue"}}},
            }
        },
        "extensions": {
            "overit": {
                "operationsAssignment": "DISTINCT",
                "aggregateCardinalityCode": None,
                "aggregateDuration": None,
                "extension": {"myFieldName": "myValue"},
            }
        },
    }


@pytest.mark.parametrize("order", [-1, True, 1.0, "1", None, 10**10])
def test_operations_without_a_usable_execution_order_stay_with_the_vendors_own_members(order: JsonValue) -> None:
    record: JsonObject = {"code": "WO1", "operations": [{"executionOrder": order}]}
    assert "operations" not in to_ours(ORDER, record)
    assert back(record) == record


@pytest.mark.parametrize("key", ["", "01", "-1", "1.0", "one", "٣", "9" * 5000])
def test_a_text_that_is_no_whole_number_is_no_key_of_an_operation(key: str) -> None:
    (fault,) = to_theirs(ORDER, {"operations": {key: {"description": "d"}}}).wrong
    assert fault.pointer == f"/operations/{key}"


@given(st.integers(0, 10**9 - 1))
def test_an_execution_order_is_its_key(order: int) -> None:
    record: JsonObject = {"operations": [{"executionOrder": order}]}
    assert to_ours(ORDER, record) == {"operations": {str(order): {"execution_order": order}}}
    assert back(record) == record


NAMES = sorted({member.theirs for member in (*ORDER.members, *OPERATION, *ADDRESS)} | {"extension", "extensions"})
scalars = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(st.characters(exclude_characters="T"))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4),
    max_leaves=12,
)
records = st.dictionaries(st.sampled_from(NAMES) | st.text(), values, max_size=8)
documents = [documented.record(), *(documented.joined(documented.example(name)) for name in documented.EXAMPLES)]


@given(records)
def test_any_record_comes_back_unchanged(record: JsonObject) -> None:
    assert back(record) == record


@st.composite
def changed(draw: st.DrawFn) -> dict[str, JsonValue]:
    """A documented record, members of it and of its operations taken away, replaced or added."""
    order = dict(draw(st.sampled_from(documents)))
    for name in draw(st.sets(st.sampled_from(sorted(order)), max_size=4)):
        del order[name]
    order |= draw(records)
    operations = order.get("operations")
    if isinstance(operations, list):
        order["operations"] = [
            {**one, **draw(records)} if isinstance(one, Mapping) else one for one in operations
        ] + draw(st.lists(records, max_size=2))
    return order


@given(changed())
def test_a_documented_record_changed_in_any_way_comes_back_unchanged(record: JsonObject) -> None:
    assert back(record) == record
