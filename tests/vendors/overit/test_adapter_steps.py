"""Each step of vendor document 004 that fails, through the adapter against the simulator: our code, and our pointer."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from app.domain.errors import BackendMisconfigured, GatewayError, VendorRejectedData, VendorTrouble, WorkOrderNotFound
from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Outcome
from app.vendors.overit.outcomes import MAY_HAVE_APPLIED
from tests.vendors.overit.adapting import a_patch, adapting, read_and_patch
from tests.vendors.overit.simulator_requests import AGGREGATED_ORDER, ORDER, PARENT, Fsm


@dataclass(frozen=True, kw_only=True)
class Step:
    """A change that stops at this step, and what that comes to."""

    id: str
    body: JsonObject
    vendor_code: str
    pointers: tuple[str, ...]
    detail: str
    number: str = ORDER
    done: tuple[str, ...] = ()
    """The effects that the steps before it had."""
    settings: JsonObject = field(default_factory=dict)


def operation(key: str, **members: JsonValue) -> JsonObject:
    return {"operations": {key: members}}


BACKWARDS: JsonObject = {
    "planned_start": "2024-01-02T00:00:00Z",
    "planned_end": "2024-01-01T00:00:00Z",
}
STEPS = [
    Step(
        id="STEP 3 Parent Work Order Existence",
        body={"parent_number": "EXT-999"},
        vendor_code="IA005_003",
        pointers=("/parent_number",),
        detail="There is no such parent work order. (STEP 3)",
    ),
    Step(
        id="STEP 4 Work Order Type Validation",
        body={"type": "WOT_OLD", "notes": "n"},
        vendor_code="IA005_005",
        pointers=("/type",),
        detail="There is no such active work order type. (STEP 4)",
    ),
    Step(
        id="STEP 5 Urgency Type Validation",
        body={"priority": "U9"},
        vendor_code="IA005_007",
        pointers=("/priority",),
        detail="There is no such active urgency. (STEP 5)",
    ),
    Step(
        id="STEP 6 Work Center Validation",
        body={"work_center": "WC9"},
        vendor_code="IA003_001",
        pointers=("/work_center",),
        detail="There is no such active work center. (STEP 6)",
    ),
    Step(
        id="STEP 7 Team Cardinality Validation",
        body={"extensions": {"overit": {"aggregateCardinalityCode": "many"}}},
        number=AGGREGATED_ORDER,
        vendor_code="IA005_009",
        pointers=("/extensions/overit/aggregateCardinalityCode",),
        detail="There is no such cardinality. (STEP 7)",
    ),
    Step(
        id="STEP 7a Team Cardinality Validation of an operation",
        body=operation("10", cardinality="many"),
        vendor_code="IA005_011",
        pointers=("/operations/10/cardinality",),
        detail="There is no such cardinality of an operation. (STEP 7a)",
    ),
    Step(
        id="STEP 8b Account Validation",
        body={"operations": {"2": {"type": "opType1"}, "3": {"account_number": "nobody"}}},
        vendor_code="IA004_001",
        pointers=("/operations/3/account_number",),
        detail="There is no such account. (STEP 8b)",
    ),
    Step(
        id="STEP 8c Address Validation (from Account)",
        body=operation("2", account_number="account_noaddr"),
        vendor_code="IA002_001",
        pointers=("/operations/2/account_number",),
        detail="The account has no address. (STEP 8c)",
    ),
    Step(
        id="STEP 8d Operation Type Validation, of one of several",
        body={"operations": {"2": {"type": "opType1"}, "3": {"type": "opType_old"}}},
        vendor_code="IA005_013",
        pointers=("/operations",),
        detail="There is no such active operation type. (STEP 8d)",
    ),
    Step(
        id="STEP 8e Asset Validation",
        body=operation("2", asset_number="nothing"),
        vendor_code="IA004_003",
        pointers=("/operations/2/asset_number",),
        detail="There is no such asset. (STEP 8e)",
    ),
    Step(
        id="STEP 8f Address Validation (from Asset)",
        body=operation("2", asset_number="asset_noaddr"),
        vendor_code="IA002_003",
        pointers=("/operations/2/asset_number",),
        detail="The asset has no address. (STEP 8f)",
    ),
    Step(
        id="STEP 9 Work Order Update",
        body={"dates": BACKWARDS},
        vendor_code="IA005_015",
        pointers=(),
        detail="The work order could not be updated. (STEP 9)",
    ),
    Step(
        id="STEP 11 Activity Address Creation, after STEP 9",
        body={"notes": "n", **operation("2", type="opType1", address={"country": "Italia"})},
        vendor_code="IA002_005",
        pointers=("/operations/2/address",),
        detail=f"The address of an operation could not be created. (STEP 11) {MAY_HAVE_APPLIED}",
        done=("updated",),
    ),
    Step(
        id="STEP 12 Work Order Operations Creation, after STEP 9",
        body={"notes": "n", **operation("2", code="operation1")},
        vendor_code="IA005_017",
        pointers=("/operations/2",),
        detail=f"The operations could not be created. (STEP 12) {MAY_HAVE_APPLIED}",
        done=("updated",),
    ),
    Step(
        id="STEP 12 Work Order Operations Creation, without a member of the order",
        body=operation("2", type="opType1"),
        number=PARENT,
        vendor_code="IA005_017",
        pointers=("/operations/2",),
        detail="The operations could not be created. (STEP 12)",
    ),
    Step(
        id="STEP 13 Work Order Operations Update, after STEP 9",
        body={"notes": "n", "operations": {"10": dict(BACKWARDS)}},
        vendor_code="IA005_019",
        pointers=("/operations/10",),
        detail=f"The operations could not be updated. (STEP 13) {MAY_HAVE_APPLIED}",
        done=("updated",),
    ),
    Step(
        id="validation of the body, where the company has no double location",
        body=operation("2", type="opType1", address={"street": "Via Roma"}),
        vendor_code="IA000_001",
        pointers=(),
        detail="NextGen FSM found the request itself not valid. (validation)",
        settings={"double_location": False},
    ),
]


@pytest.mark.parametrize("case", STEPS, ids=lambda case: case.id)
async def test_a_step_that_fails_is_a_refusal_of_its_member(sim_fsm: Fsm, case: Step) -> None:
    sim_fsm.http.post("/_sim/settings", json=dict(case.settings)).raise_for_status()
    async with adapting(sim_fsm.url) as adapter:
        answer = await read_and_patch(adapter, case.body, number=case.number)
    assert (answer.outcome, answer.error, answer.detail) == (Outcome.refused, VendorRejectedData, case.detail)
    assert answer.said is not None
    assert answer.said.code == case.vendor_code
    assert tuple(fault.pointer for fault in answer.faults) == case.pointers
    assert {fault.message for fault in answer.faults} <= {answer.said.message}
    assert tuple(sim_fsm.kinds(case.number)) == case.done


@dataclass(frozen=True, kw_only=True)
class Other:
    """A step whose failure is not the caller's data."""

    id: str
    vendor_code: str
    outcome: Outcome
    settings: JsonObject = field(default_factory=dict)
    number: str = ORDER
    error: type[GatewayError] | None = None
    trouble: type[VendorTrouble] | None = None
    words: str = ""


