"""Send one write: check it against the order as the vendor shows it, store the intent, make the call, settle the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import structlog

from app import failpoints
from app.delivery.changes import Prepared, prepare, read_now, sent_before, shows
from app.delivery.desk import Desk, Made
from app.delivery.settling import faulty, put_off, settle_answer, wanted
from app.domain.admission import OrderView, ReadFirst, admit, chosen_code
from app.domain.errors import GatewayError, OrderEnded, VendorTrouble, WorkOrderNotFound
from app.domain.evidence import Evidence
from app.domain.json import JsonObject
from app.domain.operations import Operation, State
from app.domain.ports import Answer, Kind, Outcome, Write
from app.domain.statuses import StatusCode
from app.domain.times import SECOND, from_micros
from app.domain.work_orders import OrderKey
from app.ledger import lanes, orders
from app.ledger.records import AttemptEnd, Claim, Fenced, KnownOrder, Lease, Settled
from app.ledger.rows import compact
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)

STOPPED = "the gateway stopped while the call was under way"
NO_ANSWER = "no answer within the deadline"
MADE_BEFORE = "nothing was sent: the order shows what an earlier attempt may have made"
OUR_FAULT = "a fault of the gateway's own, after which nobody knows whether the call was made"


async def deliver(desk: Desk, claim: Claim, operation: Operation, known: KnownOrder | None) -> Settled | None:
    """Take a queued write to the vendor; `known` is its order as the ledger knows it.

    None: the backend cannot be asked, and the queue was put back. Raises Fenced.
    """
    is_read_first = desk.backend.health.paused and operation.number is not None  # whatever its kind
    try:
        if operation.kind is Kind.status_update:
            again = await read_again(desk, operation, known)
            if again is not None and shows(desk, write_of(desk, operation, again.view), again):
                return await made_before(desk, claim, operation)
            if again is not None:
                seen = again.view
            elif desk.backend.vendor.reads_first:
                seen = await read_order(desk, operation)
            else:
                if desk.backend.health.paused:
                    await knock(desk, operation)
                seen = await _seen(desk, operation, known)
            code, view = await checked(desk, operation, seen)
            sending = deliver_status(desk, claim, operation, code, view)
        else:
            sending = deliver_change(desk, claim, operation, await prepare(desk, operation))
    except VendorTrouble as error:
        await put_off(desk, claim, error)
        return None
    except GatewayError as error:
        if is_read_first:
            desk.backend.health.well(now=desk.clock())  # the vendor answered, and no write follows that would tell more
        ends = isinstance(error, OrderEnded)
        return await desk.settle(claim, operation, State.refused, error=error, ends_behind=ends)
    except (Fenced, StoreUnavailable):
        raise
    except Exception:  # nothing was sent; else the queue would rest until its lease ends, and nobody be told why
        await put_off(desk, claim, faulty(operation))
        return None
    return await sending


async def knock(desk: Desk, operation: Operation) -> None:
    """A backend that pauses is tried with a read, so that nothing is sent, nor counts as an attempt, while it is away.

    That it answers does not end the pause: it may show orders and still take no writes. Raises the vendor's trouble, unless
    that is with this one order: then it answered.
    """
    try:
        await desk.backend.adapter.read(operation.work_order)
    except WorkOrderNotFound:
        pass
    except VendorTrouble as error:
        if not error.one_order:
            raise


async def deliver_status(desk: Desk, claim: Claim, operation: Operation, code: StatusCode, view: OrderView) -> Settled:
    """Store the intent of a status update that was just checked; then send it."""
    lease = desk.lease()
    began = await _begin(
        desk, claim, operation, target_code=code.code, previous_code=view.code, code_since=view.code_since, lease=lease
    )
    return await attempt(desk, claim, began, view, deadline_at=lease.deadline_at)


async def deliver_change(desk: Desk, claim: Claim, operation: Operation, prepared: Prepared) -> Settled:
    """Store the intent of a change whose order was just read, with what it was; then send it."""
    if prepared.made_before:
        return await made_before(desk, claim, operation)
    known, write = prepared.known, prepared.write
    lease = desk.lease()
    began = await _begin(
        desk,
        claim,
        operation,
        target_code=operation.target_code,
        previous_code=None if known is None else known.view.code,
        code_since=None if known is None else known.view.code_since,
        before=write.before,
        lease=lease,
    )
    if prepared.idle:
        idle = Answer(outcome=Outcome.applied, detail="the order is so already; nothing was sent")
        return await settle_answer(
            desk, claim, began, idle, write=write, made=Made(order=known), evidence=Evidence.unchanged
        )
    return await _call(desk, claim, began, write, change=write, deadline_at=lease.deadline_at)


async def _begin(
    desk: Desk,
    claim: Claim,
    operation: Operation,
    *,
    target_code: str | None,
    previous_code: str | None,
    code_since: int | None,
    before: JsonObject | None = None,
    lease: Lease,
) -> Operation:
    """Store the intent of the next attempt, and tell those who wait for the operation that it began."""
    began = await desk.store.write(
        lanes.begin(
            claim,
            operation,
            target_code=target_code,
            previous_code=previous_code,
            code_since=code_since,
            before=None if before is None else compact(before),
            lease=lease,
            now=desk.clock(),
        )
    )
    desk.watchers.tell(began)
    return began


async def read_again(desk: Desk, operation: Operation, known: KnownOrder | None) -> KnownOrder | None:
    """The order of a status update that an earlier attempt may have made, where it is read in any case before it is sent;
    None: there was no such attempt, the order was read since then, or there is none."""
    read_since = _read_since(known) is not None
    if (read_since and not desk.backend.vendor.reads_first) or not await sent_before(desk, operation):
        return None
    return await read_now(desk, operation.work_order)


async def made_before(desk: Desk, claim: Claim, operation: Operation) -> Settled:
    """An earlier attempt has made the write, or may have: nothing is sent, and the order is read back and compared with what it
    was before that attempt."""
    before = await desk.store.look(lanes.before(operation.id))
    code_since = await desk.store.look(lanes.code_since(operation.id))
    began = await _begin(
        desk,
        claim,
        operation,
        target_code=operation.target_code,
        previous_code=operation.previous_code,
        code_since=code_since,
        before=before,
        lease=desk.lease(),
    )
    desk.backend.setbacks.over(operation.work_order)
    end = AttemptEnd(n=began.attempts, outcome=Outcome.unknown.value, detail=MADE_BEFORE)
    return await desk.settle(claim, began, State.unknown, attempt=end, ready_at=desk.clock(), probes=0)


async def known_order(desk: Desk, operation: Operation) -> OrderView:
    """The order with the ids that the vendor's calls need; read from the vendor if it was never seen, or was held."""
    return await _seen(desk, operation, await desk.store.look(orders.find(desk.backend.name, operation.work_order)))


