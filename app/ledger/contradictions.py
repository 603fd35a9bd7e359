"""An order that had ended, and that the vendor shows as open again: a hold, and never an overwrite.

Our own write that moves the order on is no contradiction, and a write whose outcome is open is waited for first.
"""

from __future__ import annotations

from enum import Enum, auto

from sqlalchemy import bindparam, null, or_, select, update

from app.domain.holds import Cause
from app.domain.ids import new_id
from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.work_orders import Observation
from app.ledger.lanes import HEAD
from app.ledger.records import NewHold
from app.ledger.rows import number, operation, seen_at, text_or_none
from app.ledger.sql import Row, Sql, Unit, Value
from app.ledger.stopping import open_hold
from app.ledger.tables import HOLD, OPERATION, ORDER

MAKES = (Kind.create, Kind.replace)
"""Writes after which an order is as the vendor makes it, whatever it was."""
OURS_SINCE = Sql(
    select(OPERATION.c.id)
    .where(
        OPERATION.c.backend == bindparam("of_backend"),
        OPERATION.c.work_order == bindparam("of_number"),
        OPERATION.c.state == State.applied.value,
        OPERATION.c.finished_at > bindparam("after"),
        or_(OPERATION.c.target_code == bindparam("seen_code"), *[OPERATION.c.kind == kind.value for kind in MAKES]),
    )
    .limit(1)
)
HOLDS_ALREADY = Sql(
    select(HOLD.c.id).where(
        HOLD.c.backend == bindparam("of_backend"),
        HOLD.c.work_order == bindparam("of_number"),
        HOLD.c.closed_at.is_(None),
    )
)
STOP = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(
        version=ORDER.c.version + 1,
        event_seq=ORDER.c.event_seq + 1,
        changed_at=bindparam("now"),
        blocked_by=bindparam("by"),
        blocked_tenant=bindparam("by_tenant"),
        held=1,
        ready_at=null(),
        fence=ORDER.c.fence + 1,
        lease_owner=null(),
        lease_until=0,
    )
    .returning(ORDER.c.event_seq)
)
"""Whoever works on the queue loses it: nothing that is queued is sent."""
LOOK_AGAIN = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"), ORDER.c.recheck == 0)
    .values(recheck=1, version=ORDER.c.version + 1)
)


class Stance(Enum):
    """What an observation does to the code that the ledger has."""

    takes = auto()
    """The code that the vendor shows is taken in."""
    keeps = auto()
    """The code stays: the order is held already, or what is shown is no code."""
    keeps_for_now = auto()
    """The code stays until the write that is under way has its outcome; then the vendor is looked at again."""
    contradicts = auto()
    """The code stays, and a hold is opened."""


def differs_from_its_end(row: Row, seen: Observation, ended: frozenset[str]) -> bool:
    """Whether the order had ended, as far as the ledger knows, and the vendor shows it with a code that is no end."""
    return text_or_none(row, "code") in ended and seen.code not in ended


def stance(row: Row, seen: Observation, *, backend: str) -> Unit[Stance]:
    """What to make of an observation that differs from the order's end; the row is locked."""
    if number(row, "held") or seen.code is None:
        return Stance.keeps
    lane: dict[str, Value] = {"of_backend": backend, "of_number": seen.key.number}
    heads = yield HEAD, lane
    if heads:
        head = operation(heads[0])
        if head.state is not State.queued:
            return Stance.takes if _may_have_made(head, seen) else Stance.keeps_for_now
    last_seen = seen_at(row) or 0
    if (yield OURS_SINCE, {**lane, "after": last_seen, "seen_code": seen.code}):
        return Stance.takes
    return Stance.keeps if (yield HOLDS_ALREADY, lane) else Stance.contradicts


def _may_have_made(write: Operation, seen: Observation) -> bool:
    return write.target_code == seen.code or write.kind in MAKES


def look_again(backend: str, number_is: str) -> Unit[None]:
    """Have the vendor read before anything more of the queue is sent."""
    yield LOOK_AGAIN, {"of_backend": backend, "of_number": number_is}


def open_contradiction(backend: str, row: Row, seen: Observation, *, source: str, now: int) -> Unit[str]:
    """Hold the order until a person says what it is; gives the hold's id. Whose write had set the code is its owner."""
    was, owner, made_by = (text_or_none(row, name) for name in ("code", "code_tenant", "code_operation"))
    hold = NewHold(
        id=new_id("hold", now_micros=now),
        cause=Cause.contradiction,
        detail=f"The order had ended with the vendor's code {was}, and the vendor shows it with {seen.code} now.",
    )
    lane: dict[str, Value] = {"of_backend": backend, "of_number": seen.key.number}
    rows = yield STOP, {**lane, "now": now, "by": hold.id, "by_tenant": owner}
    yield from open_hold(
        hold,
        backend,
        seen.key.number,
        owner=owner,
        cause=made_by,
        seq=number(rows[0], "event_seq"),
        now=now,
        source=source,
        shown={"previous_code": was, "code": seen.code},
    )
    return hold.id
