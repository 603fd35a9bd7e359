"""The steps of vendor document 004 as a whole: the first that fails wins, and nothing before it is taken back."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from app.vendors.simulation import Json
from tests.vendors.overit.simulator_requests import ADDRESS, AGGREGATED_ORDER, BACKWARDS, OPERATION1, Fsm, new, problem

ASKED_FOR = "refused as /_sim/settings asked"


@dataclass(frozen=True, kw_only=True)
class Failing:
    step: int
    operations: list[Json]
    problem: tuple[int, str, str]
    kinds: list[str]


FAILING = [
    Failing(step=9, operations=[new(2)], kinds=[],
            problem=(400, "IA005_015", f"Work order could not be updated: {ASKED_FOR}")),
    Failing(step=11, operations=[new(2, activityAddress=ADDRESS)], kinds=["updated"],
            problem=(400, "IA002_005", f"Activity address could not be created: {ASKED_FOR}")),
    Failing(step=12, operations=[new(2)], kinds=["updated"],
            problem=(400, "IA005_017", f"Operation could not be created: {ASKED_FOR}")),
    Failing(step=13, operations=[new(OPERATION1)], kinds=["updated"],
            problem=(400, "IA005_019", f"Operation could not be updated: {ASKED_FOR}")),
]  # fmt: skip


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"STEP_{case.step}")
def test_a_step_that_is_told_to_fail_fails_once_and_what_came_before_stays(sim_fsm: Fsm, case: Failing) -> None:
    sim_fsm.set(fail_step=case.step)

    assert problem(sim_fsm.patch({"notes": "stays"}, case.operations)) == case.problem

    assert sim_fsm.kinds() == case.kinds
    assert sim_fsm.patch({"notes": "stays"}, case.operations).status_code == 204


WRONG: dict[str, dict[str, Json]] = {
    "IA005_003": {"externalParentCode": "EXT-9"},
    "IA005_005": {"typeCode": "WOT9"},
    "IA005_007": {"urgencyCode": "U9"},
    "IA003_001": {"workCenterCode": "WC9"},
    "IA005_009": {"aggregateCardinalityCode": "cardinality9"},
}
WRONG_OF_OPERATION: dict[str, dict[str, Json]] = {
    "IA005_011": {"cardinalityCode": "cardinality9"},
    "IA004_001": {"accountCode": "account_9"},
    "IA005_013": {"typeCode": "opType9"},
}


def test_the_first_failing_step_wins(sim_fsm: Fsm) -> None:
    """Everything is wrong at once; what is reported is put right, until the operations' order of steps is left."""
    seen = []
    for count in range(len(WRONG) + 1):
        left = dict(itertools.chain.from_iterable(one.items() for one in list(WRONG.values())[count:]))
        answer = sim_fsm.patch({**left, **BACKWARDS}, [new(2, assetCode="asset_9")], order=AGGREGATED_ORDER)
        seen.append(problem(answer)[1])
    for count in range(len(WRONG_OF_OPERATION)):
        members = dict(itertools.chain.from_iterable(one.items() for one in list(WRONG_OF_OPERATION.values())[count:]))
        seen.append(problem(sim_fsm.patch(BACKWARDS, [new(2, **members)]))[1])
    seen.append(problem(sim_fsm.patch(BACKWARDS, [new(2, code="operation1")]))[1])

    assert seen == [*WRONG, "IA004_003", *WRONG_OF_OPERATION, "IA005_015"]
    assert problem(sim_fsm.patch(BACKWARDS, order="WO9", system="string"))[1] == "IA001_001"
    assert problem(sim_fsm.patch({"typeCode": "WOT9"}, order="WO9"))[1] == "IA005_001"
    assert sim_fsm.effects() == []


def test_the_same_request_twice_is_made_twice(sim_fsm: Fsm) -> None:
    for _ in range(2):
        assert sim_fsm.patch({"notes": "n"}, [new(OPERATION1, description="d")]).status_code == 204

    assert sim_fsm.kinds() == ["updated", "operations_updated"] * 2
