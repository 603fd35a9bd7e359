"""What nobody knows of a write's attempts: whether one may have reached the vendor, and whether that was ever disproved."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, or_, select

from app.domain.evidence import Evidence
from app.domain.operations import Operation
from app.ledger.rows import compact
from app.ledger.sql import Sql, Unit
from app.ledger.tables import ATTEMPT, EVENT

_unsure = and_(
    ATTEMPT.c.operation_id == bindparam("of_id"),
    ATTEMPT.c.n < bindparam("before_n"),
    or_(ATTEMPT.c.outcome.is_(None), ATTEMPT.c.outcome == "unknown"),
)
_PROVED = compact({"evidence": Evidence.not_applied.value})[1:-1]
"""As the data of the event says it; a person's reason cannot, for its quotes are escaped there."""
_disproved_since = (
    select(EVENT.c.id)
    .where(
        EVENT.c.backend == bindparam("of_backend"),
        EVENT.c.work_order == bindparam("of_number"),
        EVENT.c.operation_id == bindparam("of_id"),
        EVENT.c.at >= ATTEMPT.c.ended_at,
        EVENT.c.data.contains(_PROVED, autoescape=True),
    )
    .exists()
)
UNSURE = Sql(select(ATTEMPT.c.n).where(_unsure).limit(1))
IN_DOUBT = Sql(select(ATTEMPT.c.n).where(_unsure, ~_disproved_since).limit(1))


def may_have_been_made(operation_id: str, *, before_attempt: int) -> Unit[bool]:
    """Whether an attempt before this one may have reached the vendor without our knowing what came of it."""
    rows = yield UNSURE, {"of_id": operation_id, "before_n": before_attempt}
    return bool(rows)


def in_doubt(operation: Operation, *, before_attempt: int) -> Unit[bool]:
    """The same, and nothing has proved since that the vendor did not apply it."""
    rows = yield (
        IN_DOUBT,
        {
            "of_id": operation.id,
            "before_n": before_attempt,
            "of_backend": operation.backend,
            "of_number": operation.work_order,
        },
    )
    return bool(rows)
