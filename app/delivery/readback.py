"""Find out what became of a write whose answer was lost: read the order, weigh the evidence, and never guess.

An early read may prove that it was applied. That it was not is proved only by two equal reads, five seconds apart, after the
attempt's deadline and the vendor's settle time; then it is sent again, in its place. Neither proved: it is held for a person.
"""

from __future__ import annotations

import structlog

from app.delivery import settling
from app.delivery.changes import change_of, made_by, numbered_by_vendor
from app.delivery.desk import Desk
from app.delivery.send import known_order, write_of
from app.domain.errors import GatewayError, VendorTrouble, WorkOrderNotFound
from app.domain.operations import Operation, State
from app.domain.ports import Kind, Proof
from app.domain.times import SECOND, to_micros
from app.domain.work_orders import Observation
from app.ledger import lanes
from app.ledger.records import AttemptEnd, Claim, Settled

log = structlog.get_logger(__name__)

APART_S = 5.0
"""How far apart the two reads must be that prove a write was not applied."""
JUST_AFTER = SECOND // 10
"""How long after the vendor must have settled it is read, in the ledger's unit."""
LATER_S = (30, 60, 300, 300, 300, 300, 300)
"""When reads fail, how long until the next; after the last the operation is held."""


async def interrupted(desk: Desk, claim: Claim, operation: Operation) -> Settled:
    """An attempt without a classification, left by a process that ended: bytes may have left, so it is unknown."""
    end = AttemptEnd(n=operation.attempts, outcome="unknown", detail="the gateway ended while the call was under way")
    first = desk.clock() + round(settling.FIRST_PROBE_S * SECOND)
    return await desk.settle(claim, operation, State.unknown, attempt=end, ready_at=first, probes=0)


async def verify(desk: Desk, claim: Claim, operation: Operation) -> Settled:
    """One read-back, and what follows from it. Raises Fenced."""
    if operation.state is State.unknown:
        operation = await desk.store.write(lanes.verify(claim, operation, lease=desk.lease()))
        desk.watchers.tell(operation)
    settled_at = await may_have_settled(desk, operation)
    if operation.kind is not Kind.status_update:
        return await verify_change(desk, claim, operation, settled_at=settled_at)
    try:
        view = await known_order(desk, operation)
        seen = await desk.backend.adapter.read(operation.work_order)
    except GatewayError as error:
        return await unreadable(desk, claim, operation, error, settled_at=settled_at)
    desk.backend.health.well(now=desk.clock())
    await desk.observe(seen, source="delivery")
    proof = desk.backend.adapter.prove(write_of(desk, operation, view), seen)
    if proof is Proof.not_applied and _set_anew(await desk.store.read(lanes.code_since(operation.id)), seen):
        return await hold(desk, claim, operation, "the order shows what it was, but somebody has set that anew since")
    if proof is Proof.applied:
        return await desk.settle(claim, operation, State.applied, evidence="read_back")
    shown = f"{seen.code}|{seen.status_at.isoformat() if seen.status_at else ''}"
    return await weigh(desk, claim, operation, proof, shown=shown, as_of=to_micros(seen.as_of), settled_at=settled_at)


async def verify_change(desk: Desk, claim: Claim, operation: Operation, *, settled_at: int) -> Settled:
    """The read-back of a create, a patch, a replacement or a removal: weighed against what was there before it."""
    if numbered_by_vendor(operation):
        return await hold(desk, claim, operation, "the vendor may have created an order, and only it knows its number")
    seen: Observation | None = None
    asked_at = desk.clock()
    try:
        seen = await desk.backend.adapter.read(operation.work_order)
    except WorkOrderNotFound:
        log.info("the vendor has no such order", operation=operation.id)
    except GatewayError as error:
        return await unreadable(desk, claim, operation, error, settled_at=settled_at)
    desk.backend.health.well(now=desk.clock())
    known = None if seen is None else await desk.take_in(seen)
    before = await desk.store.read(lanes.before(operation.id))
    write = change_of(desk, operation, known, before=before)
    proof = desk.backend.adapter.prove(write, seen)
    if proof is Proof.applied:
        mishap = None if seen is None else desk.backend.adapter.side_effect(write, seen)
        if mishap is not None:
            return await hold(desk, claim, operation, mishap)
        made = await made_by(desk, write, known)
        return await desk.settle(claim, operation, State.applied, evidence="read_back", made=made)
    shown = "absent" if known is None else f"{known.etag}|{known.view.code}"
    return await weigh(desk, claim, operation, proof, shown=shown, as_of=asked_at, settled_at=settled_at)


def _set_anew(code_since: int | None, seen: Observation) -> bool:
    """Whether the code from before the attempt was set once more since then: ours may have been there in between."""
    if code_since is None or seen.status_at is None:
        return False
    return to_micros(seen.status_at) > code_since + SECOND


async def may_have_settled(desk: Desk, operation: Operation) -> int:
    """When the vendor must have applied the write or dropped it."""
    over = await desk.store.read(lanes.last_deadline(operation.id))
    return (over or operation.accepted_at) + round(desk.backend.settle_s * SECOND)


async def weigh(
    desk: Desk, claim: Claim, operation: Operation, proof: Proof, *, shown: str, as_of: int, settled_at: int
) -> Settled:
    """Not proved applied by what the vendor showed at `as_of`: sent again, read again, or held."""
    now = desk.clock()
    if as_of < settled_at:
        return await again(desk, claim, operation, at=settled_at + JUST_AFTER, evidence=None)
    if proof is Proof.inconclusive:
        return await hold(desk, claim, operation, "the order shows neither what it was nor what we sent")
    if operation.probe_evidence == shown:
        log.info("proved not applied; it is sent again", operation=operation.id)
        return await desk.settle(claim, operation, State.queued, ready_at=now, probes=0, evidence="not_applied")
    return await again(desk, claim, operation, at=now + round(APART_S * SECOND), evidence=shown)


async def unreadable(
    desk: Desk, claim: Claim, operation: Operation, error: GatewayError, *, settled_at: int
) -> Settled:
    """The read itself failed, which proves nothing; try on the schedule, then leave it to a person."""
    now = desk.clock()
    if isinstance(error, VendorTrouble) and not error.one_order:
        desk.backend.health.trouble(type(error), error.detail, now=now, after_s=error.after_s)
    if now < settled_at:
        return await again(desk, claim, operation, at=settled_at + JUST_AFTER, evidence=None)
    if operation.probes >= len(LATER_S):
        return await hold(desk, claim, operation, f"the order could not be read: {error.code}")
    later = now + LATER_S[operation.probes] * SECOND
    return await again(desk, claim, operation, at=later, evidence=None, failed=True)


async def again(
    desk: Desk, claim: Claim, operation: Operation, *, at: int, evidence: str | None, failed: bool = False
) -> Settled:
    """Read once more at `at`; until then the order's queue waits."""
    probes = operation.probes + 1 if failed else operation.probes
    return await desk.settle(claim, operation, State.unknown, ready_at=at, probes=probes, probe_evidence=evidence)


async def hold(desk: Desk, claim: Claim, operation: Operation, why: str) -> Settled:
    """Nobody can say by reading; a person does, with `orderbridge operations resolve`."""
    log.error("held: the outcome could not be found out", operation=operation.id, why=why)
    return await desk.settle(claim, operation, State.held, evidence=why)
