"""The hot steps on SQLite as one statement each: what `accept.py` and `settle.py` do in several, from the same Core parts.

Each is an insert into a view of the writer's own, whose trigger does the parts. Between two statements another thread may take
the interpreter, so one costs less than five; and it needs no savepoint, since SQLite undoes the whole of a statement that fails.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, MetaData, Table, bindparam, insert, literal_column, select
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect

from app.domain.operations import FINAL
from app.failpoints import reach
from app.ledger.accept import (
    ADD_KEY,
    ADD_OPERATION,
    BEGIN_AT_ONCE,
    QUEUE_UP,
    accepted,
    key_values,
    new_operation,
    operation_values,
    place,
    place_values,
)
from app.ledger.events import event_values
from app.ledger.found import Looked
from app.ledger.intents import ADD_ATTEMPT, attempt_values
from app.ledger.records import Accepted, Draft, Lease, Send, Settled, Settlement
from app.ledger.rows import number
from app.ledger.settle import (
    END_ATTEMPT,
    FINISH,
    FINISH_APPLIED,
    MOVE,
    attempt_end_values,
    event_data,
    finish_values,
    move_values,
    moved_operation,
    sets_status,
    settle,
)
from app.ledger.sql import Sql, Unit
from app.ledger.tables import EVENT, ORDER

NOT_OURS = "the queue is no longer ours"
"""What a step fails with when a row that it must change is not as it must be."""

_its_seq = select(ORDER.c.event_seq).where(
    ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number")
)
_its_values: dict[str, ColumnElement[Any]] = {
    column.name: bindparam(column.name) for column in EVENT.columns if column.name not in ("id", "seq")
}
ADD_NEXT_EVENT = Sql(insert(EVENT).values({**_its_values, "seq": _its_seq.scalar_subquery()}))


class _InTrigger(SQLiteCompiler):
    """A statement as a part of a trigger: its parameters are members of the row that is put into the view."""

    def visit_bindparam(self, bindparam: BindParameter[Any], *_: Any, **__: Any) -> str:
        if bindparam.required:
            return f'NEW."{bindparam.key}"'
        return str(self.render_literal_value(bindparam.effective_value, bindparam.type))

    def returning_clause(self, *_: Any, **__: Any) -> str:
        """A trigger's parts bring nothing."""
        return ""


class _Dialect(SQLiteDialect):
    statement_compiler = _InTrigger
    supports_statement_cache = False


class Step:
    """Statements taken as one: `sql` is how, `made_by` what a connection needs for it. It brings columns of the order as the
    step leaves it. A part that is among `must` has to change a row, or nothing of the step happens."""

    def __init__(self, name: str, parts: Sequence[Sql], *, must: Sequence[Sql], brings: Sequence[str] = ()) -> None:
        members = dict.fromkeys(name for part in parts for name in part.required)
        view = Table(name, MetaData(), *[Column(member) for member in members])
        its_order = (ORDER.c.backend == literal_column("of_backend"), ORDER.c.number == literal_column("of_number"))
        told = [select(ORDER.c[column]).where(*its_order).scalar_subquery().label(column) for column in brings]
        self.sql = Sql(insert(view).returning(*told) if told else insert(view), whole=True)
        self.made_by = (
            f"CREATE TEMP VIEW {name} AS SELECT " + ", ".join(f'NULL AS "{member}"' for member in members),
            f"CREATE TEMP TRIGGER take_{name} INSTEAD OF INSERT ON {name} BEGIN"
            f" {' '.join(_part(part, must=part in must) for part in parts)} END",
        )


def _part(part: Sql, *, must: bool) -> str:
    text = f"{part.statement.compile(dialect=_Dialect())};"  # type: ignore[attr-defined]
    return f"{text} SELECT RAISE(ABORT, '{NOT_OURS}') WHERE changes() = 0;" if must else text


@lru_cache(maxsize=4)
def accept_step(*, begins: bool, keyed: bool) -> Step:
    """Place in the queue, key, operation and, where it begins at once, intent."""
    name = "accept_" + ("begun" if begins else "queued") + ("_keyed" if keyed else "")
    placed = BEGIN_AT_ONCE if begins else QUEUE_UP
    parts = [placed, *[ADD_KEY] * keyed, ADD_OPERATION, *[ADD_ATTEMPT] * begins]
    return Step(name, parts, must=[placed])


@lru_cache(maxsize=2)
def finish_step(*, applied: bool) -> Step:
    """The order's step, the operation's move, the attempt's end and the event."""
    ended = FINISH_APPLIED if applied else FINISH
    parts = [ended, MOVE, END_ATTEMPT, ADD_NEXT_EVENT]
    return Step("finish_applied" if applied else "finish", parts, must=[ended, MOVE], brings=["open_count"])


def take_steps(connection: sqlite3.Connection) -> None:
    """Make what the steps need on the writer's connection; it is gone with that."""
    steps = [accept_step(begins=begins, keyed=keyed) for begins in (True, False) for keyed in (True, False)]
    for step in [*steps, *[finish_step(applied=applied) for applied in (True, False)]]:
        for statement in step.made_by:
            connection.execute(statement)


def fenced(error: BaseException) -> bool:
    """Whether this is how a step fails that came too late."""
    return isinstance(error, sqlite3.IntegrityError) and str(error) == NOT_OURS


def place_in_one(draft: Draft, decision: Send, looked: Looked, begins: Lease | None) -> Unit[Accepted]:
    """`accept.place` in one statement, but for an order that is new to us."""
    order = looked.order
    if not looked.known:
        return (yield from place(draft, decision, looked, begins))
    new = new_operation(draft, decision, order, seq=looked.last_seq + 1, begins=begins is not None)
    params = {**place_values(draft, decision, order, begins=begins), **operation_values(new, draft)}
    if draft.key is not None:
        params.update(key_values(draft, refused=None))
    if begins is not None:
        params.update(attempt_values(new, begins, order, now=draft.now))
    yield accept_step(begins=begins is not None, keyed=draft.key is not None).sql, params
    reach("F2")
    return accepted(draft, new, order, begins=begins)


def settle_in_one(settlement: Settlement) -> Unit[Settled]:
    """`settle.settle` in one statement, where an attempt ends an operation and nothing but the queue follows from it."""
    follows = (settlement.hold, settlement.end_behind, settlement.number) != (None, None, None)
    if follows or settlement.attempt is None or settlement.to not in FINAL:
        return (yield from settle(settlement))
    now_is = moved_operation(settlement)
    event = event_values(now_is, settlement.claim, seq=0, at=settlement.now, data=event_data(settlement))
    params = {
        **event,
        **finish_values(settlement),
        **move_values(settlement),
        **attempt_end_values(now_is.id, settlement.attempt, now=settlement.now),
    }
    rows = yield finish_step(applied=sets_status(settlement)).sql, params
    reach("F10")
    return Settled(operation=now_is, ended=(), more=number(rows[0], "open_count") > 0)
