"""What drives the ledger's units in the model: each in a savepoint, undone when it fails, and a whole life undone at its end."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Protocol, TypeVar

import asyncpg

from app.ledger import postgres
from app.ledger.sql import Unit
from app.ledger.sqlite_jobs import run

T = TypeVar("T")

Refusal = (sqlite3.IntegrityError, asyncpg.CheckViolationError)
"""What the databases call a step that they do not take."""


class Engine(Protocol):
    """One of the two databases, with the ledger's tables in it."""

    def begin(self) -> None:
        """A life begins: there are no rows."""

    def run(self, unit: Unit[T]) -> T:
        """One unit, or nothing of it."""

    def end(self) -> None:
        """The life is over, and nothing of it stays."""


class SqliteEngine:
    """SQLite in memory, as the store's writer drives it."""

    def __init__(self, template: bytes) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
        self._connection.deserialize(template)
        self._connection.row_factory = sqlite3.Row
        self._cursor = self._connection.cursor()

    def begin(self) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")

    def run(self, unit: Unit[T]) -> T:
        self._cursor.execute("SAVEPOINT unit")
        try:
            return run(self._cursor, unit)
        except BaseException:
            self._cursor.execute("ROLLBACK TO unit")
            raise
        finally:
            self._cursor.execute("RELEASE unit")

    def end(self) -> None:
        self._cursor.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


class PostgresEngine:
    """PostgreSQL on one connection, with the statements as the store sends them."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection: asyncpg.Connection = self._loop.run_until_complete(asyncpg.connect(url))

    def begin(self) -> None:
        self._loop.run_until_complete(self._connection.execute("BEGIN"))

    def run(self, unit: Unit[T]) -> T:
        return self._loop.run_until_complete(self._run(unit))

    async def _run(self, unit: Unit[T]) -> T:
        await self._connection.execute("SAVEPOINT unit")
        try:
            done = await postgres._run(self._connection, unit)
        except BaseException:
            await self._connection.execute("ROLLBACK TO unit; RELEASE unit")
            raise
        await self._connection.execute("RELEASE unit")
        return done

    def end(self) -> None:
        self._loop.run_until_complete(self._connection.execute("ROLLBACK"))

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()
