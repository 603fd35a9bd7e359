"""A migrated store for each test: SQLite in a file of its own, PostgreSQL in a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from app.ledger.migrate import migrate
from app.ledger.postgres import PostgresStore
from app.ledger.sqlite import SqliteStore
from app.ledger.store import Store


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


@pytest_asyncio.fixture
async def postgres_store(postgres_database: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(postgres_database)
    await store.open()
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def another_store(request: pytest.FixtureRequest) -> Callable[[], Store]:
    """A new store object on the test's one database, as another process would have it; the test opens and closes it."""
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("sqlite_file")
        return lambda: SqliteStore(path, owner=False)
    url: str = request.getfixturevalue("postgres_database")
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
