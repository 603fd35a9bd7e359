"""Send one write: check it against the order as the vendor shows it, store the intent, make the call, settle the answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from app.delivery.desk import Desk
from app.delivery.refusals import explain
from app.domain.admission import OrderView, ReadFirst, Wanted, admit, chosen_code
from app.domain.errors import (
    BackendTimeout,
    BackendUnavailable,
    GatewayError,
    OrderEnded,
    VendorSaid,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.health import LONGEST_ASKED_S
from app.domain.operations import Operation, State
from app.domain.ports import Answer, Kind, Outcome, Write
from app.domain.statuses import Status, StatusCode
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import lanes, orders
from app.ledger.records import AttemptEnd, Claim, Settled

log = structlog.get_logger(__name__)

FIRST_PROBE_S = 5.0
"""How soon after a lost answer the vendor is first read; a positive answer may come back at once."""
EXPLAIN_S = 5.0
"""How long the read after a refusal may take: the queue's lease has to outlast it."""


async def deliver(desk: Desk, claim: Claim, operation: Operation) -> Settled | None:
    """Take a queued write to the vendor. None: the backend cannot be asked, and the queue was put back. Raises Fenced."""
    try:
        code, view = await checked(desk, operation, await known_order(desk, operation))
    except VendorTrouble as error:
        await put_off(desk, claim, error)
        return None
    except GatewayError as error:
        ends = isinstance(error, OrderEnded)
        return await desk.settle(claim, operation, State.refused, error=error, ends_behind=ends)
    began = await desk.store.write(
        lanes.begin(
            claim,
            operation,
            target_code=code.code if code else None,
            previous_code=view.code,
            code_since=view.code_since,
            lease=desk.lease(),
            now=desk.clock(),
        )
    )
    desk.watchers.tell(began)
    return await attempt(desk, claim, began, view)


async def known_order(desk: Desk, operation: Operation) -> OrderView:
    """The order with the ids that the vendor's calls need; read from the vendor if it has never been seen."""
    known = await desk.store.read(orders.find(desk.backend.name, operation.work_order))
    if known is not None and known.observation is not None:
        return known.view
    return await read_order(desk, operation.work_order)


async def read_order(desk: Desk, number: str) -> OrderView:
    """Read the order from the vendor and take in what it shows."""
    seen = await desk.backend.adapter.read(number)
    desk.backend.health.well(now=desk.clock())
    await desk.observe(seen, source="delivery")
    known = await desk.store.read(orders.find(desk.backend.name, seen.key.number))
    assert known is not None
    return known.view


async def checked(desk: Desk, operation: Operation, view: OrderView) -> tuple[StatusCode | None, OrderView]:
    """The checks once more, now against the observed state, since all that was ahead has been settled.

    Returns the code to send, and the order as it was last seen. Where it should be read first and cannot be, the vendor
    decides; a refused log-in is not tried a second time for it.
    """
    if operation.kind is not Kind.status_update:
        return None, view
    asked = wanted(operation)
    rules = desk.backend.rules
    code = chosen_code(asked, rules)
    try:
        admit(asked, code, observed(view), rules, now=desk.clock(), readable=True)
    except ReadFirst:
        now = desk.clock()
        try:
            view = await read_order(desk, operation.work_order)
            now = view.observed_at or now  # however long the read took, what it shows may refuse
        except (BackendUnavailable, BackendTimeout) as error:
            log.info("could not read the order before sending", operation=operation.id, reason=error.code)
        admit(asked, code, observed(view), rules, now=now, readable=False)
    return code, view


def observed(view: OrderView) -> OrderView:
    """The order without what open updates will make of it."""
    return replace(view, projected_code=None, projected_operation=None, blocked_by=None, held=False)


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


def write_of(desk: Desk, operation: Operation, view: OrderView) -> Write:
    """The write as the adapter takes it."""
    table = desk.backend.rules.table
    return Write(
        operation_id=operation.id,
        kind=operation.kind,
        order=OrderKey(number=view.number, reference=view.reference, vendor_ids=view.vendor_ids),
        body=operation.body,
        status=table.by_code.get(operation.target_code) if operation.target_code is not None else None,
        occurred_at=None if operation.occurred_at is None else from_micros(operation.occurred_at),
        previous_code=operation.previous_code,
    )


async def put_off(desk: Desk, claim: Claim, error: VendorTrouble) -> None:
    """The backend cannot be asked: it pauses as a whole, and the queue keeps its place.

    If only this order cannot be read, only its queue waits.
    """
    now = desk.clock()
    if error.one_order:
        log.warning("the order cannot be read", backend=claim.backend, work_order=claim.number, reason=error.detail)
        desk.backend.health.well(now=now)  # it answered
        await desk.store.write(lanes.put_back(claim, ready_at=_next_turn(error.after_s, now=now)))
        return
    desk.backend.health.trouble(type(error), error.detail, now=now, after_s=error.after_s)
    await desk.store.write(lanes.put_back(claim, ready_at=now))


