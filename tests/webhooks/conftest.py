"""A bench on each store, and a receiver on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from app.ledger.open import open_store
from app.ledger.store import Store
from tests.webhooks.bench import Bench
from tests.webhooks.receiver import Receiver


@pytest_asyncio.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    """A store with the client `acme-app` of the tenant `acme`."""
    store = open_store(database, folder=Path(), owner=False)
    await store.open()
    made = Bench(store=store)
    await made.client()
    yield made
    for webhooks in made.made:
        await webhooks.stop()
    await store.close()


@pytest_asyncio.fixture
async def peer(database: str, bench: Bench) -> AsyncIterator[Store]:
    """The same database, as another process has it."""
    store = open_store(database, folder=Path(), owner=False)
    await store.open()
    yield store
    for webhooks in bench.made:
        await webhooks.stop()
    bench.made.clear()
    await store.close()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made
