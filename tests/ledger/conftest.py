"""A migrated store for each test: SQLite in a file of its own, PostgreSQL in a database of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from app.ledger.migrate import migrate
from app.ledger.postgres import PostgresStore
from app.ledger.sqlite import SqliteStore
from app.ledger.store import Store

NO_TIME = "CREATE OR REPLACE FUNCTION orderbridge_now() RETURNS bigint LANGUAGE sql AS $$ SELECT NULL::bigint $$"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without rows, made once per test process."""
    path = tmp_path_factory.mktemp("ledger") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "ledger.db"))


@pytest_asyncio.fixture
async def sqlite_store(sqlite_file: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(sqlite_file, owner=True)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def told_time(postgres_database: str) -> str:
    """A database that leaves the time to its caller, as SQLite does: the tests of the ledger tell it themselves."""
    asyncio.run(tell_no_time(postgres_database))
    return postgres_database


async def tell_no_time(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(NO_TIME)
    await connection.close()


@pytest_asyncio.fixture
async def postgres_store(told_time: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(told_time)
    await store.open()
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def another_store(request: pytest.FixtureRequest) -> Callable[[], Store]:
    """A new store object on the test's one database, as another process would have it; the test opens and closes it."""
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("sqlite_file")
        return lambda: SqliteStore(path, owner=False)
    url: str = request.getfixturevalue("told_time")
    return lambda: PostgresStore(url)


@pytest_asyncio.fixture
async def store(another_store: Callable[[], Store]) -> AsyncIterator[Store]:
    opened = another_store()
    await opened.open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def peer(another_store: Callable[[], Store]) -> AsyncIterator[Store]:
    """A second store on the database of `store`: two processes in one test."""
    opened = another_store()
    await opened.open()
    yield opened
    await opened.close()
