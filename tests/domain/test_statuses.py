"""Status tables and workflows: which vendor code is meant, and whether it may follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import (
    GatewayError,
    StatusNotEffective,
    StatusTableMissing,
    StatusUnknown,
    VendorCodeRequired,
)
from app.domain.statuses import PHASE, Basis, Onward, Phase, Status, StatusCode, StatusTable, Verdict, Workflow

AT = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def code(name: str, status: Status | None, master: str | None = None, *, default: bool = False) -> StatusCode:
    return StatusCode(
        code=name,
        label=f"label {name}",
        status=status,
        phase=None if status is None else PHASE[status],
        master=master,
        default=default,
    )


ISSUED = code("10", Status.issued, "Issued")
ON_SITE = code("11", Status.on_site, "Work")
EN_ROUTE = code("12", Status.en_route, "Work")
DONE = code("20", Status.complete, "Done")
DONE_LATE = code("21", Status.complete, "Done")
CLOSED = code("90", Status.closed, "Closed")
ODD = code("77", None)
EXPIRED = replace(code("30", Status.on_hold, "Hold"), effective_from=AT - timedelta(days=9), effective_to=AT)
LOOSE = code("50", Status.draft)

FLOW = Workflow(
    steps={
        "Issued": Onward(next={"Work": Basis.documented, "Hold": Basis.assumed}, others=Basis.documented),
        "Work": Onward(next={"Done": Basis.documented}, others=Basis.assumed),
        "Done": Onward(next={"Closed": Basis.configured}, others=Basis.configured),
        "Closed": Onward(next={}, others=Basis.documented),
    },
    terminal=frozenset({"Closed"}),
    within=Basis.assumed,
    same_code_refused=True,
)
TABLE = StatusTable(rows=(ISSUED, ON_SITE, EN_ROUTE, DONE, DONE_LATE, CLOSED, ODD, EXPIRED, LOOSE), workflow=FLOW)


def test_every_status_has_a_phase_and_every_phase_a_status() -> None:
    assert PHASE.keys() == set(Status)
    assert set(PHASE.values()) == set(Phase)


def test_the_phases_are_those_of_the_contract() -> None:
    assert {phase.value: [status.value for status in Status if PHASE[status] is phase] for phase in Phase} == {
        "open": ["draft", "issued", "accepted", "scheduled"],
        "in_progress": [
            "en_route",
            "on_site",
            "in_progress",
            "awaiting_materials",
            "delayed",
            "no_access",
            "practically_complete",
        ],
        "on_hold": ["on_hold"],
        "incomplete": ["incomplete", "rejected"],
        "complete": ["complete"],
        "ended": ["cancelled", "closed"],
    }


@dataclass(frozen=True)
class Choice:
    id: str
    status: Status | None
    vendor_code: str | None
    chosen: StatusCode | type[GatewayError]
    table: StatusTable = TABLE
    at: datetime = AT
    pointer: str | None = None


ONE_DEFAULT = replace(TABLE, rows=(DONE, replace(DONE_LATE, default=True)))
TWO_DEFAULTS = replace(TABLE, rows=(replace(DONE, default=True), replace(DONE_LATE, default=True)))
ONE_EXPIRED = replace(TABLE, rows=(replace(DONE, effective_to=AT - TICK), DONE_LATE))

CHOICES = [
    Choice("by status", Status.on_site, None, ON_SITE),
    Choice("by vendor code", None, "11", ON_SITE),
    Choice("by both", Status.complete, "21", DONE_LATE),
    Choice("a vendor code that stands for no status of ours", None, "77", ODD),
    Choice("no such status here", Status.delayed, None, StatusUnknown, pointer="/status"),
    Choice("no such vendor code", None, "99", StatusUnknown, pointer="/vendor_code"),
    Choice("a vendor code of another status", Status.on_site, "12", StatusUnknown, pointer="/vendor_code"),
    Choice("several codes and no default", Status.complete, None, VendorCodeRequired, pointer="/vendor_code"),
    Choice("several codes and one default", Status.complete, None, replace(DONE_LATE, default=True), ONE_DEFAULT),
    Choice("several defaults", Status.complete, None, VendorCodeRequired, TWO_DEFAULTS, pointer="/vendor_code"),
    Choice("several codes of which one is in effect", Status.complete, None, DONE_LATE, ONE_EXPIRED),
    Choice("the last moment", Status.on_hold, None, EXPIRED),
    Choice("the first moment", Status.on_hold, None, EXPIRED, at=AT - timedelta(days=9)),
    Choice("after the last moment", Status.on_hold, None, StatusNotEffective, at=AT + TICK, pointer="/occurred_at"),
    Choice(
        "before the first moment",
        None,
        "30",
        StatusNotEffective,
        at=AT - timedelta(days=9) - TICK,
        pointer="/occurred_at",
    ),
    Choice("no table", Status.on_site, None, StatusTableMissing, replace(TABLE, rows=())),
]


@pytest.mark.parametrize("case", CHOICES, ids=lambda case: case.id)
def test_the_vendor_code_that_a_caller_means(case: Choice) -> None:
    if isinstance(case.chosen, StatusCode):
        assert case.table.choose(status=case.status, vendor_code=case.vendor_code, at=case.at) == case.chosen
        return
    with pytest.raises(case.chosen) as refusal:
        case.table.choose(status=case.status, vendor_code=case.vendor_code, at=case.at)
    assert [fault.pointer for fault in refusal.value.faults] == ([case.pointer] if case.pointer else [])


def test_codes_to_choose_from_are_listed() -> None:
    with pytest.raises(VendorCodeRequired) as refusal:
        TABLE.choose(status=Status.complete, vendor_code=None, at=AT)
    assert refusal.value.members == {
        "vendor_codes": [{"code": "20", "label": "label 20"}, {"code": "21", "label": "label 21"}]
    }


@dataclass(frozen=True)
class Move:
    id: str
    was: StatusCode | None
    to: StatusCode
    allowed: bool
    basis: Basis


MOVES = [
    Move("a documented move", ISSUED, ON_SITE, True, Basis.documented),
    Move("an assumed move", ISSUED, EXPIRED, True, Basis.assumed),
    Move("a move that the documents leave out", ISSUED, DONE, False, Basis.documented),
    Move("a move that we assume not to be", ON_SITE, ISSUED, False, Basis.assumed),
    Move("a configured move", DONE, CLOSED, True, Basis.configured),
    Move("a move that the configuration leaves out", DONE, ISSUED, False, Basis.configured),
    Move("within a step", ON_SITE, EN_ROUTE, True, Basis.assumed),
    Move("the same code", ON_SITE, ON_SITE, False, Basis.documented),
    Move("out of a terminal step", CLOSED, ON_SITE, False, Basis.documented),
    Move("the same code of a terminal step", CLOSED, CLOSED, False, Basis.documented),
    Move("from a step without a row", EXPIRED, DONE, True, Basis.assumed),
    Move("from a code without a master", LOOSE, DONE, True, Basis.assumed),
    Move("from a code that we do not know", None, DONE, True, Basis.assumed),
]


@pytest.mark.parametrize("case", MOVES, ids=lambda case: case.id)
def test_whether_one_code_may_follow_another(case: Move) -> None:
    verdict = TABLE.verdict(case.was, case.to)
    assert verdict == Verdict(allowed=case.allowed, basis=case.basis)
    assert verdict.certain is (case.basis is not Basis.assumed)


def test_the_same_code_again_passes_where_the_vendor_takes_it() -> None:
    tolerant = replace(TABLE, workflow=replace(FLOW, same_code_refused=False))
    assert tolerant.verdict(ON_SITE, ON_SITE) == Verdict(allowed=True, basis=FLOW.within)


def test_an_order_has_ended_only_in_a_terminal_step() -> None:
    assert [row.code for row in TABLE.rows if TABLE.ended(row)] == ["90"]
    assert TABLE.ended(None) is False


def test_what_may_come_next_is_listed_for_every_code_in_effect() -> None:
    onward = TABLE.onward(ISSUED, at=AT + TICK)
    assert [(row.code, verdict.allowed) for row, verdict in onward] == [
        ("10", False),
        ("11", True),
        ("12", True),
        ("20", False),
        ("21", False),
        ("90", False),
        ("77", False),
        ("50", False),
    ]


def test_the_client_s_own_rows_replace_ours_whole() -> None:
    configured = FLOW.with_configured({"Issued": ["Done"], "Hold": []})
    assert configured == replace(
        FLOW,
        steps={
            **FLOW.steps,
            "Issued": Onward(next={"Done": Basis.configured}, others=Basis.configured),
            "Hold": Onward(next={}, others=Basis.configured),
        },
    )
