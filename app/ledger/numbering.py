"""An order that the vendor has numbered: the operation that made it moves there from the queue that it had for itself."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, select, update

from app.domain.operations import Operation
from app.ledger.accept import ADD_ORDER, new_order
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


def numbered(made_by: Operation, queue: str, number_is: str, *, now: int) -> Unit[None]:
    """Move the finished create `made_by` from its own `queue` to the order that it made."""
    yield ADD_ORDER, new_order(made_by.backend, number_is, now=now)
    yield NUMBERED, {"of_id": made_by.id, "of_backend": made_by.backend, "new_number": number_is}
    yield NO_LANE, {"of_backend": made_by.backend, "of_number": queue}
