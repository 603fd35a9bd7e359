"""May this update be sent? Every check of the contract, from what is fresh, old, projected, ours, late, held or ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from app.domain.admission import OrderView, ReadFirst, Rules, Wanted, admit, chosen_code
from app.domain.errors import (
    GatewayError,
    LateReasonRequired,
    OrderBlocked,
    OrderEnded,
    ReasonUnknown,
    StatusUnchanged,
    StatusUnknown,
    TransitionNotAllowed,
)
from app.domain.statuses import Basis, Onward, Phase, Status, StatusCode, StatusTable, Workflow
from app.domain.times import SECOND, from_micros, rfc3339_micros
from app.ledger.rows import unseen_order

NOW = 1_795_207_200 * SECOND
ISSUED = StatusCode(code="10", label="Issued", status=Status.issued, phase=Phase.open, master="Issued")
ON_SITE = StatusCode(code="11", label="On Site", status=Status.on_site, phase=Phase.in_progress, master="Work")
DONE = StatusCode(code="20", label="Done", status=Status.complete, phase=Phase.complete, master="Done")
CLOSED = StatusCode(code="90", label="Closed", status=Status.closed, phase=Phase.ended, master="Closed")
FLOW = Workflow(
    steps={
        "Issued": Onward(next={"Work": Basis.documented}, others=Basis.documented),
        "Work": Onward(next={"Done": Basis.documented}, others=Basis.assumed),
        "Done": Onward(next={}, others=Basis.configured),
        "Closed": Onward(next={}, others=Basis.documented),
    },
    terminal=frozenset({"Closed"}),
    within=Basis.assumed,
    same_code_refused=True,
)
RULES = Rules(
    table=StatusTable(rows=(ISSUED, ON_SITE, DONE, CLOSED), workflow=FLOW),
    reasons={"weather": "12"},
    late_reasons={"parts_delay": "31", "access": "30"},
    fresh_s=30,
)
REJECTING = replace(RULES, rejects_on_hold=True)
CLOSING = replace(
    RULES,
    table=replace(
        RULES.table,
        workflow=FLOW.with_configured({"Done": ["Closed"]}),
    ),
)
TOLERANT = replace(RULES, table=replace(RULES.table, workflow=replace(FLOW, same_code_refused=False)))
WANTED = Wanted(
    tenant="acme",
    status=Status.on_site,
    vendor_code=None,
    occurred_at=from_micros(NOW),
    reason_code=None,
    late_reason=None,
)
UNSEEN = unseen_order("113427")
FRESH = replace(UNSEEN, code="10", code_since=NOW - 60 * SECOND, observed_at=NOW - 30 * SECOND)
STALE = replace(FRESH, observed_at=NOW - 30 * SECOND - 1)
FROM_AHEAD = replace(FRESH, observed_at=NOW + 3600 * SECOND)


def ours(code: str, *, tenant: str = "acme") -> OrderView:
    """Seen long ago, and since then moved by a write of `tenant` that the vendor confirmed."""
    return replace(STALE, code=code, code_operation="op_1", code_tenant=tenant)


def projected(code: str, *, tenant: str = "acme") -> OrderView:
    """Seen long ago; an update of `tenant` waits."""
    return replace(STALE, projected_code=code, projected_operation="op_2", projected_tenant=tenant, open_count=1)


def held(by: str, *, tenant: str = "acme") -> OrderView:
    return replace(FRESH, held=True, blocked_by=by, blocked_tenant=tenant, open_count=1, projected_code="10")


@dataclass(frozen=True)
class Case:
    id: str
    order: OrderView
    to: StatusCode = ON_SITE
    verdict: type[GatewayError] | type[ReadFirst] | None = None
    unreadable: type[GatewayError] | None = None
    """The verdict when a read was just tried and failed; the same where the case does not need a read."""
    wanted: Wanted = field(default=WANTED)
    rules: Rules = RULES


READ = ReadFirst
LATE = replace(FRESH, late=True)
PAST_TARGET = replace(FRESH, target_at=NOW - 1)
BACKDATED = replace(WANTED, occurred_at=from_micros(NOW - 3600 * SECOND))
AHEAD = replace(WANTED, occurred_at=from_micros(NOW + 1))
COMPLETE = replace(PAST_TARGET, code="20")
WITH_LATE_REASON = replace(WANTED, late_reason="access")
WITH_REASON = replace(WANTED, reason_code="weather")
NO_LATE_REASONS = replace(RULES, late_reasons={})

CASES = [
    Case("never seen: read first", UNSEEN, verdict=READ),
    Case("fresh and allowed", FRESH),
    Case("old and allowed: the vendor decides", STALE),
    Case("fresh and the same code", replace(FRESH, code="11"), verdict=StatusUnchanged, unreadable=StatusUnchanged),
    Case("old and the same code: read first", replace(STALE, code="11"), verdict=READ),
    Case("seen before the clock was set back: read first", replace(FROM_AHEAD, code="11"), verdict=READ),
    Case("our own write made it the same", ours("11"), verdict=StatusUnchanged, unreadable=StatusUnchanged),
    Case("a waiting update makes it the same", projected("11"), verdict=StatusUnchanged, unreadable=StatusUnchanged),
    Case("a waiting update will have moved it on", projected("20"), DONE, StatusUnchanged, StatusUnchanged),
    Case("the same code where the vendor takes it", replace(FRESH, code="11"), rules=TOLERANT),
    Case("fresh and not documented", FRESH, DONE, TransitionNotAllowed, TransitionNotAllowed),
    Case("old and not documented: read first", STALE, DONE, READ),
    Case("not allowed after our own write", ours("10"), DONE, TransitionNotAllowed, TransitionNotAllowed),
    Case("not allowed after the waiting one", projected("10"), DONE, TransitionNotAllowed, TransitionNotAllowed),
    Case("allowed only after the waiting one", projected("11"), DONE),
    Case("refused by an assumption: the vendor decides", replace(FRESH, code="11"), ISSUED),
    Case("refused by the configuration", replace(FRESH, code="20"), ISSUED, TransitionNotAllowed, TransitionNotAllowed),
    Case("a code that we do not know: the vendor decides", replace(FRESH, code="77")),
    Case("fresh and ended", replace(FRESH, code="90"), verdict=OrderEnded, unreadable=OrderEnded),
    Case("old and ended: read first", replace(STALE, code="90"), verdict=READ),
    Case("a waiting update ends it", projected("90"), verdict=OrderEnded, unreadable=OrderEnded),
    Case("ended and the same code", replace(FRESH, code="90"), CLOSED, StatusUnchanged, StatusUnchanged),
    Case("late", LATE, verdict=LateReasonRequired, unreadable=LateReasonRequired),
    Case("late with a late reason", LATE, wanted=WITH_LATE_REASON),
    Case("late with a reason of another kind", LATE, wanted=WITH_REASON),
    Case("late where the backend has no late reasons", LATE, rules=NO_LATE_REASONS),
    Case("past its target", PAST_TARGET, verdict=LateReasonRequired, unreadable=LateReasonRequired),
    Case("on its target", replace(FRESH, target_at=NOW)),
    Case("past its target, told afterwards", PAST_TARGET, ON_SITE, LateReasonRequired, LateReasonRequired, BACKDATED),
    Case(
        "past its target by then", replace(FRESH, target_at=NOW), ON_SITE, LateReasonRequired, LateReasonRequired, AHEAD
    ),
    Case("past its target when last seen, long ago: read first", replace(STALE, target_at=NOW - 1), verdict=READ),
    Case(
        "past its target, of a code that we do not know",
        replace(PAST_TARGET, code="77"),
        ON_SITE,
        LateReasonRequired,
        LateReasonRequired,
    ),
    Case("complete, and past its target", COMPLETE, CLOSED, rules=CLOSING),
    Case(
        "complete, and late by the vendor's word",
        replace(COMPLETE, late=True),
        CLOSED,
        LateReasonRequired,
        LateReasonRequired,
        rules=CLOSING,
    ),
    Case(
        "past its target, and a waiting update completes it",
        replace(PAST_TARGET, projected_code="20"),
        CLOSED,
        rules=CLOSING,
    ),
    Case(
        "complete, and a waiting update opens it again",
        replace(COMPLETE, projected_code="11"),
        DONE,
        LateReasonRequired,
        LateReasonRequired,
    ),
    Case("late when last seen, long ago: read first", replace(STALE, late=True), verdict=READ),
    Case(
        "late when last seen, long ago, and moved by us since: read first", replace(ours("10"), late=True), verdict=READ
    ),
    Case(
        "late when last seen, long ago, and an update waits: read first",
        replace(projected("10"), late=True),
        verdict=READ,
    ),
    Case("behind a hold it is kept", held("hold_9")),
    Case("unknown and not held yet: it is kept", replace(held("op_9"), held=False)),
    Case("held: what it will be is not known, so nothing is refused", replace(held("hold_9"), code="90"), CLOSED),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_the_checks_say(case: Case) -> None:
    for readable, verdict in ((True, case.verdict), (False, case.unreadable)):
        if verdict is None:
            admit(case.wanted, case.to, case.order, case.rules, now=NOW, readable=readable)
        else:
            with pytest.raises(verdict):
                admit(case.wanted, case.to, case.order, case.rules, now=NOW, readable=readable)


@dataclass(frozen=True)
class Told:
    id: str
    order: OrderView
    current: dict[str, object]


OBSERVED = {"status": "on_site", "vendor_code": "11", "operation_id": None, "source": "vendor"}
TOLD = [
    Told(
        "the vendor's own move",
        replace(FRESH, code="11"),
        {**OBSERVED, "since": rfc3339_micros(NOW - 60 * SECOND)},
    ),
    Told(
        "our own write",
        ours("11"),
        {**OBSERVED, "operation_id": "op_1", "source": "operation", "since": rfc3339_micros(NOW - 60 * SECOND)},
    ),
    Told(
        "another tenant's write is not named",
        ours("11", tenant="other"),
        {**OBSERVED, "source": "vendor", "since": rfc3339_micros(NOW - 60 * SECOND)},
    ),
    Told(
        "our own waiting update",
        projected("11"),
        {**OBSERVED, "operation_id": "op_2", "source": "operation", "since": None},
    ),
    Told(
        "another tenant's waiting update is not named",
        projected("11", tenant="other"),
        {**OBSERVED, "source": "vendor", "since": None},
    ),
]


@pytest.mark.parametrize("case", TOLD, ids=lambda case: case.id)
def test_a_refusal_says_where_the_order_stands_since_when_and_by_whom(case: Told) -> None:
    with pytest.raises(StatusUnchanged) as refusal:
        admit(WANTED, ON_SITE, case.order, RULES, now=NOW, readable=True)
    assert refusal.value.members == {"current": case.current}


def test_a_transition_that_is_refused_lists_those_that_may_follow() -> None:
    with pytest.raises(TransitionNotAllowed) as refusal:
        admit(WANTED, DONE, FRESH, RULES, now=NOW, readable=True)
    assert refusal.value.members["allowed"] == [{"status": "on_site", "vendor_code": "11", "label": "On Site"}]
    assert [fault.pointer for fault in refusal.value.faults] == ["/status"]


def test_a_late_order_lists_its_late_reasons() -> None:
    with pytest.raises(LateReasonRequired) as refusal:
        admit(WANTED, ON_SITE, LATE, RULES, now=NOW, readable=True)
    assert (refusal.value.members, refusal.value.outcome) == ({"late_reasons": ["access", "parts_delay"]}, "not_sent")


@pytest.mark.parametrize(("tenant", "named"), [("acme", "hold_9"), ("other", None)])
def test_a_backend_that_rejects_on_hold_names_the_hold_to_its_own_tenant_alone(tenant: str, named: str | None) -> None:
    with pytest.raises(OrderBlocked) as refusal:
        admit(WANTED, ON_SITE, held("hold_9", tenant=tenant), REJECTING, now=NOW, readable=True)
    assert (refusal.value.operation_id, refusal.value.members) == (None, {"blocked_by": named})


def test_the_vendor_code_that_is_meant_is_chosen_with_its_reasons() -> None:
    assert chosen_code(replace(WITH_REASON, late_reason="access"), RULES) == ON_SITE


@pytest.mark.parametrize(
    ("wanted", "error", "pointer", "known"),
    [
        (replace(WANTED, reason_code="mood"), ReasonUnknown, "/reason_code", ["weather"]),
        (replace(WANTED, late_reason="weather"), ReasonUnknown, "/late_reason", ["access", "parts_delay"]),
        (replace(WANTED, status=Status.delayed), StatusUnknown, "/status", None),
    ],
    ids=["reason", "late reason", "status"],
)
def test_a_word_that_the_backend_does_not_know_is_refused(
    wanted: Wanted, error: type[GatewayError], pointer: str, known: list[str] | None
) -> None:
    with pytest.raises(error) as refusal:
        chosen_code(wanted, RULES)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]
    assert refusal.value.members == ({} if known is None else {"reasons": known})
