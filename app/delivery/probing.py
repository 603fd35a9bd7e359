"""Ask the vendor again about a held write, because somebody wants to know: a proof closes its hold, anything less leaves it.

Nothing is sent again that way but a write that is held because reads failed: see `_told`.

The write stays held meanwhile, and its queue is leased as any other; a process that ends in the middle leaves the question
to whoever leases the queue next.
"""

from __future__ import annotations

import asyncio

import structlog

from app.delivery import readback
from app.delivery.desk import Desk
from app.delivery.readback import Reading
from app.domain.errors import GatewayError, NotFound, PreconditionFailed, VendorTrouble
from app.domain.evidence import Evidence
from app.domain.holds import Action, Cause, Hold
from app.domain.operations import Operation
from app.domain.ports import Proof
from app.domain.readings import Earlier, earlier
from app.ledger import holds
from app.ledger.records import Claim
from app.ledger.resolving import Word, resolve

log = structlog.get_logger(__name__)

BY = "orderbridge"
"""Who closes a hold when the vendor itself has told."""


async def look_again(desk: Desk, claim: Claim, operation: Operation) -> None:
    """Read the order of a held write; proved applied or proved not applied, the hold closes and the queue goes on."""
    found = await desk.store.look(holds.open_hold_of(operation.id))
    if found is None:
        return
    told: Word | Earlier | None = None
    try:
        told = await _told(desk, operation, found)
    except GatewayError as error:
        if isinstance(error, VendorTrouble):
            desk.backend.note(error, operation.work_order, now=desk.clock())
        log.info("the order of a held write could not be read", operation=operation.id, reason=error.code)
    if isinstance(told, Word):
        await _close(desk, found, told)
        return
    await desk.store.write(holds.rest(claim, shown=None if told is None else told.text()))
    desk.watchers.tell(operation)


async def _told(desk: Desk, operation: Operation, found: Hold) -> Word | Earlier | None:
    """The word that the vendor's own record gives; or what has to be remembered of it; None: nothing new.

    Only a write that is held because reads failed is sent again on the vendor's word. Where the vendor said yes, or the order has
    shown another state, that it is as it was before may be somebody's doing.
    """
    if operation.number is None:
        return None
    left, settled_at = earlier(operation.probe_evidence), await readback.may_have_settled(desk, operation)
    first = await readback.read_back(desk, operation)
    if (told := _by(desk, operation, first)) is not None:
        return told
    reads_failed = found.cause is Cause.outcome_unknown and left is not None and left.only_failed
    if not reads_failed or first.as_of < settled_at:
        return None
    await asyncio.sleep(readback.APART_S)
    second = await readback.read_back(desk, operation)
    if (told := _by(desk, operation, second)) is not None or second.shown != first.shown:
        return told
    await readback.disproved(desk, operation)
    reason = "read twice after its settle time, the vendor shows what was there before"
    return Word(action=Action.retry, reason=reason, by=BY, now=desk.clock(), evidence=Evidence.not_applied)


def _by(desk: Desk, operation: Operation, reading: Reading) -> Word | Earlier | None:
    """What one reading tells: that the write was applied, or that the order shows another state; None: what was there before."""
    now = desk.clock()
    if reading.mishap is None and reading.proof is Proof.applied:
        receipt = desk.receipt(operation, reading.made, at=now, evidence=Evidence.read_back)
        return Word(
            action=Action.mark_applied,
            reason="the vendor shows it",
            by=BY,
            now=now,
            evidence=Evidence.read_back,
            ending=None if receipt is None else receipt.ending,
        )
    as_before = reading.proof is Proof.not_applied and reading.baffling is None
    return None if as_before else Earlier(counts_from=now, other=True)


async def _close(desk: Desk, found: Hold, word: Word) -> None:
    try:
        resolved = await desk.store.write(resolve(found.id, word))
    except (NotFound, PreconditionFailed):
        return  # a person was quicker
    for one in resolved.changed:
        desk.watchers.tell(one)
