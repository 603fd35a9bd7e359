"""The 13 steps of vendor document 004, one test each: what fails it, with which error code, and when it is skipped."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.vendors.overit.simulator_steps import OPERATION_STEPS, STEPS
from tests.vendors.overit.simulator_requests import AGGREGATED_ORDER, OPERATION1, PARENT, Fsm, new, problem


def test_the_steps_are_the_documents_in_its_order() -> None:
    assert [(step.name, step.title) for step in STEPS] == [
        ("STEP 1", "External System Validation"),
        ("STEP 2", "Work Order Existence"),
        ("STEP 3", "Parent Work Order Existence"),
        ("STEP 4", "Work Order Type Validation"),
        ("STEP 5", "Urgency Type Validation"),
        ("STEP 6", "Work Center Validation"),
        ("STEP 7", "Team Cardinality Validation"),
        ("STEP 8", "Work Order Operations Validation"),
        ("STEP 9", "Work Order Update"),
        ("STEP 10", "Work Order Operation Existence"),
        ("STEP 11", "Activity Address Creation"),
        ("STEP 12", "Work Order Operations Creation"),
        ("STEP 13", "Work Order Operations Update"),
    ]
    assert [(step.name, step.title) for step in OPERATION_STEPS] == [
        ("STEP 7a", "Team Cardinality Validation"),
        ("STEP 8b", "Account Validation"),
        ("STEP 8c", "Address Validation (from Account)"),
        ("STEP 8d", "Operation Type Validation"),
        ("STEP 8e", "Asset Validation"),
        ("STEP 8f", "Address Validation (from Asset)"),
    ]


@pytest.mark.parametrize("system", ["string", "OLDSYS"])
def test_STEP_1_external_system_validation(sim_fsm: Fsm, system: str) -> None:
    answer = sim_fsm.patch({"notes": "n"}, system=system)

    assert problem(answer) == (404, "IA001_001", f"External system {system} does not exist")
    assert sim_fsm.effects() == []


def test_STEP_2_work_order_existence(sim_fsm: Fsm) -> None:
    assert problem(sim_fsm.patch(order="WO99999")) == (404, "IA005_001", "Work order WO99999 does not exist")
    by_external = sim_fsm.send(b'{"workOrder": {"externalSystemCode": "ORDERBRIDGE", "externalCode": "EXT-9"}}')
    assert problem(by_external) == (404, "IA005_001", "Work order EXT-9 does not exist")


def test_STEP_2_an_external_code_finds_the_order_and_a_code_has_precedence(sim_fsm: Fsm) -> None:
    named = b'{"externalSystemCode": "ORDERBRIDGE", "externalCode": "EXT-223", "notes": "by external code"}'
    assert sim_fsm.send(b'{"workOrder": ' + named + b"}").status_code == 204
    assert sim_fsm.patch({"externalCode": "EXT-9", "notes": "by code"}).status_code == 204

    assert sim_fsm.details() == [{"notes": "by external code"}, {"notes": "by code"}]
    assert sim_fsm.record()["externalCode"] == "EXT-223"


def test_STEP_3_parent_work_order_existence(sim_fsm: Fsm) -> None:
    answer = sim_fsm.patch({"externalParentCode": "EXT-9"})

    assert problem(answer) == (404, "IA005_003", "Parent work order EXT-9 does not exist")
    assert sim_fsm.patch({"externalParentCode": "EXT-100"}).status_code == 204
    assert sim_fsm.record()["externalParentCode"] == "EXT-100"


def test_STEP_3_is_skipped_if_externalParentCode_is_absent(sim_fsm: Fsm) -> None:
    assert sim_fsm.patch({"notes": "n"}).status_code == 204
    assert sim_fsm.record()["externalParentCode"] is None


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """A step that looks one code of the work order up: what it takes, and what it does not find."""

    member: str
    good: str
    code: str
    detail: str
    bad: tuple[str, ...]
    order: str = "WO00223"


LOOK_UPS = {
    4: LookUp(member="typeCode", good="WOT2", code="IA005_005",
              detail="Work order type {} does not exist", bad=("WOT9", "WOT_OLD")),
    5: LookUp(member="urgencyCode", good="U2", code="IA005_007",
              detail="Urgency {} does not exist", bad=("U9", "U_OLD")),
    6: LookUp(member="workCenterCode", good="WC2", code="IA003_001",
              detail="Work center {} does not exist", bad=("WC9", "WC_OLD")),
    7: LookUp(member="aggregateCardinalityCode", good="cardinality2", code="IA005_009",
              detail="Cardinality {} does not exist", bad=("cardinality9",), order=AGGREGATED_ORDER),
}  # fmt: skip


def look_up(fsm: Fsm, case: LookUp) -> None:
    """Bad codes fail the step, the good one is written, and without the member the step is skipped."""
    for bad in case.bad:
        answer = fsm.patch({case.member: bad}, order=case.order)
        assert problem(answer) == (404, case.code, case.detail.format(bad))
    assert fsm.effects() == []
    assert fsm.patch({case.member: case.good}, order=case.order).status_code == 204
    assert fsm.patch({"notes": "the step is skipped"}, order=case.order).status_code == 204
    assert fsm.record(case.order)[case.member] == case.good
    assert fsm.details(case.order) == [{case.member: case.good}, {"notes": "the step is skipped"}]


def test_STEP_4_work_order_type_validation(sim_fsm: Fsm) -> None:
    look_up(sim_fsm, LOOK_UPS[4])


def test_STEP_5_urgency_type_validation_is_skipped_if_absent_or_null(sim_fsm: Fsm) -> None:
    look_up(sim_fsm, LOOK_UPS[5])
    assert sim_fsm.patch({"urgencyCode": None}).status_code == 204
    assert sim_fsm.record()["urgencyCode"] is None


def test_STEP_6_work_center_validation_is_skipped_if_absent_or_null(sim_fsm: Fsm) -> None:
    look_up(sim_fsm, LOOK_UPS[6])
    assert sim_fsm.patch({"workCenterCode": None}).status_code == 204
    assert sim_fsm.record()["workCenterCode"] is None


def test_STEP_7_team_cardinality_validation(sim_fsm: Fsm) -> None:
    look_up(sim_fsm, LOOK_UPS[7])


def test_STEP_7_is_skipped_for_a_DISTINCT_order_whose_cardinality_falls_away(sim_fsm: Fsm) -> None:
    assert sim_fsm.patch({"aggregateCardinalityCode": "cardinality9", "notes": "n"}).status_code == 204

    why = "STEP 7 is skipped: the work order is DISTINCT"
    assert [(effect["kind"], effect["detail"]) for effect in sim_fsm.effects()] == [
        ("dropped_member", {"member": "workOrder.aggregateCardinalityCode", "why": why}),
        ("updated", {"notes": "n"}),
    ]
    assert sim_fsm.record()["aggregateCardinalityCode"] is None


@dataclass(frozen=True, kw_only=True)
class SubStep:
    """A sub-step of step 8: a member and a code that it does not find."""

    member: str
    bad: str
    code: str
    detail: str


def sub_step(fsm: Fsm, case: SubStep) -> None:
    """Fails for a new operation and for one that exists; an operation without the member passes."""
    for execution_order in (OPERATION1, 2):
        answer = fsm.patch(operations=[new(execution_order, **{case.member: case.bad})])
        assert problem(answer) == (404, case.code, case.detail)
    assert fsm.effects() == []
    assert fsm.patch(operations=[new(2, description="the step is skipped")]).status_code == 204


def test_STEP_8a_printed_7a_team_cardinality_validation(sim_fsm: Fsm) -> None:
    """The document prints the first sub-step of step 8 as STEP 7a."""
    detail = "Operation cardinality cardinality9 does not exist"
    sub_step(sim_fsm, SubStep(member="cardinalityCode", bad="cardinality9", code="IA005_011", detail=detail))


@pytest.mark.parametrize("execution_order", [1, 2])
def test_STEP_8a_printed_7a_is_skipped_for_an_AGGREGATED_order(sim_fsm: Fsm, execution_order: int) -> None:
    given = new(execution_order, cardinalityCode="cardinality9", description="d")

    assert sim_fsm.patch(operations=[given], order=AGGREGATED_ORDER).status_code == 204

    dropped, written = sim_fsm.details(AGGREGATED_ORDER)
    why = "STEP 7a is skipped: the work order is AGGREGATED"
    assert dropped == {"member": "operations[0].cardinalityCode", "why": why}
    assert isinstance(written, dict)
    assert written["operations"] == [{"executionOrder": execution_order, "description": "d"}]
    assert [one["cardinalityCode"] for one in sim_fsm.operations(AGGREGATED_ORDER)] == [None] * execution_order


def test_STEP_8b_account_validation(sim_fsm: Fsm) -> None:
    detail = "Account account_9 does not exist"
    sub_step(sim_fsm, SubStep(member="accountCode", bad="account_9", code="IA004_001", detail=detail))


def test_STEP_8c_address_validation_from_account(sim_fsm: Fsm) -> None:
    detail = "Address of account account_noaddr does not exist"
    sub_step(sim_fsm, SubStep(member="accountCode", bad="account_noaddr", code="IA002_001", detail=detail))


@pytest.mark.parametrize("bad", ["opType9", "opType_old"])
def test_STEP_8d_operation_type_validation(sim_fsm: Fsm, bad: str) -> None:
    detail = f"Operation type {bad} does not exist"
    sub_step(sim_fsm, SubStep(member="typeCode", bad=bad, code="IA005_013", detail=detail))


def test_STEP_8e_asset_validation(sim_fsm: Fsm) -> None:
    detail = "Asset asset_9 does not exist"
    sub_step(sim_fsm, SubStep(member="assetCode", bad="asset_9", code="IA004_003", detail=detail))


def test_STEP_8f_address_validation_from_asset(sim_fsm: Fsm) -> None:
    detail = "Address of asset asset_noaddr does not exist"
    sub_step(sim_fsm, SubStep(member="assetCode", bad="asset_noaddr", code="IA002_003", detail=detail))


def test_STEP_8_is_executed_for_each_operation(sim_fsm: Fsm) -> None:
    good = new(2, cardinalityCode="cardinality2", accountCode="account_4", typeCode="opType2")

    answer = sim_fsm.patch({"notes": "n"}, [good, new(3, assetCode="asset_7"), new(4, assetCode="asset_9")])

    assert problem(answer) == (404, "IA004_003", "Asset asset_9 does not exist")
    assert sim_fsm.effects() == []


def test_an_order_without_operations_has_none_of_the_operation_steps(sim_fsm: Fsm) -> None:
    assert sim_fsm.patch({"notes": "n"}, [], order=PARENT).status_code == 204
    assert sim_fsm.kinds(PARENT) == ["updated"]
