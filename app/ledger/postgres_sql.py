"""The hot steps on PostgreSQL as one statement each: what `accept.py` and `settle.py` do in several, from the same Core parts.

Every part depends on the rows of the first, so that a step which may not happen leaves nothing; a key that another request
has just taken fails the whole statement by its primary key.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import (
    CTE,
    Insert,
    Integer,
    Label,
    Table,
    Update,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
)

from app.ledger.accept import BEGIN_AT_ONCE, QUEUE_UP
from app.ledger.settle import END_ATTEMPT, FINISH, FINISH_APPLIED, MOVE
from app.ledger.sql import Params, Sql, Value
from app.ledger.stopping import PARK
from app.ledger.tables import ATTEMPT, EVENT, KEY, OPERATION


def _update(of: Sql) -> Update:
    assert isinstance(of.statement, Update)
    return of.statement


def _insert_after(first: CTE, table: Table, prefix: str, taken: Mapping[str, str], *, leave: frozenset[str]) -> Insert:
    """An insert of bound values that happens only if `first` has a row; `taken` columns come from that row."""
    columns = [column for column in table.columns if column.name not in leave]
    values = [
        first.c[taken[column.name]] if column.name in taken else bindparam(prefix + column.name, type_=column.type)
        for column in columns
    ]
    return insert(table).from_select([column.name for column in columns], select(*values).select_from(first))


@lru_cache(maxsize=4)
def accept_statement(*, begins: bool, keyed: bool) -> Sql:
    """Place in the queue, key, operation and, where it begins at once, intent. No row: the order has changed meanwhile."""
    place = _update(BEGIN_AT_ONCE if begins else QUEUE_UP).cte("place")
    nothing: frozenset[str] = frozenset()
    parts = [
        _insert_after(place, OPERATION, "op_", {"seq": "last_seq"}, leave=nothing).returning(OPERATION.c.id).cte("op")
    ]
    if keyed:
        parts.append(_insert_after(place, KEY, "key_", {}, leave=nothing).returning(KEY.c.key).cte("key_row"))
    if begins:
        unset = frozenset(
            {"ended_at", "outcome", "detail", "vendor_status", "vendor_code", "vendor_message", "disproved_at"}
        )
        intent = _insert_after(place, ATTEMPT, "at_", {}, leave=unset).returning(ATTEMPT.c.n)
        parts.append(intent.cte("intent"))
    return Sql(select(place.c.last_seq).add_cte(*parts))


@lru_cache(maxsize=6)
def settle_statement(*, finished: bool, sets_status: bool, attempt: bool) -> Sql:
    """The order's step, the operation's move, the attempt's end and the event. No row: the queue is no longer ours.

    An operation that is no longer in the state it moves from fails the statement by a division by zero, so that the
    order's step is undone with it: a settling repeated after a lost answer must not count twice.
    """
    order_step = PARK if not finished else FINISH_APPLIED if sets_status else FINISH
    order = _update(order_step).cte("of_order")
    ours = exists(select(order.c.event_seq))
    moved = _update(MOVE).where(ours).cte("moved")
    event = _insert_after(order, EVENT, "ev_", {"seq": "event_seq"}, leave=frozenset({"id"})).returning(EVENT.c.id)
    parts = [event.cte("event_row")]
    if attempt:
        ended = _update(END_ATTEMPT).where(ours).returning(ATTEMPT.c.n)
        parts.append(ended.cte("ended"))
    count = select(func.count()).select_from(moved).scalar_subquery()
    proof: Label[int] = (literal_column("1", Integer) // count).label("moved")
    return Sql(select(order.c.open_count, order.c.event_seq, proof).add_cte(*parts))


def prefixed(prefix: str, params: Params) -> dict[str, Value]:
    return {prefix + name: value for name, value in params.items()}
