"""An order that the vendor has numbered: the operation that made it moves there from the queue that it had for itself."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, select, update

from app.domain.operations import Operation
from app.ledger.accept import ADD_ORDER, new_order
from app.ledger.rows import number
from app.ledger.sql import Sql, Unit
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
NO_LANE = Sql(
    delete(ORDER).where(
        ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"), ORDER.c.open_count == 0
    )
)


ONE_EVENT_MORE = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(event_seq=ORDER.c.event_seq + 1)
    .returning(ORDER.c.event_seq)
)


def numbered(made_by: Operation, queue: str, number_is: str, *, now: int) -> Unit[int]:
    """Move the finished create `made_by` from its own `queue` to the order that it made; gives the place of its event there."""
    yield ADD_ORDER, new_order(made_by.backend, number_is, now=now)
    yield NUMBERED, {"of_id": made_by.id, "of_backend": made_by.backend, "new_number": number_is}
    yield NO_LANE, {"of_backend": made_by.backend, "of_number": queue}
    rows = yield ONE_EVENT_MORE, {"of_backend": made_by.backend, "of_number": number_is}
    return number(rows[0], "event_seq")
