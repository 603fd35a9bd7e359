"""A clock that is set back or forward: what was put off waits no longer for that, and what has to be waited for no shorter."""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, case, func, null, or_, select, update

from app.domain.readings import SHOWN
from app.domain.times import ahead
from app.ledger.rows import number_or_none
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import ATTEMPT, OPERATION, ORDER

LATEST = Sql(select(func.max(ORDER.c.changed_at).label("at")).where(ORDER.c.backend == bindparam("of_backend")))
READY_NOW = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.ready_at > bindparam("now"))
    .values(ready_at=bindparam("now"))
)
SHORTER_LEASES = Sql(
    update(ORDER)
    .where(
        ORDER.c.backend == bindparam("of_backend"),
        ORDER.c.ready_at.is_not(None),  # as every queue has that is leased
        ORDER.c.lease_until > bindparam("until"),
    )
    .values(lease_until=bindparam("until"), version=ORDER.c.version + 1)
)
_over = bindparam("over", type_=BigInteger)
_open = select(OPERATION.c.id).where(OPERATION.c.backend == bindparam("of_backend"), OPERATION.c.finished_at.is_(None))
OVER_SOON = Sql(
    update(ATTEMPT)
    .where(ATTEMPT.c.operation_id.in_(_open), or_(ATTEMPT.c.deadline_at > _over, ATTEMPT.c.ended_at > _over))
    .values(
        deadline_at=_over,
        ended_at=case((ATTEMPT.c.ended_at > _over, _over), else_=ATTEMPT.c.ended_at),
    )
)
"""A call that was under way is over within a whole deadline from now, whenever it is said to have begun."""


OVER_LATER = Sql(
    update(ATTEMPT).where(ATTEMPT.c.operation_id.in_(_open), ATTEMPT.c.deadline_at < _over).values(deadline_at=_over)
)
PROVES_NOTHING = Sql(
    update(OPERATION)
    .where(
        OPERATION.c.backend == bindparam("of_backend"),
        OPERATION.c.finished_at.is_(None),
        OPERATION.c.probe_evidence.like(f"% {SHOWN} %"),
    )
    .values(probe_evidence=null())
)
"""That a reading failed, or showed another state, stays: that speaks against a proof, whatever the clock says."""


def set_forward(backend: str, *, over: int) -> Unit[None]:
    """No call of the backend counts as over before this time, nor any reading as a proof: less time has gone by than it seems."""
    yield OVER_LATER, {"of_backend": backend, "over": over}
    yield PROVES_NOTHING, {"of_backend": backend}


def set_right(backend: str, *, now: int, over: int, until: int) -> Unit[None]:
    """Have every queue of the backend looked at now; calls are `over` and leases end (`until`) as if they began now."""
    lane: dict[str, Value] = {"of_backend": backend}
    yield READY_NOW, {**lane, "now": now}
    yield SHORTER_LEASES, {**lane, "until": until}
    yield OVER_SOON, {**lane, "over": over}


def set_right_if_ahead(backend: str, *, now: int, over: int, until: int) -> Unit[bool]:
    """The same for a process that starts, if the backend's orders were last changed under a clock that was ahead."""
    rows = yield LATEST, {"of_backend": backend}
    latest = number_or_none(rows[0], "at")
    if latest is None or not ahead(latest, now=now):
        return False
    yield from set_right(backend, now=now, over=over, until=until)
    return True
