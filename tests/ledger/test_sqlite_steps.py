"""The hot steps of the SQLite store: one statement each, undone whole where they come too late, beside neighbours that stay."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger.accept import accept
from app.ledger.records import Accepted, AttemptEnd, Fenced, Settled, Settlement
from app.ledger.settle import settle
from app.ledger.sqlite import SqliteStore
from app.ledger.sqlite_jobs import run
from app.ledger.sqlite_sql import fenced, place_in_one, settle_in_one, take_steps
from tests.ledger.scenes import APPLIED, NOW, begun, draft, everything, lease, passes, queued, rows_of, settlement

LATER = NOW + SECOND


def applied(done: Accepted) -> Settlement:
    """The attempt that began with the acceptance has brought the vendor's yes."""
    step = settlement(done.claim, done.operation, State.applied, now=LATER, ending=APPLIED)
    return replace(step, attempt=AttemptEnd(n=1, outcome="applied", detail="the vendor took it"))


@pytest.fixture
def writer(sqlite_file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that takes steps, in a transaction as the store's writer is."""
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as connection:
        take_steps(connection)
        connection.execute("BEGIN IMMEDIATE")
        yield connection


class Counting(sqlite3.Cursor):
    """Keeps the first word of each statement that it was given."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.words: list[str] = []

    def execute(self, sql: str, *params: Any) -> Counting:
        self.words.append(sql.partition(" ")[0])
        super().execute(sql, *params)
        return self


def test_a_known_order_takes_a_write_in_one_statement_and_gives_it_up_in_one(writer: sqlite3.Connection) -> None:
    run(writer.cursor(), accept(draft(1), passes(), lease(), place_in_one), apart=True)
    run(writer.cursor(), accept(draft(2, number="7"), passes(), None, place_in_one), apart=True)
    ours, behind, quick = Counting(writer), Counting(writer), Counting(writer)
    run(behind, accept(draft(3), passes(), None, place_in_one), apart=True)
    done = run(ours, accept(draft(4, number="8"), passes(), lease(), place_in_one), apart=True)
    assert isinstance(done, Accepted)
    settled = run(quick, settle_in_one(applied(done)), apart=True)
    assert (settled.operation.state, settled.more) == (State.applied, False)
    new = ["SELECT", "SAVEPOINT", "INSERT", "UPDATE", "INSERT", "INSERT", "INSERT", "RELEASE"]
    assert [behind.words, ours.words, quick.words] == [["SELECT", "INSERT"], new, ["INSERT"]]


def test_what_only_reads_needs_no_savepoint(writer: sqlite3.Connection) -> None:
    run(writer.cursor(), accept(draft(1), passes(), None), apart=True)
    cursor = Counting(writer)
    repeated = run(cursor, accept(draft(1), passes(), None, place_in_one), apart=True)
    assert not isinstance(repeated, Accepted)
    assert cursor.words == ["SELECT", "SELECT"]


async def test_a_step_that_comes_too_late_leaves_nothing_and_its_neighbours_stay(sqlite_store: SqliteStore) -> None:
    """Each of twenty writes is settled three times at once, in the same few transactions."""
    ours = [await begun(sqlite_store, n, number=f"{n}") for n in range(1, 21)]
    steps = [settlement(one.claim, one.operation, State.applied, now=LATER, ending=APPLIED) for one in ours]
    told = await asyncio.gather(
        *[sqlite_store.settle(step) for step in steps for _ in range(3)], return_exceptions=True
    )
    assert [type(each) for each in told] == [Settled, Fenced, Fenced] * 20
    assert [row["state"] for row in await rows_of(sqlite_store, "operation")] == ["applied"] * 20
    assert [row["seq"] for row in await rows_of(sqlite_store, "event")] == [1] * 20
    assert [(row["open_count"], row["version"]) for row in await rows_of(sqlite_store, "work_order")] == [(0, 2)] * 20


async def test_a_move_that_the_operation_does_not_take_undoes_the_orders_step(sqlite_store: SqliteStore) -> None:
    """The fence is ours, but the operation has moved on: what was done to the order's row is undone with the rest."""
    ours = await begun(sqlite_store, 1)
    await queued(sqlite_store, 2)
    step = applied(ours)
    assert (await sqlite_store.settle(step)).more
    as_it_was = await everything(sqlite_store)
    with pytest.raises(Fenced):
        await sqlite_store.settle(step)
    with pytest.raises(Fenced):
        await sqlite_store.write(settle(step))
    assert await everything(sqlite_store) == as_it_was


def test_only_a_step_that_came_too_late_is_told_as_such(writer: sqlite3.Connection) -> None:
    cursor = writer.cursor()
    done = run(cursor, accept(draft(1), passes(), lease()), apart=True)
    assert isinstance(done, Accepted)
    step = applied(done)
    run(cursor, settle_in_one(step), apart=True)
    with pytest.raises(sqlite3.IntegrityError) as late:
        run(cursor, settle_in_one(step), apart=True)
    with pytest.raises(sqlite3.IntegrityError) as taken:
        cursor.execute("INSERT INTO operation SELECT * FROM operation")
    assert [fenced(late.value), fenced(taken.value), writer.in_transaction] == [True, False, True]
