"""Readers of the feed while many write: each event once, and those of an order in the order of their numbers."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from app.domain.events import Event
from app.domain.times import SECOND
from app.ledger import feed, orders
from app.ledger.feed import EVERYONES, Horizon
from app.ledger.open import open_store
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, rows_of
from tests.ledger.test_observe import seen

WRITERS, EACH, ORDERS = 8, 250, 25


@dataclass(kw_only=True)
class Reader:
    """A client that keeps its cursor: what it was given, in order."""

    store: Store
    at: int = 0
    given: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.horizon = Horizon(self.store)

    async def poll(self) -> int:
        """One page; gives how many events it held."""
        upto = await self.horizon.now()
        found = await self.store.read(feed.events(EVERYONES, after=self.at, upto=upto, most=50))
        self.given += found
        self.at = found[-1].id if len(found) == 50 else max(self.at, upto)
        return len(found)

    async def poll_until(self, over: asyncio.Event) -> None:
        while await self.poll() or not over.is_set():
            await asyncio.sleep(0)


@pytest_asyncio.fixture
async def stores(database: str, tmp_path: Path) -> AsyncIterator[list[Store]]:
    """Two for the writers and one for the readers, as three processes would have them; on SQLite one for all."""
    async with AsyncExitStack() as stack:
        made: list[Store] = []
        for _ in range(1 if database.startswith("sqlite") else 3):
            store = open_store(database, folder=tmp_path, owner=False)
            await store.open()
            stack.push_async_callback(store.close)
            made.append(store)
        yield made * 3 if len(made) == 1 else made


async def write(store: Store, clock: Callable[[], int], dice: random.Random) -> None:
    """So many changes of orders that others change as well."""
    done = 0
    while done < EACH:
        moment = clock()
        shown = seen(str(dice.randrange(ORDERS)), code=str(moment % 1000), at=moment, title=str(moment))
        done += len(await store.write(orders.observe(BACKEND, [shown], source="poll", now=moment)))


async def test_two_readers_see_each_of_two_thousand_events_once_and_in_order(stores: list[Store]) -> None:
    over = asyncio.Event()
    ticks = itertools.count(NOW, SECOND // 1000)
    readers = [Reader(store=stores[2]), Reader(store=stores[0])]
    reading = [asyncio.create_task(reader.poll_until(over)) for reader in readers]
    await asyncio.gather(*[write(stores[n % 2], lambda: next(ticks), random.Random(n)) for n in range(WRITERS)])
    over.set()
    await asyncio.gather(*reading)
    stored = {(str(row["work_order"]), row["seq"]): row["id"] for row in await rows_of(stores[0], "event")}
    assert len(stored) == WRITERS * EACH
    for reader in readers:
        await reader.poll()
        assert {(one.work_order, one.seq): one.id for one in reader.given} == stored
        assert len(reader.given) == len(stored)
        for number in {one.work_order for one in reader.given}:
            order = [one.seq for one in reader.given if one.work_order == number]
            assert order == list(range(1, len(order) + 1))


@pytest.mark.parametrize("page", [1, 7])
async def test_small_pages_lose_nothing_at_their_edges(stores: list[Store], page: int) -> None:
    reader = stores[0]
    ticks = itertools.count(NOW, SECOND)
    for n in range(20):
        await write_one(reader, str(n % 3), next(ticks))
    upto = await Horizon(reader).now()
    given: list[int] = []
    while True:
        after = given[-1] if given else 0
        found = await reader.read(feed.events(EVERYONES, after=after, upto=upto, most=page))
        if not found:
            break
        given += [one.id for one in found]
    assert given == [row["id"] for row in await rows_of(reader, "event")]


async def write_one(store: Store, number: str, moment: int) -> None:
    shown = seen(number, at=moment, title=str(moment))
    assert len(await store.write(orders.observe(BACKEND, [shown], source="poll", now=moment))) == 1
