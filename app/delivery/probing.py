"""Ask the vendor again about a held write, because somebody wants to know: a proof closes its hold, anything less leaves it.

The write stays held meanwhile, and its queue is leased as any other; a process that ends in the middle leaves the question
to whoever leases the queue next.
"""

from __future__ import annotations

import asyncio

import structlog

from app.delivery import readback
from app.delivery.desk import Desk
from app.domain.errors import GatewayError, NotFound, PreconditionFailed, VendorTrouble
from app.domain.evidence import Evidence
from app.domain.holds import Action, Hold
from app.domain.operations import Operation
from app.domain.ports import Proof
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
    try:
        word = await _proved(desk, operation)
    except GatewayError as error:
        if isinstance(error, VendorTrouble):
            desk.backend.note(error, operation.work_order, now=desk.clock())
        log.info("the order of a held write could not be read", operation=operation.id, reason=error.code)
        word = None
    if word is None:
        await desk.store.write(holds.rest(claim))
        desk.watchers.tell(operation)
        return
    await _close(desk, found, word)


async def _proved(desk: Desk, operation: Operation) -> Word | None:
    """The word that the vendor's own record gives; None: it gives none."""
    if operation.number is None:
        return None
    settled_at = await readback.may_have_settled(desk, operation)
    reading = await readback.read_back(desk, operation)
    if reading.mishap is not None or reading.baffling is not None or reading.proof is Proof.inconclusive:
        return None
    if reading.proof is Proof.applied:
        receipt = desk.receipt(operation, reading.made, at=desk.clock(), evidence=Evidence.read_back)
        return Word(
            action=Action.mark_applied,
            reason="the vendor shows it",
            by=BY,
            now=desk.clock(),
            evidence=Evidence.read_back,
            ending=None if receipt is None else receipt.ending,
        )
    if reading.as_of < settled_at:
        return None
    await asyncio.sleep(readback.APART_S)
    again = await readback.read_back(desk, operation)
    if again.proof is not Proof.not_applied or again.shown != reading.shown or again.baffling is not None:
        return None
    reason = "read twice after its settle time, the vendor shows what was there before"
    return Word(action=Action.retry, reason=reason, by=BY, now=desk.clock(), evidence=Evidence.not_applied)


async def _close(desk: Desk, found: Hold, word: Word) -> None:
    try:
        resolved = await desk.store.write(resolve(found.id, word))
    except (NotFound, PreconditionFailed):
        return  # a person was quicker
    for one in resolved.changed:
        desk.watchers.tell(one)
