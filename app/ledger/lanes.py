"""The queue of one order: lease it, find its head, begin an attempt, put it back.

Only the holder of the lease works on the queue, and every later write carries the fence that the lease gave.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, and_, bindparam, case, column, func, null, or_, select, union_all, update

from app.domain.json import JsonObject
from app.domain.operations import Operation, State, move
from app.ledger.doubts import OVER_AT
from app.ledger.intents import ADD_ATTEMPT, intent_values
from app.ledger.records import Claim, Fenced, KnownOrder, Lease
from app.ledger.rows import Labelled, json_object, known_order, number, number_or_none, operation, text, text_or_none
from app.ledger.sql import LEASED_UNTIL, Now, Sql, Unit, Value
from app.ledger.tables import ATTEMPT, OPERATION, OPERATIONS, ORDER, ORDER_COLUMNS

_ready = (
    select(ORDER.c.number)
    .where(
        ORDER.c.backend == bindparam("of_backend"),
        ORDER.c.ready_at <= Now(),
        ORDER.c.lease_until <= Now(),
        ORDER.c.held == 0,
    )
    .order_by(ORDER.c.ready_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("ready")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)
CLAIM = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number.in_(select(_ready.c.number)))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=LEASED_UNTIL,
        fence=ORDER.c.fence + 1,
        ready_at=Now(),
        version=ORDER.c.version + 1,
    )
    .returning(ORDER.c.number, ORDER.c.fence)
)
FOREVER = 2**63 - 1
OF_ORDER = "order_"
_waits = and_(ORDER.c.backend == bindparam("of_backend"), ORDER.c.ready_at.is_not(None), ORDER.c.held == 0)
_first_free = (
    select(ORDER.c.ready_at)
    .where(_waits, ORDER.c.lease_until <= ORDER.c.ready_at)
    .order_by(ORDER.c.ready_at)
    .limit(1)
    .cte("first_free")
)
_before_it = ORDER.c.ready_at < func.coalesce(select(_first_free.c.ready_at).scalar_subquery(), FOREVER)
NEXT_READY = Sql(
    select(func.min(column("at", BigInteger)).label("at")).select_from(
        union_all(
            select(_first_free.c.ready_at.label("at")),
            select(func.min(ORDER.c.lease_until).label("at")).where(_waits, _before_it),
        ).subquery()
    )
)
"""The first queue that is free at its time, or one with an earlier time whose lease ends before that: however many wait, only
those with a lease are looked through."""
_head = (
    OPERATIONS.where(
        OPERATION.c.backend == bindparam("of_backend"),
        OPERATION.c.work_order == bindparam("of_number"),
        OPERATION.c.finished_at.is_(None),
    )
    .order_by(OPERATION.c.seq)
    .limit(1)
)
HEAD = Sql(_head)
TURN = Sql(_head.add_columns(*[column.label(OF_ORDER + column.name) for column in ORDER_COLUMNS]))
"""The head with its order, whose columns stand beside the operation's: two statements would be of two moments."""
FENCED = and_(
    ORDER.c.backend == bindparam("of_backend"),
    ORDER.c.number == bindparam("of_number"),
    ORDER.c.fence == bindparam("fence"),
)
_projected = ORDER.c.projected_code
RENEW = Sql(
    update(ORDER)
    .where(FENCED)
    .values(
        lease_until=LEASED_UNTIL,
        recheck=0,
        version=ORDER.c.version + 1,
        projected_code=case(
            (ORDER.c.projected_operation == bindparam("of_id"), bindparam("to_code")), else_=_projected
        ),
    )
    .returning(ORDER.c.fence)
)
"""The code that is sent may be another than the one foreseen: the status table may have been imported anew meanwhile."""
BEGIN = Sql(
    update(OPERATION)
    .where(
        OPERATION.c.backend == bindparam("of_backend"),
        OPERATION.c.id == bindparam("of_id"),
        OPERATION.c.state == bindparam("was"),
    )
    .values(
        state=bindparam("to"),
        attempts=OPERATION.c.attempts + bindparam("more"),
        previous_code=bindparam("from_code"),
        target_code=bindparam("to_code"),
    )
    .returning(OPERATION.c.attempts)
)
PUT_BACK = Sql(
    update(ORDER)
    .where(FENCED)
    .values(lease_owner=null(), lease_until=0, ready_at=bindparam("ready"), version=ORDER.c.version + 1)
    .returning(ORDER.c.open_count, ORDER.c.held)
)
TAKE_OVER = Sql(
    update(ORDER)
    .where(ORDER.c.ready_at.is_not(None), or_(ORDER.c.lease_until > 0, ORDER.c.lease_owner.is_not(None)))
    .values(lease_owner=null(), lease_until=0)
)
"""A queue that is leased has a time of attention, and those that have one are few."""
OVER = Sql(select(func.max(OVER_AT).label("at")).where(ATTEMPT.c.operation_id == bindparam("of_id")))
LATEST = Sql(
    select(ATTEMPT.c.code_since, ATTEMPT.c.before)
    .where(ATTEMPT.c.operation_id == bindparam("of_id"))
    .order_by(ATTEMPT.c.n.desc())
    .limit(1)
)


