"""Find out what became of a write whose answer was lost: read the order, weigh the evidence, and never guess.

An early read may prove that it was applied. That it was not is proved only by two equal reads, five seconds apart, after the
attempt's deadline and the vendor's settle time; then it is sent again, in its place. Neither proved: it is held for a person.
A reading that shows anything else is remembered: after it only our own effect is a proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from app.delivery import settling
from app.delivery.changes import change_of, made_by
from app.delivery.desk import Desk, Made
from app.delivery.send import known_order, write_of
from app.domain.errors import GatewayError, VendorTrouble, WorkOrderNotFound
from app.domain.evidence import Evidence
from app.domain.holds import Cause
from app.domain.merge_patch import same
from app.domain.operations import Operation, State
from app.domain.ports import Kind, Proof
from app.domain.readings import Earlier, earlier
from app.domain.times import SECOND, rfc3339_micros, to_micros
from app.domain.work_orders import Observation
from app.failpoints import reach
from app.ledger import doubts, lanes
from app.ledger.records import AttemptEnd, Claim, Settled
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)

APART_S = 5.0
"""How far apart the two reads must be that prove a write was not applied."""
NEITHER = "the order shows neither what it was nor what we sent"
NO_TRACE = "the order shows what it was, and what we sent need not have left a trace"
NUMBERLESS = (
    "the vendor may have created an order, or does so until {until}, and only it knows the number: look after that"
)
MEANWHILE = "the order shows what it was, but showed something else in between"
JUST_AFTER = SECOND // 10
"""How long after the vendor must have settled it is read, in the ledger's unit."""
LATER_S = (30, 60, 300, 300, 300, 300, 300)
"""When reads fail, how long until the next; after the last the operation is held."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the vendor shows of a write whose outcome is not known.

    `shown` is compared with the next reading; `as_of` is when it was true at the earliest. `mishap`: applied, and it did
    more or other than asked. `baffling`: why no further reading will tell. `unclear`: what it shows, where that proves nothing.
    """

    proof: Proof
    shown: str
    as_of: int
    made: Made | None = None
    mishap: str | None = None
    baffling: str | None = None
    unclear: str = NEITHER


async def interrupted(desk: Desk, claim: Claim, operation: Operation) -> Settled:
    """An attempt without a classification, left by a process that ended: bytes may have left, so it is unknown.

    Where others share the store, that process may only have stood still: its call is over a whole deadline from now, whatever
    the clocks did.
    """
    now = desk.clock()
    end = AttemptEnd(
        n=operation.attempts,
        outcome="unknown",
        detail="the gateway ended while the call was under way",
        over_at=None if desk.store.sole_owner else now + round(desk.deadline_s * SECOND),
    )
    first = now + round(settling.FIRST_PROBE_S * SECOND)
    return await desk.settle(claim, operation, State.unknown, attempt=end, ready_at=first, probes=0)


