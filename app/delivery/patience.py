"""Wait with a write that is to be sent again while an earlier attempt of it may still be under way."""

from __future__ import annotations

from app.delivery.desk import Desk
from app.domain.holds import Cause
from app.domain.operations import Operation
from app.domain.times import SECOND
from app.ledger import doubts, lanes
from app.ledger.records import Claim

UNDER_WAY = (
    "An earlier attempt of this write may still be under way. Once the vendor must have made or dropped that, the order is read, "
    "and the write sent unless it shows there."
)


async def rests(desk: Desk, claim: Claim, operation: Operation) -> bool:
    """Put the queue back if its head, which a person has sent again, has an attempt that the vendor may make yet.

    Before that the order, were it read, would prove nothing: the write could be made twice. An order that only the vendor can
    number is not read in any case: there the person's word alone counts.
    """
    if operation.attempts == 0 or operation.number is None:
        return False
    over = await desk.store.look(doubts.in_doubt(operation.id, before_attempt=operation.attempts + 1))
    if over is None:
        return False
    now, settled_at = desk.clock(), over + round(desk.backend.settle_s * SECOND)
    if now >= settled_at:
        return False
    desk.backend.setbacks.rest(
        operation.work_order, Cause.outcome_unknown.value, UNDER_WAY, now=now, next_try=settled_at
    )
    await desk.store.write(lanes.put_back(claim, ready_at=settled_at))
    return True