def lane_of(claimed: Claim) -> dict[str, Value]:
    """What FENCED compares with."""
    return {"of_backend": claimed.backend, "of_number": claimed.number, "fence": claimed.fence}


def claim(backend: str, *, now: int, lease: Lease, most: int) -> Unit[list[Claim]]:
    """Lease up to `most` queues of a backend that want attention."""
    rows = yield (
        CLAIM,
        {"of_backend": backend, "now": now, "owner": lease.owner, "until": lease.until, "most": most},
    )
    return [Claim(backend=backend, number=text(row, "number"), fence=number(row, "fence")) for row in rows]


def next_ready(backend: str) -> Unit[int | None]:
    """When a queue of the backend next wants attention that nobody gives it; None if none does by itself."""
    rows = yield NEXT_READY, {"of_backend": backend}
    return number_or_none(rows[0], "at")


def head(of: Claim) -> Unit[Operation | None]:
    """The operation whose turn it is: the first that is not final."""
    rows = yield HEAD, {"of_backend": of.backend, "of_number": of.number}
    return operation(rows[0]) if rows else None


def turn(of: Claim) -> Unit[tuple[Operation | None, KnownOrder | None]]:
    """The head of the queue, and its order as the ledger knows it."""
    rows = yield TURN, {"of_backend": of.backend, "of_number": of.number}
    if not rows:
        return None, None
    return operation(rows[0]), known_order(Labelled(rows[0], OF_ORDER))


def begin(
    of: Claim,
    head_of_queue: Operation,
    *,
    target_code: str | None,
    previous_code: str | None,
    code_since: int | None = None,
    before: str | None = None,
    lease: Lease,
    now: int,
) -> Unit[Operation]:
    """Store the intent to send, before the first byte may leave; the order has `previous_code` since `code_since`.

    `before` is the order as it is now, as JSON, for a write that more than the status tells of. Raises Fenced.
    """
    began = yield from _step(of, head_of_queue, State.sending, lease, target_code, previous_code, attempts=1, now=now)
    yield ADD_ATTEMPT, intent_values(began, lease, fence=of.fence, code_since=code_since, now=now, before=before)
    return began


def verify(of: Claim, lost: Operation, *, lease: Lease, now: int) -> Unit[Operation]:
    """Note that the vendor is being asked about a lost answer. Raises Fenced."""
    codes = (lost.target_code, lost.previous_code)
    return (yield from _step(of, lost, State.verifying, lease, *codes, attempts=0, now=now))


def _step(
    of: Claim,
    was: Operation,
    to: State,
    lease: Lease,
    target_code: str | None,
    previous_code: str | None,
    *,
    attempts: int,
    now: int,
) -> Unit[Operation]:
    held = yield RENEW, {**lane_of(of), "until": lease.until, "now": now, "of_id": was.id, "to_code": target_code}
    moved = yield (
        BEGIN,
        {
            "of_backend": of.backend,
            "of_id": was.id,
            "was": was.state.value,
            "to": move(was.state, to).value,
            "more": attempts,
            "from_code": previous_code,
            "to_code": target_code,
        },
    )
    if not held or not moved:
        raise Fenced
    rows = yield HEAD, {"of_backend": of.backend, "of_number": of.number}
    return operation(rows[0])


def put_back(of: Claim, *, ready_at: int | None) -> Unit[None]:
    """Give the lease up. With None the queue rests, unless a write has joined it meanwhile: two statements, so that the
    second sees what the first waited for. A queue that waits for a person rests in any case."""
    rows = yield PUT_BACK, {**lane_of(of), "ready": ready_at}
    if rows and ready_at is None and number(rows[0], "open_count") > 0 and not number(rows[0], "held"):
        yield PUT_BACK, {**lane_of(of), "ready": 0}


def take_over() -> Unit[None]:
    """Free every lease: only for a store that has one owner, when that owner starts."""
    yield TAKE_OVER, {}


def last_deadline(operation_id: str) -> Unit[int | None]:
    """When the operation's latest attempt must have been over: at its deadline, or when it ended, should it have overrun."""
    rows = yield OVER, {"of_id": operation_id}
    return number_or_none(rows[0], "at")


def code_since(operation_id: str) -> Unit[int | None]:
    """Since when the order had the code that it had as the operation's latest attempt began."""
    rows = yield LATEST, {"of_id": operation_id}
    return number_or_none(rows[0], "code_since") if rows else None


def before(operation_id: str) -> Unit[JsonObject | None]:
    """The order's members as read just before the operation's latest attempt; None: there was no such order."""
    rows = yield LATEST, {"of_id": operation_id}
    return json_object(text_or_none(rows[0], "before")) if rows else None