async def verify(desk: Desk, claim: Claim, operation: Operation) -> Settled:
    """One read-back, and what follows from it. Raises Fenced."""
    if operation.state is State.unknown:
        operation = await desk.store.write(lanes.verify(claim, operation, lease=desk.lease(), now=desk.clock()))
        desk.watchers.tell(operation)
    settled_at = await may_have_settled(desk, operation)
    if operation.number is None:
        return await hold(
            desk, claim, operation, NUMBERLESS.format(until=rfc3339_micros(settled_at // SECOND * SECOND + SECOND))
        )
    try:
        reading = await read_back(desk, operation)
    except GatewayError as error:
        return await unreadable(desk, claim, operation, error, settled_at=settled_at)
    if reading.mishap is not None:
        return await hold(desk, claim, operation, reading.mishap, cause=Cause.side_effect)
    if reading.proof is Proof.applied:
        return await desk.settle(claim, operation, State.applied, evidence=Evidence.read_back, made=reading.made)
    if reading.baffling is not None:
        return await hold(desk, claim, operation, reading.baffling)
    return await weigh(desk, claim, operation, reading, settled_at=settled_at)


async def read_back(desk: Desk, operation: Operation) -> Reading:
    """Read the order and weigh what it shows. Raises the vendor's trouble; that an order is not there may be an answer."""
    reach("F11")
    shows = _status_shown if operation.kind is Kind.status_update else _change_shown
    try:
        reading = await shows(desk, operation)
    except (GatewayError, StoreUnavailable):
        raise
    except Exception:  # without this it would be read again for ever, and never held
        raise settling.faulty(operation) from None
    reach("F12")
    return reading


async def _status_shown(desk: Desk, operation: Operation) -> Reading:
    view = await known_order(desk, operation)
    asked_at = desk.clock()
    seen = await desk.backend.adapter.read(operation.work_order)
    desk.backend.health.well(now=desk.clock())
    await desk.observe(seen)
    proof = desk.backend.adapter.prove(write_of(desk, operation, view), seen)
    shown = f"{seen.code}|{seen.status_at.isoformat() if seen.status_at else ''}"
    baffling = None
    if proof is Proof.not_applied and _set_anew(await desk.store.look(lanes.code_since(operation.id)), seen):
        baffling = "the order shows what it was, but somebody has set that anew since"
    return Reading(proof=proof, shown=shown, as_of=asked_at, baffling=baffling)


async def _change_shown(desk: Desk, operation: Operation) -> Reading:
    """A create, a patch, a replacement or a removal is weighed against what was there before it."""
    seen: Observation | None = None
    asked_at = desk.clock()
    try:
        seen = await desk.backend.adapter.read(operation.work_order)
    except WorkOrderNotFound:
        log.info("the vendor has no such order", operation=operation.id)
    desk.backend.health.well(now=desk.clock())
    known = None if seen is None else await desk.learn_as_shown(seen)
    before = await desk.store.look(lanes.before(operation.id))
    write = change_of(desk, operation, known, before=before)
    proof = desk.backend.adapter.prove(write, seen)
    shown = "absent" if known is None else f"{known.etag}|{known.view.code}"
    if proof is not Proof.applied:
        as_it_was = seen is not None and before is not None and same(seen.fields, before)
        return Reading(proof=proof, shown=shown, as_of=asked_at, unclear=NO_TRACE if as_it_was else NEITHER)
    mishap = None if seen is None else desk.backend.adapter.side_effect(write, seen)
    made = None if mishap is not None else await made_by(desk, write, known)
    return Reading(proof=proof, shown=shown, as_of=asked_at, made=made, mishap=mishap)


def _set_anew(code_since: int | None, seen: Observation) -> bool:
    """Whether the code from before the attempt was set once more since then: ours may have been there in between."""
    if code_since is None or seen.status_at is None:
        return False
    return to_micros(seen.status_at) > code_since + SECOND


async def may_have_settled(desk: Desk, operation: Operation) -> int:
    """When the vendor must have applied the write or dropped it."""
    over = await desk.store.look(lanes.last_deadline(operation.id))
    return (over or operation.accepted_at) + round(desk.backend.settle_s * SECOND)


async def weigh(desk: Desk, claim: Claim, operation: Operation, reading: Reading, *, settled_at: int) -> Settled:
    """Not proved applied: sent again, read again, or held."""
    now, before = desk.clock(), earlier(operation.probe_evidence)
    if reading.as_of < settled_at:
        at = settled_at + JUST_AFTER
        other = Earlier(counts_from=at, other=True) if reading.proof is Proof.inconclusive else None
        return await again(desk, claim, operation, at=at, left=other)
    if reading.proof is Proof.inconclusive:
        return await hold(desk, claim, operation, reading.unclear)
    if before is not None and before.other:
        return await hold(desk, claim, operation, MEANWHILE)
    if before is not None and before.shown == reading.shown:
        if reading.as_of >= before.counts_from:
            log.info("proved not applied; it is sent again", operation=operation.id)
            await disproved(desk, operation)
            return await desk.settle(
                claim, operation, State.queued, ready_at=now, probes=0, evidence=Evidence.not_applied
            )
        if before.is_too_early(reading.as_of, pause_s=APART_S):
            return await again(desk, claim, operation, at=before.counts_from, left=before)
    later = now + round(APART_S * SECOND)
    return await again(desk, claim, operation, at=later, left=Earlier(counts_from=later, shown=reading.shown))


async def disproved(desk: Desk, operation: Operation) -> None:
    """Two readings have proved that no attempt so far was applied."""
    await desk.store.write(doubts.disprove(operation.id, before_attempt=operation.attempts + 1, now=desk.clock()))


async def unreadable(
    desk: Desk, claim: Claim, operation: Operation, error: GatewayError, *, settled_at: int
) -> Settled:
    """The read itself failed, which proves nothing; try on the schedule, then leave it to a person.

    While the whole backend pauses that is not counted: reads are due when it is asked again. Nor is one that came before its
    time, as somebody asked for it.
    """
    now, before = desk.clock(), earlier(operation.probe_evidence)
    if isinstance(error, VendorTrouble):
        desk.backend.note(error, operation.work_order, now=now)
    if desk.backend.health.paused:
        return await again(desk, claim, operation, at=now, left=None)
    if now < settled_at:
        return await again(desk, claim, operation, at=settled_at + JUST_AFTER, left=None)
    if before is not None and before.shown is None and before.is_too_early(now, pause_s=max(LATER_S)):
        return await again(desk, claim, operation, at=before.counts_from, left=before)
    if operation.probes >= len(LATER_S):
        why = f"the order could not be read: {error.code}"
        left = Earlier(counts_from=now, other=before is not None and before.other)
        return await hold(desk, claim, operation, why, left=left)
    later = now + round(LATER_S[operation.probes] * SECOND)
    return await again(desk, claim, operation, at=later, left=Earlier(counts_from=later), failed=True)


async def again(
    desk: Desk, claim: Claim, operation: Operation, *, at: int, left: Earlier | None, failed: bool = False
) -> Settled:
    """Read once more at `at`; until then the order's queue waits. That another state was shown is remembered until the end."""
    before = earlier(operation.probe_evidence)
    if before is not None and before.other:
        left = Earlier(counts_from=at, other=True)
    probes = operation.probes + 1 if failed else operation.probes
    evidence = None if left is None else left.text()
    return await desk.settle(claim, operation, State.unknown, ready_at=at, probes=probes, probe_evidence=evidence)


async def hold(
    desk: Desk,
    claim: Claim,
    operation: Operation,
    why: str,
    *,
    cause: Cause = Cause.outcome_unknown,
    left: Earlier | None = None,
) -> Settled:
    """Nobody can say by reading; a person does, by resolving the hold. `left` is for who asks the vendor nevertheless."""
    log.error("held: the outcome could not be found out", operation=operation.id, why=why)
    evidence = None if left is None else left.text()
    return await desk.settle(claim, operation, State.held, evidence=why, hold=cause, why=why, probe_evidence=evidence)
