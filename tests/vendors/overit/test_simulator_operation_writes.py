"""Steps 12 and 13 of vendor document 004: the two batches of operations, made whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.vendors.simulation import Json
from tests.vendors.overit.simulator_requests import ADDRESS, BACKWARDS, OPERATION1, ORDER, PARENT, Fsm, new, problem


def test_STEP_12_work_order_operations_creation_writes_every_field_of_its_input(sim_fsm: Fsm) -> None:
    written: dict[str, Json] = {
        "executionOrder": 2,
        "cardinalityCode": "cardinality2",
        "typeCode": "opType2",
        "assetCode": "asset_7",
        "defaultDuration": 60,
        "currentDuration": 10,
        "description": "description of the operation",
        "code": "newOperation",
        "startDate": "2023-11-20T14:44:47.106Z",
        "endDate": "2023-11-20T14:54:47.106Z",
        "operationNote": "note of the operation",
        "extension": {"myFieldName": "myValue"},
    }

    assert sim_fsm.patch(operations=[written]).status_code == 204

    created = sim_fsm.operations()[1]
    assert created == {**written, "id": 3, "accountCode": None, "statusCode": "OPEN", "activityAddress": None}
    assert sim_fsm.details() == [{"operations": [written], "addressIds": [507]}]


def test_STEP_12_takes_the_address_of_the_account_the_asset_or_the_order(sim_fsm: Fsm) -> None:
    operations = [new(2, accountCode="account_4"), new(3, assetCode="asset_7"), new(4)]

    assert sim_fsm.patch(operations=operations).status_code == 204

    assert sim_fsm.details() == [{"operations": operations, "addressIds": [504, 507, 500]}]


def test_STEP_12_an_operation_without_a_code_gets_one(sim_fsm: Fsm) -> None:
    assert sim_fsm.patch(operations=[new(2), new(3, code=None)]).status_code == 204
    assert [one["code"] for one in sim_fsm.operations()] == ["operation1", "OP00003", "OP00004"]


@dataclass(frozen=True, kw_only=True)
class Uncreated:
    id: str
    operations: list[Json]
    why: str
    order: str = ORDER


UNCREATED = [
    Uncreated(id="code-of-another", operations=[new(2, code="operation1")], why="code operation1 is not unique"),
    Uncreated(id="code-twice", operations=[new(2, code="a"), new(3, code="a")], why="code a is not unique"),
    Uncreated(id="order-twice", operations=[new(2), new(2)], why="executionOrder 2 is not unique"),
    Uncreated(id="dates", operations=[new(2), new(3, **BACKWARDS)], why="endDate must not be before startDate"),
    Uncreated(
        id="no-address",
        operations=[new(2)],
        why="operation 2 has no account, no asset and no address of its work order",
        order=PARENT,
    ),
]


@pytest.mark.parametrize("case", UNCREATED, ids=lambda case: case.id)
def test_STEP_12_fails_as_a_whole_and_step_9_stays_applied(sim_fsm: Fsm, case: Uncreated) -> None:
    before = sim_fsm.operations(case.order)

    answer = sim_fsm.patch({"notes": "stays"}, case.operations, order=case.order)

    assert problem(answer) == (400, "IA005_017", f"Operation could not be created: {case.why}")
    assert sim_fsm.details(case.order) == [{"notes": "stays"}]
    assert (sim_fsm.record(case.order)["notes"], sim_fsm.operations(case.order)) == ("stays", before)


def test_STEP_12_fails_after_step_11_whose_addresses_stay(sim_fsm: Fsm) -> None:
    answer = sim_fsm.patch({"notes": "n"}, [new(2, code="operation1", activityAddress=ADDRESS)])

    assert answer.status_code == 400
    assert sim_fsm.kinds() == ["updated", "addresses_created"]


def test_STEP_13_work_order_operations_update_writes_its_input_and_ignores_the_rest(sim_fsm: Fsm) -> None:
    written: dict[str, Json] = {
        "executionOrder": OPERATION1,
        "cardinalityCode": "cardinality2",
        "typeCode": "opType2",
        "defaultDuration": 90,
        "currentDuration": 15,
        "description": "Inspect both meters",
        "startDate": "2023-12-20T14:44:47.106Z",
        "endDate": "2023-12-20T14:54:47.106Z",
        "operationNote": "Ring twice",
        "extension": {"myFieldName": "myValue"},
    }
    ignored: dict[str, Json] = {"accountCode": "account_4", "code": "renamed", "activityAddress": ADDRESS}
    (before,) = sim_fsm.operations()

    assert sim_fsm.patch(operations=[{**written, **ignored}]).status_code == 204

    assert sim_fsm.operations() == [before | written]
    assert sim_fsm.effects() == [
        {
            "n": 1,
            "order": ORDER,
            "kind": "operations_updated",
            "detail": {
                "operations": [written],
                "ignored_members": [f"operations[0].{name}" for name in ("accountCode", "code", "activityAddress")],
            },
        }
    ]


def test_STEP_13_null_clears_and_an_absent_member_stays(sim_fsm: Fsm) -> None:
    (before,) = sim_fsm.operations()
    cleared: dict[str, Json] = dict.fromkeys(
        ("defaultDuration", "currentDuration", "description", "startDate", "endDate", "operationNote")
    )

    assert sim_fsm.patch(operations=[new(OPERATION1, **cleared)]).status_code == 204

    assert sim_fsm.operations() == [before | cleared]


def test_STEP_13_fails_as_a_whole_and_step_9_stays_applied(sim_fsm: Fsm) -> None:
    sim_fsm.patch(operations=[new(2)])
    before = sim_fsm.operations()

    answer = sim_fsm.patch({"notes": "stays"}, [new(2, description="d"), new(OPERATION1, **BACKWARDS)])

    assert problem(answer) == (
        400,
        "IA005_019",
        "Operation could not be updated: endDate must not be before startDate",
    )
    assert (sim_fsm.record()["notes"], sim_fsm.operations()) == ("stays", before)
