"""What follows from a vendor's answer: the operation's next state, and for a refusal the reason, read from the order."""

from __future__ import annotations

from dataclasses import replace

import structlog

from app.delivery.changes import applied_in_part, left_by, read_after
from app.delivery.desk import Desk, Made
from app.delivery.refusals import explain, with_current
from app.domain.admission import Wanted
from app.domain.errors import (
    BackendUnavailable,
    GatewayError,
    OrderEnded,
    VendorRefused,
    VendorSaid,
    VendorTrouble,
    WorkOrderExists,
    WorkOrderNotFound,
)
from app.domain.evidence import Evidence
from app.domain.holds import Cause
from app.domain.operations import Operation, State
from app.domain.ports import Answer, Outcome, Write
from app.domain.statuses import Status
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation
from app.failpoints import reach
from app.ledger import doubts, lanes
from app.ledger.records import AttemptEnd, Claim, Settled
from app.ledger.store import StoreUnavailable
from app.vendors.meanings import unreadable

log = structlog.get_logger(__name__)

FIRST_PROBE_S = 5.0
"""How soon after a lost answer the vendor is first read; a positive answer may come back at once."""


async def settle_answer(
    desk: Desk,
    claim: Claim,
    operation: Operation,
    answer: Answer,
    *,
    write: Write | None = None,
    made: Made | None = None,
    evidence: str = Evidence.vendor_accepted,
) -> Settled:
    """The consequence of each outcome; only `not_sent` and `not_applied` return to the queue.

    `write` comes with a change: its record is read afterwards, unless `made` tells it, and what a refused one did
    nevertheless is told.
    """
    reach("F9")
    if write is not None and await _may_be_our_own(desk, operation, answer):
        answer = replace(answer, outcome=Outcome.unknown)
    end = AttemptEnd(n=operation.attempts, outcome=str(answer.outcome), detail=answer.detail, said=answer.said)
    health, now = desk.backend.health, desk.clock()
    if answer.outcome in (Outcome.applied, Outcome.refused, Outcome.unknown):
        desk.backend.setbacks.over(operation.work_order)
    if answer.outcome is Outcome.applied:
        health.well(now=now)
        made, mishap = (made, None) if write is None or made is not None else await left_by(desk, write, answer)
        if mishap is not None:
            return await hold_accepted(desk, claim, operation, end, mishap)
        return await desk.settle(claim, operation, State.applied, attempt=end, evidence=evidence, made=made)
    if answer.outcome is Outcome.refused:
        error = await refusal(desk, operation, answer, write)
        theirs = error.outcome == "refused"  # else it is ours, found before anything was sent: that stops nothing
        if theirs:
            health.well(now=now)
        ends = isinstance(error, OrderEnded)
        hold = Cause.vendor_refused if theirs and not ends else None
        return await desk.settle(
            claim,
            operation,
            State.refused,
            attempt=end,
            error=error,
            ends_behind=ends,
            hold=hold,
            why=f"{error.code}: {error.detail}",
        )
    if answer.outcome is Outcome.unknown:
        health.failed(answer.detail, now=now, order=operation.work_order)
        if answer.retry_after_s is not None:
            health.trouble(BackendUnavailable, answer.detail, now=now, after_s=answer.retry_after_s)
        log.warning("outcome unknown", operation=operation.id, detail=answer.detail)
        first = now + round(FIRST_PROBE_S * SECOND)
        return await desk.settle(claim, operation, State.unknown, attempt=end, ready_at=first, probes=0)
    ready = now
    if answer.trouble is not None:
        health.trouble(answer.trouble, answer.detail, now=now, after_s=answer.retry_after_s)
    else:
        code, after_s = BackendUnavailable.code, answer.retry_after_s
        ready = desk.backend.setbacks.again(operation.work_order, code, answer.detail, now=now, after_s=after_s)
    return await desk.settle(claim, operation, State.queued, attempt=end, ready_at=ready)


async def _may_be_our_own(desk: Desk, operation: Operation, answer: Answer) -> bool:
    """Whether "it exists already" may speak of what an earlier attempt of ours made; then it is read and compared."""
    if answer.outcome is not Outcome.refused or answer.error is not WorkOrderExists:
        return False
    return await desk.store.look(doubts.may_have_been_made(operation.id, before_attempt=operation.attempts))


