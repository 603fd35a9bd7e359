"""The ledger on SQLite: one writer thread with group commit at synchronous=FULL, readers in threads of their own.

Every writing transaction begins with BEGIN IMMEDIATE; without it updates are lost in silence.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Generic, TypeVar

from app.domain.times import now_micros
from app.ledger.accept import accept
from app.ledger.horizon import Standing, last_event
from app.ledger.lanes import take_over
from app.ledger.records import Acceptance, Decide, Draft, Lease, Settled, Settlement
from app.ledger.settle import settle
from app.ledger.sql import Row, Unit
from app.ledger.store import Over, StoreUnavailable, nothing_more

T = TypeVar("T")

BATCH = 64
READERS = 4
PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


class AlreadyServed(Exception):
    """Another `orderbridge serve` works on this SQLite file."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another orderbridge serves {path}; one SQLite file takes one gateway. Stop it, or use PostgreSQL."
        )


def run(cursor: sqlite3.Cursor, unit: Unit[T]) -> T:
    """Drive a unit on a cursor."""
    rows: Sequence[Row] | None = None
    try:
        while True:
            statement, params = next(unit) if rows is None else unit.send(rows)
            rows = cursor.execute(statement.sqlite, statement.for_sqlite(params)).fetchall()
    except StopIteration as done:
        result: T = done.value
        return result


class _Job(Generic[T]):
    """A unit on its way through the writer thread, and where its result goes."""

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


class SqliteStore:
    """One SQLite file. `owner=True` takes the file's lock and frees what a dead owner had leased."""

    sole_owner = True

    def __init__(self, path: Path, *, owner: bool) -> None:
        self._path = path
        self._owner = owner
        self._jobs: queue.SimpleQueue[_Job[object] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock: int | None = None

    async def open(self) -> None:
        if self._owner:
            self._lock = _take_lock(self._path)
        try:
            connection = _connect(self._path)
        except StoreUnavailable:
            self._free_lock()
            raise
        self._writer = threading.Thread(target=self._write_loop, args=(connection,), name="ledger-writer", daemon=True)
        self._writer.start()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="ledger-reader")
        if self._owner:
            await self.write(take_over())

    async def close(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            self._jobs.put(None)
            await asyncio.to_thread(writer.join)
        if self._readers is not None:
            await asyncio.to_thread(self._readers.shutdown)
            for connection in self._opened:
                connection.close()
        self._free_lock()

    def _free_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def write(self, unit: Unit[T]) -> T:
        return await self._queued(unit, None)

    def _queued(self, unit: Unit[T], over: Callable[[T | None], None] | None) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(unit, future, loop, over)
        if self._writer is None:
            job.error = StoreUnavailable("the store is not open")
            job.deliver()
        else:
            self._jobs.put(job)  # type: ignore[arg-type]
        return future

    async def read(self, unit: Unit[T]) -> T:
        assert self._readers is not None
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, unit)

    async def accept(self, draft: Draft, decide: Decide, lease: Lease | None, over: Over = nothing_more) -> Acceptance:
        context = copy_context()
        return await self._queued(accept(draft, decide, lease), lambda done: context.run(over, done))

    async def settle(self, settlement: Settlement) -> Settled:
        return await self.write(settle(settlement))

    async def horizon(self) -> Standing:
        return await self.read(last_event())

    def now(self) -> int:
        return now_micros()

    def listen(self, hear: Callable[[str], None]) -> None:
        """There is no other process."""

    def say(self, words: str) -> None:
        """There is nobody to tell."""

    async def ping(self) -> None:
        await self.write(_nothing())

    def _read(self, unit: Unit[T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self._path)
            connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            self._opened.append(connection)
        cursor = connection.cursor()
        try:
            cursor.execute("BEGIN")
            return run(cursor, unit)
        except sqlite3.DatabaseError as error:
            known = _known(error)
            raise known from None if known is error else error
        finally:
            if connection.in_transaction:
                connection.rollback()

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        """Wait for the first unit, take what else is waiting, and commit all of it together."""
        stopping = False
        while not stopping:
            batch: list[_Job[object]] = []
            job = self._jobs.get()
            while True:
                if job is None:
                    stopping = True
                    break
                batch.append(job)
                if len(batch) == BATCH or self._jobs.empty():
                    break
                job = self._jobs.get()
            if batch:
                _commit(connection, batch)
                _deliver(batch)
        connection.close()


def _commit(connection: sqlite3.Connection, batch: Sequence[_Job[object]]) -> None:
    """One transaction for the batch, a savepoint for each unit, so that one that fails does not undo its neighbours."""
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN IMMEDIATE")
        for job in batch:
            cursor.execute("SAVEPOINT unit")
            try:
                job.result = run(cursor, job.unit)
            except BaseException as error:  # the unit's own error is its caller's, whatever it is
                job.error = _known(error)
                cursor.execute("ROLLBACK TO unit")
            cursor.execute("RELEASE unit")
        cursor.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.rollback()
        for job in batch:
            job.error = StoreUnavailable(str(error))


def _known(error: BaseException) -> BaseException:
    """The file's troubles as ours; a violated key is for the caller of the unit, and a faulty unit is a fault."""
    faulty = sqlite3.IntegrityError | sqlite3.ProgrammingError
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, faulty):
        return StoreUnavailable(str(error))
    return error


def _deliver(batch: Sequence[_Job[object]]) -> None:
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


def _nothing() -> Unit[None]:
    return
    yield


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path}: {error}") from error
    connection.row_factory = sqlite3.Row
    return connection


def _take_lock(path: Path) -> int:
    """A file lock, which the system frees when the process dies."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise AlreadyServed(path) from error
    return lock
