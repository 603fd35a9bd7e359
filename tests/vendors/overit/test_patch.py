"""The PATCH for an order as it stands: what goes out, and what the order's own state forbids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from app.domain.errors import CapabilityMissing, InvalidRequest, WorkOrderNotFound
from app.domain.field_table import to_ours
from app.domain.json import JsonObject, JsonValue
from app.vendors.overit.fields import ORDER
from app.vendors.overit.patch import payload
from app.vendors.overit.translate import from_record, to_record
from tests.vendors.overit import documented
from tests.vendors.overit.adapting import AT, a_patch
from tests.vendors.overit.bodies import EXTENSION, Refused, operation, own

BEFORE = from_record(documented.record(), as_of=AT).fields
NAMED = {"externalSystemCode": "ORDERBRIDGE", "code": "WO00223"}


def patch(body: JsonObject, before: JsonObject | None = BEFORE) -> JsonObject | None:
    return payload(a_patch(body, before=before), "ORDERBRIDGE")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a patch of the documented record becomes: members of `workOrder` besides its name, and operations."""

    id: str
    body: JsonObject
    work_order: JsonObject
    operations: tuple[JsonObject, ...] = ()


SENT = [
    Sent(id="one member", body={"notes": "new note of the wo"}, work_order={"notes": "new note of the wo"}),
    Sent(id="null clears where the table allows it", body={"priority": None}, work_order={"urgencyCode": None}),
    Sent(id="blank is a third thing", body={"description": ""}, work_order={"description": ""}),
    Sent(
        id="a time in another offset goes out in UTC",
        body={"dates": {"planned_end": "2024-01-01T10:00:00+01:00"}},
        work_order={"endDate": "2024-01-01T09:00:00.000Z"},
    ),
    Sent(
        id="an object that is null has all its members null",
        body={"appointment": None},
        work_order={"appointmentStartDate": None, "appointmentEndDate": None},
    ),
    Sent(
        id="custom data of the order",
        body=own(extension={"myFieldName": "another", "more": [1, None]}),
        work_order={"extension": {"myFieldName": "another", "more": [1, None]}},
    ),
    Sent(
        id="members that only the gateway has are passed over",
        body={"status": "issued", "number": "WO00223", "vendor_ids": {"id": "1"}, "notes": "x"},
        work_order={"notes": "x"},
    ),
    Sent(
        id="an existing operation is updated under its execution order",
        body=operation("1", description="Exchange", notes=None, remaining_duration=10),
        work_order={},
        operations=({"executionOrder": 1, "currentDuration": 10, "description": "Exchange", "operationNote": None},),
    ),
    Sent(
        id="a new operation takes everything",
        body=operation(
            "2", code="newOperation", asset_number="asset_7", address={"street": "Via Roma", "directions": "left"}
        ),
        work_order={},
        operations=(
            {
                "executionOrder": 2,
                "code": "newOperation",
                "assetCode": "asset_7",
                "activityAddress": {"street": "Via Roma", "direction": "left"},
            },
        ),
    ),
    Sent(
        id="what an existing operation shows already is no change of it",
        body=operation("1", code="operation1", account_number="account_4", notes="n"),
        work_order={},
        operations=({"executionOrder": 1, "operationNote": "n"},),
    ),
    Sent(
        id="an existing operation that stays as it is does not stand in the way of new ones",
        body={"operations": {"1": {"code": "operation1"}, "2": {"type": "opType2"}, "3": {}}},
        work_order={},
        operations=({"executionOrder": 2, "typeCode": "opType2"},),
    ),
    *(
        Sent(
            id=f"a new operation has no address of nothing: {address}",
            body=operation("2", type="opType1", address=address),
            work_order={},
            operations=({"executionOrder": 2, "typeCode": "opType1"},),
        )
        for address in (None, {"city": None}, {"city": None, "street": None, **own(extension={})})
    ),
    Sent(
        id="a null of an address that has something goes out as it came",
        body=operation("2", address={"city": None, "street": "Via Roma"}),
        work_order={},
        operations=({"executionOrder": 2, "activityAddress": {"municipality": None, "street": "Via Roma"}},),
    ),
    Sent(
        id="an empty object is never sent",
        body={**own(extension={}), **operation("2", type="opType1", address={}), "dates": {}, "notes": "x"},
        work_order={"notes": "x"},
        operations=({"executionOrder": 2, "typeCode": "opType1"},),
    ),
]


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.id)
def test_a_patch_becomes(case: Sent) -> None:
    expected: dict[str, JsonValue] = {"workOrder": {**NAMED, **case.work_order}}
    if case.operations:
        expected["operations"] = list(case.operations)
    assert patch(case.body) == expected


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operations": {}},
        {"operations": {"1": {}, "7": {}}},
        {"notes": "", "dates": {"planned_start": "2023-11-20T09:00:00+01:00"}},
        {"title": None},
        own(extension={}),
        {"appointment": {"end": None}},
    ],
)
def test_nothing_is_sent_where_nothing_changes(body: JsonObject) -> None:
    assert patch(body) is None


