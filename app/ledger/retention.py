"""What the ledger forgets with time: keys, stored answers, client_references, events; never an operation.

Each unit is one small transaction: the rows are chosen first, and on PostgreSQL those that another gateway has chosen are
passed over, so that any number of gateways may clear up at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)

from app.domain.times import SECOND
from app.ledger.sql import Sql, Unit
from app.ledger.tables import EVENT, HOLD, KEY, OPERATION

DAY = 24 * 3600 * SECOND

_no_open_hold = ~(
    select(HOLD.c.id)
    .where(HOLD.c.operation_id == OPERATION.c.id, HOLD.c.closed_at.is_(None))
    .correlate(OPERATION)
    .exists()
)
_final_since = and_(OPERATION.c.finished_at <= bindparam("before"), _no_open_hold)
"""Long final, and not what a person still has to decide about."""


def _expire_keys(most: ColumnElement[int]) -> Sql:
    expired = (
        select(KEY.c.client_id, KEY.c.key)
        .select_from(KEY.outerjoin(OPERATION, OPERATION.c.id == KEY.c.operation_id))
        .where(KEY.c.created_at <= bindparam("before"), or_(KEY.c.operation_id.is_(None), _final_since))
        .order_by(KEY.c.created_at)
        .limit(most)
        .with_for_update(of=KEY, skip_locked=True)
        .cte("expired")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    chosen = tuple_(KEY.c.client_id, KEY.c.key).in_(select(expired.c.client_id, expired.c.key))
    return Sql(delete(KEY).where(chosen).returning(KEY.c.key))


def _empty(column: Column[Any], most: ColumnElement[int]) -> Sql:
    """Takes what one column of the long final operations holds; the rows stay."""
    chosen = (
        select(OPERATION.c.id)
        .where(column.is_not(None), _final_since)
        .order_by(OPERATION.c.finished_at)
        .limit(most)
        .with_for_update(of=OPERATION, skip_locked=True)
        .cte("chosen")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    emptied = update(OPERATION).where(OPERATION.c.id.in_(select(chosen.c.id))).values({column.name: null()})
    return Sql(emptied.returning(OPERATION.c.id))


def _delete_events(most: ColumnElement[int]) -> Sql:
    """Ids rise with time, so the oldest are the first; no index on the time is needed to find them.

    The newest stays whatever its age: SQLite counts on from it, and a cursor must never meet an id again.
    """
    newest = EVENT.alias("newest")
    first = select(EVENT.c.id, EVENT.c.at).order_by(EVENT.c.id).limit(most).subquery()
    oldest = (
        select(EVENT.c.id)
        .where(EVENT.c.id.in_(select(first.c.id).where(first.c.at <= bindparam("before"))))
        .with_for_update(skip_locked=True)
        .cte("oldest")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return Sql(
        delete(EVENT)
        .where(
            EVENT.c.id.in_(select(oldest.c.id)),
            EVENT.c.id < select(func.max(newest.c.id)).scalar_subquery(),
        )
        .returning(EVENT.c.id)
    )


@lru_cache(maxsize=4)
def steps(most: int) -> Mapping[str, Sql]:
    """The statement for each kind, which clears at most so many rows.

    How many is spelt out: of a limit that it is told only later PostgreSQL thinks that it is a tenth of the table.
    """
    limit: ColumnElement[int] = literal_column(str(most), Integer)
    return {
        "keys": _expire_keys(limit),
        "answers": _empty(OPERATION.c.answer_body, limit),
        "references": _empty(OPERATION.c.client_reference, limit),
        "events": _delete_events(limit),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How long each is kept, in days: a key and the answer of an operation after both its acceptance and its end."""

    key_days: int
    answer_days: int
    reference_days: int
    event_days: int

    def units(self, *, now: int, most: int) -> dict[str, Unit[int]]:
        """One batch of each kind: how many of at most `most` rows were cleared."""
        days = {
            "keys": self.key_days,
            "answers": self.answer_days,
            "references": self.reference_days,
            "events": self.event_days,
        }
        return {kind: _cleared(step, before=now - days[kind] * DAY) for kind, step in steps(most).items()}


def _cleared(step: Sql, *, before: int) -> Unit[int]:
    rows = yield step, {"before": before}
    return len(rows)
