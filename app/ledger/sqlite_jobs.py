"""What the threads of the SQLite store do: take the units that wait, run them in one transaction, and hand the results over."""

from __future__ import annotations

import asyncio
import json
import queue
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from app.ledger.records import Fenced
from app.ledger.sql import Params, Row, Sql, Unit, over
from app.ledger.sqlite_sql import fenced
from app.ledger.store import NOT_OPEN, StoreUnavailable

T = TypeVar("T")

BATCH = 64
unpacked = json.JSONDecoder().raw_decode
"""The columns of a packed row, of one JSON text that SQLite has written."""

sqlite3.register_adapter(type(None), dict[None, None]().get)  # None for None; else sqlite3 looks in vain, and dearly


def run(cursor: sqlite3.Cursor, unit: Unit[T], *, apart: bool = False) -> T:
    """Drive a unit on a cursor. `apart`: nothing of it stays if it fails, and what the transaction did before stays.

    A unit that only reads has nothing to undo, and one that writes in a single statement is undone with that.
    """
    marked = False
    send = unit.send
    try:
        statement, params = next(unit)
        while True:
            if apart and not marked and statement.one_of_several:
                cursor.execute("SAVEPOINT unit")
                marked = True
            statement, params = send(_rows(cursor, statement, params))
    except StopIteration as done:
        if marked:
            cursor.execute("RELEASE unit")
        result: T = done.value
        return result
    except BaseException:
        if marked:
            cursor.execute("ROLLBACK TO unit")
            cursor.execute("RELEASE unit")
        raise


def _rows(cursor: sqlite3.Cursor, statement: Sql, params: Params) -> Sequence[Row]:
    cursor.execute(statement.sqlite, statement.for_sqlite(params))
    if cursor.description is None:
        return ()
    columns = statement.columns
    if columns is None:
        columns = statement.columns = tuple([column[0] for column in cursor.description])
    rows = cursor.fetchall()
    if statement.packed:
        rows = [unpacked(row[0])[0] for row in rows]
    return [dict(zip(columns, row, strict=True)) for row in rows]


class Job(Generic[T]):
    """A unit on its way through a thread, and where its result goes."""

    __slots__ = ("error", "future", "loop", "over", "result", "unit")

    def __init__(
        self,
        unit: Unit[T],
        future: asyncio.Future[T],
        loop: asyncio.AbstractEventLoop,
        over: Callable[[T | None], None] | None,
    ) -> None:
        self.unit = unit
        self.future = future
        self.loop = loop
        self.over = over
        self.result: T | None = None
        self.error: BaseException | None = None

    def refuse(self) -> None:
        self.error = StoreUnavailable(NOT_OPEN)
        self.deliver()

    def deliver(self) -> None:
        if self.over is not None:
            try:
                self.over(self.result if self.error is None else None)
            except BaseException as fault:  # it is its caller's; the other deliveries of the batch go on
                self.error = fault
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]


def job_of(unit: Unit[T], over: Callable[[T | None], None] | None = None) -> Job[T]:
    loop = asyncio.get_running_loop()
    return Job(unit, loop.create_future(), loop, over)


def batches(jobs: queue.SimpleQueue[Job[object] | None]) -> Iterator[list[Job[object]]]:
    """What is waiting each time, at most BATCH jobs; ends at None."""
    stopping = False
    while not stopping:
        batch: list[Job[object]] = []
        while not batch or (len(batch) < BATCH and not jobs.empty()):
            job = jobs.get()
            if job is None:
                stopping = True
                break
            batch.append(job)
        if batch:
            yield batch


def commit(connection: sqlite3.Connection, batch: Sequence[Job[object]]) -> None:
    """One transaction for the batch; a unit that fails does not undo its neighbours."""
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN IMMEDIATE")
        for job in batch:
            try:
                job.result = run(cursor, job.unit, apart=True)
            except BaseException as error:  # the unit's own error is its caller's, whatever it is
                if not connection.in_transaction:  # SQLite has undone all of it
                    raise sqlite3.OperationalError(str(error)) from error
                job.error = known(error)
        connection.commit()  # as the statement, but it lets go of the interpreter only once
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.rollback()
        for job in batch:
            job.error = StoreUnavailable(str(error))


def look(connection: sqlite3.Connection, batch: Sequence[Job[object]]) -> None:
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    try:
        for job in batch:
            try:
                job.result = _looked(cursor, job.unit)
            except BaseException as error:  # as in `commit`
                job.error = known(error)
    finally:
        if connection.in_transaction:
            connection.rollback()


def _looked(cursor: sqlite3.Cursor, unit: Unit[T]) -> T:
    try:
        statement, params = next(unit)
    except StopIteration as done:
        result: T = done.value
        return result
    return over(unit, _rows(cursor, statement, params))


def known(error: BaseException) -> BaseException:
    """The file's troubles as ours; a violated key is for the caller of the unit, and a faulty unit is a fault."""
    if fenced(error):
        return Fenced()
    faulty = sqlite3.IntegrityError | sqlite3.ProgrammingError
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, faulty):
        return StoreUnavailable(str(error))
    return error


def deliver(batch: Sequence[Job[object]]) -> None:
    """Hand the results over only after the commit, with one wake-up for each loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job.deliver)
    for loop, deliveries in by_loop.items():
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            loop.call_soon_threadsafe(_run_all, deliveries)


def _run_all(deliveries: Sequence[Callable[[], None]]) -> None:
    for deliver in deliveries:
        deliver()
