"""An order that the vendor has numbered: the operation that made it moves there from the queue that it had for itself."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, null, select, update

from app.domain.operations import Operation
from app.ledger.accept import ADD_ORDER, new_order
from app.ledger.rows import number
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import OPERATION, ORDER

_of_number = OPERATION.alias("of_number")
NUMBERED = Sql(
    update(OPERATION)
    .where(OPERATION.c.id == bindparam("of_id"))
    .values(
        work_order=bindparam("new_number"),
        seq=select(func.coalesce(func.min(_of_number.c.seq), 1) - 1)
        .where(_of_number.c.backend == bindparam("of_backend"), _of_number.c.work_order == bindparam("new_number"))
        .scalar_subquery(),
    )
)
"""The operation that made an order stands before every other of it."""
_lane = (ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
NO_LANE = Sql(delete(ORDER).where(*_lane, ORDER.c.open_count == 0).returning(ORDER.c.number))
FREE_LANE = Sql(
    update(ORDER)
    .where(*_lane)
    .values(
        blocked_by=null(),
        blocked_tenant=null(),
        held=0,
        lease_owner=null(),
        lease_until=0,
        event_seq=ORDER.c.event_seq - 1,
        version=ORDER.c.version + 1,
    )
)
"""Somebody took the queue's name for a number, and their writes wait there: they go on at once, and end as those of an order
that the vendor does not know. The create alone could stop them, and its event is told of the order that it made."""
ONE_EVENT_MORE = Sql(update(ORDER).where(*_lane).values(event_seq=ORDER.c.event_seq + 1).returning(ORDER.c.event_seq))


def numbered(made_by: Operation, queue: str, number_is: str, *, now: int) -> Unit[int]:
    """Move the finished create `made_by` from its own `queue` to the order that it made; gives the place of its event there."""
    yield ADD_ORDER, new_order(made_by.backend, number_is, now=now)
    yield NUMBERED, {"of_id": made_by.id, "of_backend": made_by.backend, "new_number": number_is}
    lane: dict[str, Value] = {"of_backend": made_by.backend, "of_number": queue}
    gone = yield NO_LANE, lane
    if not gone:
        yield FREE_LANE, lane
    rows = yield ONE_EVENT_MORE, {"of_backend": made_by.backend, "of_number": number_is}
    return number(rows[0], "event_seq")