OTHERS = [
    Other(
        id="STEP 1 External System Validation",
        settings={"external_system_code": "OLDSYS"},
        vendor_code="IA001_001",
        outcome=Outcome.not_applied,
        trouble=BackendMisconfigured,
        words="external_system_code",
    ),
    Other(
        id="STEP 2 Work Order Existence",
        number="WO99999",
        vendor_code="IA005_001",
        outcome=Outcome.refused,
        error=WorkOrderNotFound,
    ),
    *[
        Other(
            id=f"Permissions required: {token}",
            settings={"access_token": token},
            vendor_code="IA000_002",
            outcome=Outcome.not_applied,
            trouble=BackendMisconfigured,
            words="our access_token, or the token's user lacks a right there; this call needs fsm.core.workorder.edit, "
            "fsm.core.workorder.configuration.view, fsm.core.technicalobject.facility.view.",
        )
        for token in ("readonly-token", "no-configuration-token", "no-technical-object-token")
    ],
    Other(
        id="a token that is not known",
        settings={"access_token": "old-token"},
        vendor_code="IA000_002",
        outcome=Outcome.not_applied,
        trouble=BackendMisconfigured,
        words="access_token",
    ),
]


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case.id)
async def test_a_failure_that_is_not_the_callers_data(sim_fsm: Fsm, case: Other) -> None:
    async with adapting(sim_fsm.url, **case.settings) as adapter:
        answer = await adapter.send(a_patch({"notes": "n"}, before={"notes": "o"}, number=case.number))
    assert (answer.outcome, answer.error, answer.trouble) == (case.outcome, case.error, case.trouble)
    assert answer.said is not None
    assert answer.said.code == case.vendor_code
    assert case.words in answer.detail
    assert sim_fsm.effects() == []


@pytest.mark.parametrize("step", [9, 11, 12, 13])
async def test_a_step_that_fails_for_no_reason_of_the_data_is_refused_all_the_same(sim_fsm: Fsm, step: int) -> None:
    sim_fsm.set(fail_step=step)
    key = "10" if step == 13 else "2"
    address = {"address": {"street": "Via Roma"}} if key == "2" else {}
    async with adapting(sim_fsm.url) as adapter:
        answer = await read_and_patch(adapter, {"notes": "n", **operation(key, notes="n", **address)})
    assert (answer.outcome, answer.error) == (Outcome.refused, VendorRejectedData)
    assert (MAY_HAVE_APPLIED in answer.detail) is (step > 9)
