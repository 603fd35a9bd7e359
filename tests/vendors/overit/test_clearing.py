"""Nulls, and an order that does not show the member: what goes out, and what the order proves of it afterwards.

dossier §4.4 knows some members of an order as it is read, and says "further fields [unknown]": the sparse record has no more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from app.domain.errors import CapabilityMissing
from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Outcome, Proof
from app.vendors.overit.patch import payload
from app.vendors.overit.translate import from_record
from tests.vendors.loopback import loopback, reply
from tests.vendors.overit import documented
from tests.vendors.overit.adapting import AT, NUMBER, a_patch, adapting
from tests.vendors.overit.bodies import operation, own

RECORD = documented.example("sparse_record")
BEFORE = from_record(RECORD, as_of=AT).fields
NAMED = {"externalSystemCode": "ORDERBRIDGE", "code": NUMBER}


def patch(body: JsonObject, before: JsonObject = BEFORE) -> JsonObject | None:
    return payload(a_patch(body, before=before), "ORDERBRIDGE")


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """What a patch of the sparse record becomes: members of `workOrder` besides its name, and operations."""

    id: str
    body: JsonObject
    work_order: JsonObject
    operations: tuple[JsonObject, ...] = ()


CLEARED = [
    Cleared(id="a text of the order", body={"notes": None}, work_order={"notes": None}),
    Cleared(
        id="its configuration",
        body={"priority": None, "work_center": None},
        work_order={"urgencyCode": None, "workCenterCode": None},
    ),
    Cleared(
        id="all of an object",
        body={"appointment": None},
        work_order={"appointmentStartDate": None, "appointmentEndDate": None},
    ),
    Cleared(id="custom data", body=own(extension={"gate": None}), work_order={"extension": {"gate": None}}),
    Cleared(
        id="members of an operation",
        body=operation("1", notes=None, planned_start=None, description=None),
        work_order={},
        operations=({"executionOrder": 1, "description": None, "startDate": None, "operationNote": None},),
    ),
    Cleared(
        id="one operation beside another that shows the null",
        body={"operations": {"1": {"notes": None}, "2": {"description": None}}},
        work_order={},
        operations=({"executionOrder": 1, "operationNote": None},),
    ),
]


@pytest.mark.parametrize("case", CLEARED, ids=lambda case: case.id)
def test_a_null_goes_out_for_what_the_order_does_not_show(case: Cleared) -> None:
    expected: dict[str, JsonValue] = {"workOrder": {**NAMED, **case.work_order}}
    if case.operations:
        expected["operations"] = list(case.operations)
    assert patch(case.body) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"title": None, "location": {"address": {"line_2": None}}}, id="members the vendor does not have"),
        pytest.param({"title": None, "description": "Replace the meter"}, id="such a member beside what stands"),
        pytest.param(operation("1", title=None), id="such a member of an operation"),
        pytest.param(operation("2", description=None), id="a member that shows as null"),
        pytest.param(operation("7", notes=None), id="of an operation that is not there"),
    ],
)
def test_a_null_that_clears_nothing_is_not_sent(body: JsonObject) -> None:
    assert patch(body) is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (operation("1", address=None), "/operations/1/address"),
        (operation("1", address={"city": None}), "/operations/1/address"),
        (operation("2", code=None), "/operations/2/code"),
    ],
)
def test_what_no_update_takes_is_not_clear_because_it_does_not_show(body: JsonObject, pointer: str) -> None:
    with pytest.raises(CapabilityMissing) as raised:
        patch(body)
    assert [fault.pointer for fault in raised.value.faults] == [pointer]


def test_an_address_of_nulls_sent_again_stands_only_where_the_order_shows_none() -> None:
    body = operation("5", type="t", address={"city": None})
    made: JsonObject = {"executionOrder": 5, "typeCode": "t"}
    assert patch(body) == {"workOrder": NAMED, "operations": [made]}
    shown = from_record({**RECORD, "operations": [{**made, "activityAddress": None}]}, as_of=AT).fields
    assert patch(body, shown) is None
    with pytest.raises(CapabilityMissing) as raised:
        patch(body, from_record({**RECORD, "operations": [made]}, as_of=AT).fields)
    assert [fault.pointer for fault in raised.value.faults] == ["/operations/5/address"]


@pytest.mark.parametrize("before", [{}, {"operations": None}], ids=["absent", "null"])
def test_operations_that_were_not_shown_are_not_clear(before: JsonObject) -> None:
    with pytest.raises(CapabilityMissing):
        patch(operation("1", notes=None), before)


async def test_a_null_that_was_accepted_and_never_shows_is_applied() -> None:
    body: JsonObject = {"notes": None, "operations": {"1": {"notes": None}}}
    async with loopback(reply(204)) as server, adapting(server.url) as adapter:
        write = a_patch(body, before=BEFORE)
        answer = await adapter.send(write)
        assert adapter.side_effect(write, from_record(RECORD, as_of=AT)) is None
    [arrived] = server.arrived
    assert (answer.outcome, answer.detail) == (Outcome.applied, "NextGen FSM accepted the write.")
    assert json.loads(arrived.body) == {
        "workOrder": {**NAMED, "notes": None},
        "operations": [{"executionOrder": 1, "operationNote": None}],
    }


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        pytest.param({}, {}, Outcome.unknown, id="never shown"),
        pytest.param({}, {"notes": None}, Outcome.applied, id="null now"),
        pytest.param({"notes": "n"}, {}, Outcome.applied, id="gone"),
        pytest.param({"notes": "n"}, {"notes": "n"}, Outcome.unknown, id="as it was"),
    ],
)
async def test_a_200_that_says_too_little_is_confirmed_by_what_shows(
    before: JsonObject, after: JsonObject, outcome: Outcome
) -> None:
    confirmed = reply(200, documented.one_page({**RECORD, **after}), Content_Type="application/json")
    async with loopback(reply(200), confirmed) as server, adapting(server.url) as adapter:
        answer = await adapter.send(a_patch({"notes": None}, before={**BEFORE, **before}))
    assert answer.outcome is outcome


STEP_9: JsonObject = {**RECORD, "description": "e"}
WITHOUT_DESCRIPTION: JsonObject = {name: value for name, value in RECORD.items() if name != "description"}
ADDED: JsonObject = {**RECORD, "operations": [{"executionOrder": 3, "code": "op3", "typeCode": "t"}]}


@pytest.mark.parametrize(
    ("body", "after", "proof"),
    [
        pytest.param({"notes": None}, RECORD, Proof.inconclusive, id="of what never showed"),
        pytest.param(
            {"description": "e", **operation("1", notes=None)}, STEP_9, Proof.inconclusive, id="step 13 after step 9"
        ),
        pytest.param(
            {"description": "e", "notes": None}, {**STEP_9, "notes": None}, Proof.applied, id="of what shows as null now"
        ),
        pytest.param({"description": "e", "notes": None}, RECORD, Proof.not_applied, id="beside what would have shown"),
        pytest.param({"description": None}, WITHOUT_DESCRIPTION, Proof.applied, id="of what has gone"),
        pytest.param(
            {"description": "e", "title": None, **operation("1", title=None)}, STEP_9, Proof.applied,
            id="of what the vendor does not have",
        ),
        pytest.param(
            {"description": "e", **operation("2", description=None)}, STEP_9, Proof.applied, id="of what was null before"
        ),
        pytest.param(operation("3", type="t", notes=None), ADDED, Proof.applied, id="in a new operation"),
    ],
)  # fmt: skip
async def test_a_lost_answer_to_a_null(body: JsonObject, after: JsonObject, proof: Proof) -> None:
    async with adapting("http://127.0.0.1:1") as adapter:
        assert adapter.prove(a_patch(body, before=BEFORE), from_record(after, as_of=AT)) is proof
