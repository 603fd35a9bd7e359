"""What stands in the ledger at this moment, for monitoring: one statement over what is open, whatever else is stored.

Each part reads a partial index or a small table: what it costs goes by the number of open operations, open holds and waiting
messages, never by what is finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnClause, and_, case, func, literal_column, select, text, union_all

from app.domain.operations import State
from app.ledger.rounds import NOBODY
from app.ledger.rows import number, number_or_none
from app.ledger.rows import text as text_of
from app.ledger.sql import Row, Sql, Unit
from app.ledger.tables import ATTEMPT, HOLD, OPERATION, ORDER, POLL_ROUND, WEBHOOK, WEBHOOK_MESSAGE

_nothing: ColumnClause[str] = literal_column("''")
_none: ColumnClause[int] = literal_column("NULL")
_attempted_at = (
    select(ATTEMPT.c.started_at)
    .where(ATTEMPT.c.operation_id == OPERATION.c.id, ATTEMPT.c.n == OPERATION.c.attempts)
    .scalar_subquery()
)
_queued = OPERATION.c.state == literal_column(f"'{State.queued.value}'")
_behind_a_hold = (
    select(ORDER.c.held)
    .where(ORDER.c.backend == OPERATION.c.backend, ORDER.c.number == OPERATION.c.work_order)
    .scalar_subquery()
) == literal_column("1")
_since = case(
    (and_(_queued, _behind_a_hold), _none),
    (_queued, OPERATION.c.accepted_at),
    else_=func.coalesce(_attempted_at, OPERATION.c.accepted_at),
)
_enabled = select(WEBHOOK.c.id).where(text("enabled = 1"))
LOOK = Sql(
    union_all(
        select(
            literal_column("'operation'").label("what"),
            OPERATION.c.backend.label("backend"),
            OPERATION.c.state.label("word"),
            func.count().label("n"),
            func.min(_since).label("since"),
        )
        .where(OPERATION.c.finished_at.is_(None))
        .group_by(OPERATION.c.backend, OPERATION.c.state),
        select(literal_column("'hold'"), HOLD.c.backend, HOLD.c.cause, func.count(), func.min(HOLD.c.opened_at))
        .where(HOLD.c.closed_at.is_(None))
        .group_by(HOLD.c.backend, HOLD.c.cause),
        select(
            literal_column("'round'"), POLL_ROUND.c.backend, _nothing, POLL_ROUND.c.rounds, POLL_ROUND.c.completed_at
        ).where(POLL_ROUND.c.backend != literal_column(f"'{NOBODY}'")),
        select(
            literal_column("'message'"), _nothing, _nothing, func.count(), func.min(WEBHOOK_MESSAGE.c.created_at)
        ).where(text("state = 'pending'"), WEBHOOK_MESSAGE.c.webhook_id.in_(_enabled)),
        select(literal_column("'webhook'"), _nothing, _nothing, func.count(), _none)
        .select_from(WEBHOOK)
        .where(text("enabled = 0")),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """How many there are, and since when the oldest of them; None: there is none."""

    count: int
    oldest_at: int | None


NOTHING = Amount(count=0, oldest_at=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """The ledger at one moment. Times are microseconds since 1970."""

    operations: dict[tuple[str, str], Amount]
    """Open ones, by backend and state: a queued one since it was accepted, any other since its last attempt began.

    Those that wait behind a hold count, and have no age: the hold has one, and waits for a person.
    """
    holds: dict[tuple[str, str], Amount]
    """Open ones, by backend and cause."""
    polled_at: dict[str, int | None]
    """When the last round that saw every order of a backend was over; None: none was yet."""
    messages: Amount
    """Messages that wait to be delivered to webhooks; what one waits for that is switched off, waits for its client."""
    webhooks_disabled: int


def look() -> Unit[Gauges]:
    """The ledger as it is now."""
    rows: Sequence[Row] = yield LOOK, {}
    of: dict[str, dict[tuple[str, str], Amount]] = {}
    for row in rows:
        place = (text_of(row, "backend"), text_of(row, "word"))
        amount = Amount(count=number(row, "n"), oldest_at=number_or_none(row, "since"))
        of.setdefault(text_of(row, "what"), {})[place] = amount
    return Gauges(
        operations=of.get("operation", {}),
        holds=of.get("hold", {}),
        polled_at={backend: one.oldest_at for (backend, _), one in of.get("round", {}).items()},
        messages=of["message"]["", ""],
        webhooks_disabled=of["webhook"]["", ""].count,
    )