async def _seen(desk: Desk, operation: Operation, known: KnownOrder | None) -> OrderView:
    view = _read_since(known)
    return await read_order(desk, operation) if view is None else view


def _read_since(known: KnownOrder | None) -> OrderView | None:
    """The order as it was read last; None: it never was, or not since something happened after which it has to be."""
    if known is None or known.observation is None or known.view.recheck:
        return None
    return known.view


async def read_order(desk: Desk, operation: Operation) -> OrderView:
    """Read the operation's order from the vendor and take in what it shows."""
    seen = await desk.backend.adapter.read(operation.work_order)
    desk.backend.shown(now=desk.clock())
    return (await desk.learn(seen)).view


async def checked(desk: Desk, operation: Operation, view: OrderView) -> tuple[StatusCode, OrderView]:
    """The checks once more, now against the observed state, since all that was ahead has been settled.

    Returns the code to send, and the order as it was last seen. Where it should be read first and cannot be, the vendor
    decides, unless that read has shown that no call will do: then its trouble is raised.
    """
    asked = wanted(operation)
    rules = desk.backend.rules
    code = chosen_code(asked, rules)
    try:
        admit(asked, code, observed(view), rules, now=desk.clock(), readable=True)
    except ReadFirst:
        now = desk.clock()
        try:
            view = await read_order(desk, operation)
            now = max(now, view.observed_at or 0)  # however long the read took, what it shows may refuse
        except VendorTrouble as error:
            if error.of_all:
                raise
            if error.one_call:
                desk.backend.health.failed(error.detail, now=desk.clock(), order=operation.work_order)
            log.info("could not read the order before sending", operation=operation.id, reason=error.code)
        admit(asked, code, observed(view), rules, now=now, readable=False)
    return code, view


def observed(view: OrderView) -> OrderView:
    """The order without what open updates will make of it."""
    return replace(view, projected_code=None, projected_operation=None, blocked_by=None, held=False)


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


class _TooLate(Exception):
    """The attempt's time was over before its call began: this process stood still, and another may be at work by now."""


TOO_LATE = Answer(outcome=Outcome.not_sent, detail="the attempt's deadline passed before its call began")


def _left_s(desk: Desk, deadline_at: int) -> float:
    """How long the attempt may still take, a second past its deadline. Raises _TooLate: then nothing may be sent any more."""
    left = deadline_at - desk.clock()
    if left <= 0:
        raise _TooLate
    return left / SECOND + 1


async def attempt(desk: Desk, claim: Claim, operation: Operation, view: OrderView, *, deadline_at: int) -> Settled:
    """Send a status update whose intent is stored."""
    write = write_of(desk, operation, view)
    return await _call(desk, claim, operation, write, change=None, deadline_at=deadline_at)


async def _call(
    desk: Desk, claim: Claim, operation: Operation, write: Write, *, change: Write | None, deadline_at: int
) -> Settled:
    """Make the call whose intent is stored, and settle what came of it. Cancelled in mid-call, the outcome is unknown.

    `change` is the write once more, for one whose order is read afterwards.
    """
    answer = Answer(outcome=Outcome.unknown, detail=STOPPED)
    try:
        async with asyncio.timeout(_left_s(desk, deadline_at)):
            failpoints.sending()
            answer = await desk.backend.adapter.send(write)
    except _TooLate:
        answer = TOO_LATE
    except TimeoutError:
        answer = Answer(outcome=Outcome.unknown, detail=NO_ANSWER)
    except Exception:  # the adapter's own fault: the call may have been made
        log.exception("the call failed by a fault of ours", operation=operation.id)
        answer = Answer(outcome=Outcome.unknown, detail=OUR_FAULT)
    except asyncio.CancelledError:
        await asyncio.shield(settle_answer(desk, claim, operation, answer, write=change))
        raise
    try:
        return await settle_answer(desk, claim, operation, answer, write=change)
    except asyncio.CancelledError:  # the gateway stops: what the vendor answered is written down, if it is not yet
        with suppress(Fenced):
            await asyncio.shield(settle_answer(desk, claim, operation, answer, write=change))
        raise