def test_absent_null_and_blank_are_three_things() -> None:
    sent = [patch(body) for body in ({"priority": "U2"}, {"priority": "U2", "description": None})]
    sent.append(patch({"priority": "U2", "description": ""}))
    named = {**NAMED, "urgencyCode": "U2"}
    assert sent == [
        {"workOrder": named},
        {"workOrder": {**named, "description": None}},
        {"workOrder": {**named, "description": ""}},
    ]


def test_a_patch_of_an_order_that_is_not_there_is_not_sent() -> None:
    with pytest.raises(WorkOrderNotFound):
        patch({"notes": "n"}, None)


LACKING, WRONG = CapabilityMissing, InvalidRequest
REFUSED_BY_STATE = [
    Refused(
        id="the address of an operation that exists",
        body=operation("1", address={"street": "Via Roma"}),
        error=LACKING,
        pointers=("/operations/1/address",),
    ),
    Refused(
        id="account, asset and code of an operation that exists",
        body={"operations": {"1": {"account_number": "other", "code": "x"}, "2": {"asset_number": "asset_7"}}},
        error=LACKING,
        pointers=("/operations/1/code", "/operations/1/account_number"),
    ),
    Refused(
        id="operations created and updated in one request",
        body={"operations": {"1": {"notes": "n"}, "2": {"type": "opType1"}, "3": {"type": "opType1"}}},
        error=WRONG,
        pointers=("/operations/1",),
    ),
    Refused(
        id="a cardinality of a DISTINCT order",
        body=own(aggregateCardinalityCode="cardinality1"),
        error=LACKING,
        pointers=(f"/{EXTENSION}/aggregateCardinalityCode",),
    ),
]


@pytest.mark.parametrize("case", REFUSED_BY_STATE, ids=lambda case: case.id)
def test_a_patch_of_the_order_as_it_stands_is_refused_for(case: Refused) -> None:
    assert to_record(case.body)
    with pytest.raises(case.error) as raised:
        patch(case.body)
    assert tuple(fault.pointer for fault in raised.value.faults) == case.pointers


def test_a_mix_of_new_and_existing_operations_is_named() -> None:
    with pytest.raises(InvalidRequest) as raised:
        patch({"operations": {"1": {"notes": "n"}, "2": {"type": "opType1"}}})
    assert "These exist: 1. These are new: 2." in raised.value.detail


def test_a_cardinality_of_an_operation_of_an_AGGREGATED_order_is_refused() -> None:
    before = {**BEFORE, **own(operationsAssignment="AGGREGATED")}
    for key in ("1", "2"):
        with pytest.raises(CapabilityMissing) as raised:
            patch(operation(key, cardinality="cardinality2"), before)
        assert [fault.pointer for fault in raised.value.faults] == [f"/operations/{key}/cardinality"]
    assert patch(own(aggregateCardinalityCode="cardinality2"), before) == {
        "workOrder": {**NAMED, "aggregateCardinalityCode": "cardinality2"}
    }


@pytest.mark.parametrize("operations", ["absent", "without execution orders"])
def test_operations_that_were_not_shown_one_by_one_cannot_be_changed(operations: str) -> None:
    record = {name: value for name, value in documented.record().items() if name != "operations"}
    if operations != "absent":
        record["operations"] = [{"id": 1}, {"id": 2}]
    before = from_record(record, as_of=AT).fields
    assert patch({"notes": "n"}, before) == {"workOrder": {**NAMED, "notes": "n"}}
    with pytest.raises(CapabilityMissing) as raised:
        patch(operation("1", notes="n"), before)
    assert [fault.pointer for fault in raised.value.faults] == ["/operations"]


@pytest.mark.parametrize("name", documented.EXAMPLES)
def test_a_documented_example_is_what_its_change_becomes(name: str) -> None:
    """Completed with what its table calls mandatory: externalSystemCode, and executionOrder."""
    printed = documented.example(name)
    rows = printed.get("operations")
    asked = to_ours(ORDER, documented.joined(printed))
    before: dict[str, JsonValue] = dict(BEFORE)
    completed: dict[str, JsonValue] = {"workOrder": {**NAMED, **_members(printed["workOrder"])}}
    if isinstance(rows, list):
        row = {"executionOrder": 1, **_members(rows[0])}
        asked = to_ours(ORDER, documented.joined({**printed, "operations": [row]}))
        completed["operations"] = [{name: value for name, value in row.items() if name != "code"}]
        if name == "add_an_operation":
            before["operations"], completed["operations"] = {}, [row]
    before = {**before, "extensions": {"overit": {"operationsAssignment": "DISTINCT"}}}
    assert patch({name: value for name, value in asked.items() if name != "number"}, before) == completed


def _members(value: JsonValue) -> JsonObject:
    assert isinstance(value, Mapping)
    return value