def _next_turn(after_s: float | None, *, now: int) -> int:
    """When a queue has its next turn that no pause of its backend delays; a vendor may not ask for longer than for that."""
    return now + round(min(after_s or 1, LONGEST_ASKED_S) * SECOND)


async def attempt(desk: Desk, claim: Claim, operation: Operation, view: OrderView | None = None) -> Settled:
    """Make the call whose intent is stored, and settle what came of it. Cancelled in mid-call, the outcome is unknown."""
    answer = Answer(outcome=Outcome.unknown, detail="the gateway stopped while the call was under way")
    try:
        async with asyncio.timeout(desk.deadline_s + 1):  # the read included: the lease outlasts one deadline, not two
            if view is None:
                view = await known_order(desk, operation)
            answer = await desk.backend.adapter.send(write_of(desk, operation, view))
    except TimeoutError:
        if view is None:
            late = "the order could not be read within the deadline"
            answer = Answer(outcome=Outcome.not_sent, detail=late, trouble=BackendTimeout)
        else:
            answer = Answer(outcome=Outcome.unknown, detail="no answer within the deadline")
    except VendorTrouble as error:
        trouble = None if error.one_order else type(error)
        answer = Answer(outcome=Outcome.not_sent, detail=error.detail, trouble=trouble, retry_after_s=error.after_s)
    except WorkOrderNotFound as error:
        said = error.vendor or VendorSaid(message=error.detail)
        answer = Answer(outcome=Outcome.refused, detail=error.detail, said=said, error=WorkOrderNotFound)
    except asyncio.CancelledError:
        await asyncio.shield(settle_answer(desk, claim, operation, answer))
        raise
    return await settle_answer(desk, claim, operation, answer)


async def settle_answer(desk: Desk, claim: Claim, operation: Operation, answer: Answer) -> Settled:
    """The consequence of each outcome; only `not_sent` and `not_applied` return to the queue."""
    end = AttemptEnd(n=operation.attempts, outcome=answer.outcome.value, detail=answer.detail, said=answer.said)
    health, now = desk.backend.health, desk.clock()
    if answer.outcome is Outcome.applied:
        health.well(now=now)
        return await desk.settle(claim, operation, State.applied, attempt=end, evidence="vendor_accepted")
    if answer.outcome is Outcome.refused:
        error = await refusal(desk, operation, answer)
        theirs = error.outcome == "refused"  # else it is ours, found before anything was sent: that stops nothing
        if theirs:
            health.well(now=now)
        ends = isinstance(error, OrderEnded)
        return await desk.settle(
            claim, operation, State.refused, attempt=end, error=error, ends_behind=ends, holds=theirs and not ends
        )
    if answer.outcome is Outcome.unknown:
        health.unclear(now=now)
        log.warning("outcome unknown", operation=operation.id, detail=answer.detail)
        first = now + round(FIRST_PROBE_S * SECOND)
        return await desk.settle(claim, operation, State.unknown, attempt=end, ready_at=first, probes=0)
    ready = now
    if answer.trouble is not None:
        health.trouble(answer.trouble, answer.detail, now=now, after_s=answer.retry_after_s)
    else:
        ready = _next_turn(answer.retry_after_s, now=now)
    return await desk.settle(claim, operation, State.queued, attempt=end, ready_at=ready)


async def refusal(desk: Desk, operation: Operation, answer: Answer) -> GatewayError:
    """Read the order and say what changed there; a read that fails leaves the vendor's own words."""
    said = answer.said or VendorSaid()
    if answer.error is not None:
        return answer.error(answer.detail, vendor=said)
    seen: Observation | None = None
    try:
        async with asyncio.timeout(EXPLAIN_S):
            seen = await desk.backend.adapter.read(operation.work_order)
        await desk.observe(seen, source="delivery")
    except GatewayError as error:
        log.info("could not read the order after a refusal", operation=operation.id, reason=error.code)
    except TimeoutError:
        log.info("could not read the order after a refusal", operation=operation.id, reason=BackendTimeout.code)
    asked = wanted(operation) if operation.kind is Kind.status_update else None
    table = desk.backend.rules.table
    return explain(
        table.by_code.get(operation.target_code or ""),
        seen=seen,
        said=said,
        at=from_micros(operation.occurred_at or operation.accepted_at),
        has_reason=asked is not None and (asked.reason_code is not None or asked.late_reason is not None),
        rules=desk.backend.rules,
    )
