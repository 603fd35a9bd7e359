"""Stores that are not open: asked all the same, opened in vain, closed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from app.ledger import clients
from app.ledger.migrate import migrate
from app.ledger.postgres import PostgresStore
from app.ledger.sqlite import SqliteStore
from app.ledger.store import NOT_OPEN, Store, StoreUnavailable


async def refused(store: Store) -> list[str]:
    """What each way to the database says."""
    said: list[str] = []
    for way in (store.write, store.read, store.look):
        with pytest.raises(StoreUnavailable) as caught:
            await way(clients.find("acme-app"))
        said.append(str(caught.value))
    return said


async def test_a_store_that_is_not_open_says_so_in_every_way(another_store: Callable[[], Store]) -> None:
    store = another_store()
    assert await refused(store) == [NOT_OPEN] * 3
    await store.open()
    await store.close()
    assert await refused(store) == [NOT_OPEN] * 3


async def test_a_file_that_cannot_be_opened_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)):
        store = SqliteStore(path, owner=True)
        with pytest.raises(StoreUnavailable, match="no such table"):
            await store.open()
    assert await refused(store) == [NOT_OPEN] * 3
    assert [one.name for one in threading.enumerate() if one.name.startswith("ledger-")] == []
    migrate(f"sqlite:///{path}")
    second = SqliteStore(path, owner=True)
    await second.open()
    await second.close()


async def test_a_database_that_cannot_be_opened_is_let_go_of(postgres_url: str) -> None:
    store = PostgresStore(postgres_url)
    with pytest.raises(asyncpg.UndefinedFunctionError, match="orderbridge_now"):
        await store.open()
    assert await refused(store) == [NOT_OPEN] * 3
    admin = await asyncpg.connect(postgres_url)
    left = await admin.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await admin.close()
    assert left == 0
