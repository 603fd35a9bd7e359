"""Why the vendor refused, told from the order's state as read thereafter: every row of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from app.delivery.refusals import explain
from app.domain.admission import Rules
from app.domain.errors import VendorSaid
from app.domain.statuses import PHASE, Basis, Onward, Status, StatusCode, StatusTable, Workflow
from app.domain.work_orders import Observation, OrderKey

AT = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
SAID = VendorSaid(code="E7", message="Nein.", status=200)


def code(number: str, status: Status, master: str) -> StatusCode:
    return StatusCode(code=number, label=status.value, status=status, phase=PHASE[status], master=master)


ISSUED, ON_SITE, DONE = code("3", Status.issued, "I"), code("11", Status.on_site, "W"), code("17", Status.complete, "C")
CANCELLED = code("18", Status.cancelled, "X")
RULES = Rules(
    table=StatusTable(
        rows=(ISSUED, ON_SITE, DONE, CANCELLED),
        workflow=Workflow(
            steps={
                "I": Onward(next={"W": Basis.documented}, others=Basis.documented),
                "W": Onward(next={"C": Basis.documented}, others=Basis.assumed),
                "C": Onward(next={"X": Basis.documented}, others=Basis.documented),
                "X": Onward(next={}, others=Basis.documented),
            },
            terminal=frozenset({"X"}),
            within=Basis.assumed,
            same_code_refused=True,
        ),
    ),
    reasons={"weather": "12"},
    late_reasons={"parts_delay": "31", "access_refused": "32"},
    fresh_s=30,
)
SEEN = Observation(
    key=OrderKey(number="1"),
    code="3",
    status_at=AT - timedelta(days=1),
    late=False,
    target_at=None,
    fields={},
    record={},
    as_of=AT,
)
COMPLETE = replace(SEEN, code="17")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What was asked for, what the order shows, and what the caller is told."""

    name: str
    to: StatusCode | None = ON_SITE
    seen: Observation | None = SEEN
    has_reason: bool = False
    told: str
    status: int = 409


CASES = [
    Case(name="the order could not be read", seen=None, told="vendor-refused"),
    Case(name="the code is no longer in the table", to=None, told="vendor-refused"),
    Case(name="nothing in the order explains it", told="vendor-refused"),
    Case(name="the order shows a code that we do not know", seen=replace(SEEN, code="99"), told="vendor-refused"),
    Case(name="the order shows no code", seen=replace(SEEN, code=None), told="vendor-refused"),
    Case(name="the client has cancelled it", seen=replace(SEEN, code="18"), told="order-ended"),
    Case(name="cancelled, and cancelling is asked", to=CANCELLED, seen=replace(SEEN, code="18"), told="order-ended"),
    Case(name="it has the status already", seen=replace(SEEN, code="11"), told="status-unchanged"),
    Case(name="the workflow forbids it", seen=replace(SEEN, code="17"), told="transition-not-allowed"),
    Case(
        name="the workflow is assumed to forbid it",
        to=ISSUED,
        seen=replace(SEEN, code="11"),
        told="transition-not-allowed",
    ),
    Case(name="it is late by its mark", seen=replace(SEEN, late=True), told="late-reason-required", status=422),
    Case(
        name="it is late by its target date",
        seen=replace(SEEN, target_at=AT - timedelta(minutes=1)),
        told="late-reason-required",
        status=422,
    ),
    Case(name="in time by its target date", seen=replace(SEEN, target_at=AT), told="vendor-refused"),
    Case(
        name="it has become late since what the update tells",
        seen=replace(SEEN, target_at=AT + timedelta(minutes=1), as_of=AT + timedelta(minutes=2)),
        told="late-reason-required",
        status=422,
    ),
    Case(
        name="it will be late by when the update tells",
        seen=replace(SEEN, target_at=AT - timedelta(minutes=1), as_of=AT - timedelta(minutes=2)),
        told="late-reason-required",
        status=422,
    ),
    Case(
        name="complete, and past its target date",
        to=CANCELLED,
        seen=replace(COMPLETE, target_at=AT - timedelta(minutes=1)),
        told="vendor-refused",
    ),
    Case(
        name="complete, and late by its mark",
        to=CANCELLED,
        seen=replace(COMPLETE, late=True),
        told="late-reason-required",
        status=422,
    ),
    Case(name="late, and a reason was given", seen=replace(SEEN, late=True), has_reason=True, told="vendor-refused"),
    Case(
        name="ended comes before late",
        seen=replace(SEEN, code="18", late=True),
        told="order-ended",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refusal_is_explained_by_the_orders_state(case: Case) -> None:
    error = explain(case.to, seen=case.seen, said=SAID, at=AT, has_reason=case.has_reason, rules=RULES)
    assert (error.code, error.status, error.outcome, error.vendor) == (case.told, case.status, "refused", SAID)
    assert ("current" in error.members) == (case.seen is not None)
    assert error.also_refused or type(error).outcome == "refused"  # its page says that the vendor may have been asked


def test_the_order_is_told_as_it_stands() -> None:
    error = explain(ON_SITE, seen=replace(SEEN, code="11"), said=SAID, at=AT, has_reason=False, rules=RULES)
    assert error.members["current"] == {
        "status": "on_site",
        "vendor_code": "11",
        "operation_id": None,
        "since": "2026-11-19T20:40:00Z",
        "source": "vendor",
        "late": False,
    }


@pytest.mark.parametrize(
    ("seen", "late"),
    [
        (replace(SEEN, target_at=AT), False),
        (replace(SEEN, target_at=AT - timedelta(minutes=1)), True),
        (replace(COMPLETE, target_at=AT - timedelta(minutes=1)), False),
        (replace(COMPLETE, late=True), True),
    ],
    ids=["on its target", "past its target", "complete", "complete and marked"],
)
def test_an_order_is_told_as_late_as_it_was_when_it_was_read(seen: Observation, late: bool) -> None:
    error = explain(CANCELLED, seen=seen, said=SAID, at=AT + timedelta(days=1), has_reason=True, rules=RULES)
    told = error.members["current"]
    assert isinstance(told, dict)
    assert told["late"] is late


def test_a_forbidden_move_lists_those_that_may_follow() -> None:
    error = explain(ISSUED, seen=replace(SEEN, code="11"), said=SAID, at=AT, has_reason=False, rules=RULES)
    assert error.members["allowed"] == [{"status": "complete", "vendor_code": "17", "label": "complete"}]


def test_a_late_order_lists_the_reasons() -> None:
    error = explain(ON_SITE, seen=replace(SEEN, late=True), said=SAID, at=AT, has_reason=False, rules=RULES)
    assert error.members["late_reasons"] == ["access_refused", "parts_delay"]
