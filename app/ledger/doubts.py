"""What nobody knows of a write's attempts: whether one may have reached the vendor, and whether that was ever disproved."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, case, func, or_, select, update

from app.ledger.rows import number_or_none
from app.ledger.sql import Sql, Unit
from app.ledger.tables import ATTEMPT

OVER_AT = case((ATTEMPT.c.ended_at > ATTEMPT.c.deadline_at, ATTEMPT.c.ended_at), else_=ATTEMPT.c.deadline_at)
"""When an attempt must have been over: at its deadline, or when it ended, should it have overrun."""
_unsure = and_(
    ATTEMPT.c.operation_id == bindparam("of_id"),
    ATTEMPT.c.n < bindparam("before_n"),
    or_(ATTEMPT.c.outcome.is_(None), ATTEMPT.c.outcome == "unknown"),
)
_in_doubt = and_(_unsure, ATTEMPT.c.disproved_at.is_(None))
UNSURE = Sql(select(ATTEMPT.c.n).where(_unsure).limit(1))
IN_DOUBT = Sql(select(func.max(OVER_AT).label("at")).where(_in_doubt))
DISPROVE = Sql(update(ATTEMPT).where(_in_doubt).values(disproved_at=bindparam("now")))


def may_have_been_made(operation_id: str, *, before_attempt: int) -> Unit[bool]:
    """Whether an attempt before this one may have reached the vendor without our knowing what came of it."""
    rows = yield UNSURE, {"of_id": operation_id, "before_n": before_attempt}
    return bool(rows)


def in_doubt(operation_id: str, *, before_attempt: int) -> Unit[int | None]:
    """When the last of those attempts that nothing has disproved since must have been over; None: there is none."""
    rows = yield IN_DOUBT, {"of_id": operation_id, "before_n": before_attempt}
    return number_or_none(rows[0], "at")


def disprove(operation_id: str, *, before_attempt: int, now: int) -> Unit[None]:
    """The vendor was proved not to have applied the attempts before this one.

    By itself, before what follows from the proof: that a process dies in between makes the proof no less true.
    """
    yield DISPROVE, {"of_id": operation_id, "before_n": before_attempt, "now": now}
