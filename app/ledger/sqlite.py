"""The ledger on SQLite: one writer thread with group commit at synchronous=FULL, one for short looks, readers for the rest.

Every writing transaction begins with BEGIN IMMEDIATE; without it updates are lost in silence.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

from app.domain.times import now_micros
from app.ledger.accept import accept
from app.ledger.horizon import Standing, last_event
from app.ledger.lanes import take_over
from app.ledger.records import Acceptance, Decide, Draft, Lease, Settled, Settlement
from app.ledger.rounds import ping
from app.ledger.sql import Unit
from app.ledger.sqlite_jobs import Job, batches, commit, deliver, job_of, known, look, run
from app.ledger.sqlite_sql import place_in_one, settle_in_one, take_steps
from app.ledger.store import NOT_OPEN, Over, StoreUnavailable, nothing_more

T = TypeVar("T")

READERS = 4
PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY")
"""The last keeps what a savepoint may have to undo in memory: in a file it was as many writes again as the ledger's own."""


class AlreadyServed(Exception):
    """Another `orderbridge serve` works on this SQLite file."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another orderbridge serves {path}; one SQLite file takes one gateway. Stop it, or use PostgreSQL."
        )


class SqliteStore:
    """One SQLite file. `owner=True` takes the file's lock and frees what a dead owner had leased."""

    sole_owner = True

    def __init__(self, path: Path, *, owner: bool) -> None:
        self._path = path
        self._owner = owner
        self._jobs: queue.SimpleQueue[Job[object] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._looks: queue.SimpleQueue[Job[object] | None] = queue.SimpleQueue()
        self._looker: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock: int | None = None

    async def open(self) -> None:
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> None:
        if self._owner:
            self._lock = _take_lock(self._path)
        connection = _connect(self._path)
        take_steps(connection)
        self._writer = threading.Thread(target=self._write_loop, args=(connection,), name="ledger-writer", daemon=True)
        self._writer.start()
        self._looker = threading.Thread(target=self._look_loop, name="ledger-looker", daemon=True)
        self._looker.start()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="ledger-reader")
        if self._owner:
            await self.write(take_over())

    async def close(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            self._jobs.put(None)
            await asyncio.to_thread(writer.join)
        if self._looker is not None:
            looker, self._looker = self._looker, None
            self._looks.put(None)
            await asyncio.to_thread(looker.join)
        if self._readers is not None:
            readers, self._readers = self._readers, None
            await asyncio.to_thread(readers.shutdown)
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def write(self, unit: Unit[T]) -> T:
        return await self._queued(unit, None)

    def _queued(self, unit: Unit[T], over: Callable[[T | None], None] | None) -> asyncio.Future[T]:
        job = job_of(unit, over)
        if self._writer is None:
            job.refuse()
        else:
            self._jobs.put(job)  # type: ignore[arg-type]
        return job.future

    async def look(self, unit: Unit[T]) -> T:
        job = job_of(unit)
        if self._looker is None:
            job.refuse()
        else:
            self._looks.put(job)  # type: ignore[arg-type]
        return await job.future

    async def read(self, unit: Unit[T]) -> T:
        if self._readers is None:
            raise StoreUnavailable(NOT_OPEN)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, unit)

    async def accept(self, draft: Draft, decide: Decide, lease: Lease | None, over: Over = nothing_more) -> Acceptance:
        context = copy_context()
        return await self._queued(accept(draft, decide, lease, place_in_one), lambda done: context.run(over, done))

    async def settle(self, settlement: Settlement) -> Settled:
        return await self.write(settle_in_one(settlement))

    async def horizon(self) -> Standing:
        return await self.read(last_event())

    def now(self) -> int:
        return now_micros()

    def listen(self, hear: Callable[[str], None]) -> None:
        """There is no other process."""

    def say(self, words: str) -> None:
        """There is nobody to tell."""

    async def ping(self) -> None:
        await self.write(ping())

    def _read(self, unit: Unit[T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _connect_to_read(self._path)
            self._opened.append(connection)
        cursor = connection.cursor()
        try:
            cursor.execute("BEGIN")
            return run(cursor, unit)
        except sqlite3.DatabaseError as error:
            told = known(error)
            raise told from None if told is error else error
        finally:
            if connection.in_transaction:
                connection.rollback()

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        """Wait for the first unit, take what else is waiting, and commit all of it together."""
        for batch in batches(self._jobs):
            commit(connection, batch)
            deliver(batch)
        connection.close()

    def _look_loop(self) -> None:
        """The same for looks: what waits together is looked up in one transaction, begun after the last of it came."""
        connection: sqlite3.Connection | None = None
        for batch in batches(self._looks):
            try:
                connection = connection or _connect_to_read(self._path)
                look(connection, batch)
            except (sqlite3.Error, StoreUnavailable) as error:
                for job in batch:
                    job.error = known(error)
            deliver(batch)
        if connection is not None:
            connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path}: {error}") from error
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    connection.execute("PRAGMA query_only=ON")
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