async def hold_accepted(desk: Desk, claim: Claim, operation: Operation, end: AttemptEnd, mishap: str) -> Settled:
    """The vendor accepted the write, and it did more or other than asked: a person looks at the order."""
    log.error("held: an accepted write had another effect", operation=operation.id, effect=mishap)
    told = replace(end, outcome=Outcome.unknown.value, detail=mishap)
    return await desk.settle(
        claim, operation, State.held, attempt=told, evidence=mishap, hold=Cause.side_effect, why=mishap
    )


async def refusal(desk: Desk, operation: Operation, answer: Answer, write: Write | None) -> GatewayError:
    """Read the order and say what changed there; a read that fails leaves the vendor's own words."""
    said = answer.said or VendorSaid()
    if write is not None:
        return await refused_change(desk, write, answer, said)
    outcome = None if answer.said is None else "refused"
    error = (
        None
        if answer.error is None
        else answer.error(answer.detail, vendor=said, faults=answer.faults, outcome=outcome)
    )
    if error is not None and (answer.said is None or answer.error is WorkOrderNotFound):
        return error
    seen = await read_after(desk, operation.work_order)
    await _observe(desk, seen)
    if error is not None:
        return with_current(error, seen, desk.backend.rules)
    asked = wanted(operation)
    table = desk.backend.rules.table
    return explain(
        table.by_code.get(operation.target_code or ""),
        seen=seen,
        said=said,
        at=from_micros(operation.occurred_at or operation.accepted_at),
        has_reason=asked.reason_code is not None or asked.late_reason is not None,
        rules=desk.backend.rules,
    )


async def refused_change(desk: Desk, write: Write, answer: Answer, said: VendorSaid) -> GatewayError:
    """The refusal of a change, with the members that the vendor changed nevertheless."""
    kind = answer.error or VendorRefused
    outcome = None if answer.said is None else "refused"
    error = kind(answer.detail, vendor=said, faults=answer.faults, outcome=outcome)
    seen = None if kind is WorkOrderNotFound or not write.order.number else await read_after(desk, write.order.number)
    await _observe(desk, seen)
    done = applied_in_part(write, seen)
    if done:
        error.members = {**error.members, "applied": done}
    return with_current(error, seen, desk.backend.rules)


async def _observe(desk: Desk, seen: Observation | None) -> None:
    """Take in what a refusal is explained with; the refusal itself must not be lost should the database be away."""
    if seen is None:
        return
    try:
        await desk.observe(seen)
    except StoreUnavailable as error:
        log.error("could not take in the order after a refusal", backend=desk.backend.name, reason=str(error))


async def put_off(desk: Desk, claim: Claim, error: VendorTrouble) -> None:
    """The backend cannot be asked: it pauses as a whole, and the queue keeps its place.

    If only this order cannot be read, only its queue waits, the longer the more often that happens; but a call without an
    answer while the backend pauses is put down to the backend.
    """
    now = desk.clock()
    ready = now
    of_all = desk.backend.note(error, claim.number, now=now)
    if not of_all and not (error.one_call and desk.backend.health.paused):
        log.warning("the order cannot be read", backend=claim.backend, work_order=claim.number, reason=error.detail)
        again = desk.backend.setbacks.again
        ready = again(claim.number, error.code, error.detail, now=now, after_s=error.after_s)
    await desk.store.write(lanes.put_back(claim, ready_at=ready))


def faulty(operation: Operation) -> BackendUnavailable:
    """An exception that nobody foresaw, as the trouble with its one order, which is counted and ends; for an `except`."""
    log.exception("a fault of ours with one order", operation=operation.id, work_order=operation.work_order)
    error = unreadable("A fault of the gateway's own keeps this order from being read; its log says more.")
    error.ours = True
    return error


def wanted(operation: Operation) -> Wanted:
    """What the caller asked for, from the body as accepted."""
    body = operation.body
    assert operation.occurred_at is not None
    status = body.get("status")
    return Wanted(
        tenant=operation.tenant,
        status=Status(str(status)) if status is not None else None,
        vendor_code=_text(body.get("vendor_code")),
        occurred_at=from_micros(operation.occurred_at),
        reason_code=_text(body.get("reason_code")),
        late_reason=_text(body.get("late_reason")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
