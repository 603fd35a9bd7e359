"""How far the feed may be read while others write, on PostgreSQL with connections of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from app.ledger import feed
from app.ledger.feed import Horizon
from app.ledger.postgres import PostgresStore

LATER = "INSERT INTO event (at, backend, work_order, seq, type, source, data) VALUES (1, 'b', $1, $2, 't', 's', '{}')"


@dataclass(kw_only=True)
class Writer:
    """A connection that records an event as the ledger does: the order's place first, then the event."""

    connection: asyncpg.Connection
    transaction: Any = field(default=None)

    async def begin(self, order: str, seq: int = 1) -> int:
        """Draw an id within a transaction that stays open; gives the id."""
        self.transaction = self.connection.transaction()
        await self.transaction.start()
        await self.connection.execute(
            "INSERT INTO work_order (backend, number, vendor_ids, fields, late, changed_at, version, last_seq, open_count,"
            " held, lease_until, fence, event_seq) VALUES ('b', $1, '{}', '{}', 0, 1, 0, 0, 0, 0, 0, 0, $2)"
            " ON CONFLICT (backend, number) DO UPDATE SET event_seq = $2",
            order,
            seq,
        )
        return int(await self.connection.fetchval(LATER + " RETURNING id", order, seq))

    async def commit(self) -> None:
        await self.transaction.commit()

    async def roll_back(self) -> None:
        await self.transaction.rollback()


@pytest_asyncio.fixture
async def store(postgres_database: str) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(postgres_database)
    await opened.open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def writers(postgres_database: str) -> AsyncIterator[tuple[Writer, Writer]]:
    made = [Writer(connection=await asyncpg.connect(postgres_database)) for _ in range(2)]
    yield made[0], made[1]
    for one in made:
        await one.connection.close()


async def read(store: PostgresStore, horizon: Horizon, after: int = 0) -> list[int]:
    """The ids of the events that the feed gives now."""
    upto = await horizon.now()
    found = await store.read(feed.events(feed.EVERYONES, after=after, upto=upto, most=100))
    return [one.id for one in found]


async def test_an_empty_feed_stands_at_nothing(store: PostgresStore) -> None:
    assert await Horizon(store).now() == 0


async def test_a_transaction_that_drew_its_id_and_commits_late_is_not_skipped(
    store: PostgresStore, writers: tuple[Writer, Writer]
) -> None:
    slow, quick = writers
    horizon = Horizon(store)
    first = await slow.begin("late")
    second = await quick.begin("early")
    await quick.commit()
    assert (await read(store, horizon), second) == ([], first + 1)
    await slow.commit()
    assert await read(store, horizon) == [first, second]


async def test_one_that_began_last_and_has_nobody_after_it_is_waited_for(
    store: PostgresStore, writers: tuple[Writer, Writer]
) -> None:
    # Nothing with a later transaction id has completed: the snapshot's xmax lies at or below the writer's own id.
    slow, quick = writers
    horizon = Horizon(store)
    first = await quick.begin("early")
    second = await slow.begin("late")
    assert await horizon.now() == 0
    await quick.commit()
    assert await horizon.now() in (0, first)
    await slow.commit()
    assert await read(store, horizon) == [first, second]


async def test_a_rolled_back_transaction_does_not_stall_the_feed(
    store: PostgresStore, writers: tuple[Writer, Writer]
) -> None:
    broken, good = writers
    horizon = Horizon(store)
    lost = await broken.begin("lost")
    kept = await good.begin("kept")
    await good.commit()
    assert await read(store, horizon) == []
    await broken.roll_back()
    assert (await read(store, horizon), horizon.known) == ([kept], lost + 1)


async def test_a_rolled_back_transaction_alone_is_passed_over(
    store: PostgresStore, writers: tuple[Writer, Writer]
) -> None:
    broken, _ = writers
    lost = await broken.begin("lost")
    await broken.roll_back()
    assert await Horizon(store).now() == lost


async def test_a_long_transaction_of_another_database_delays_and_loses_nothing(
    store: PostgresStore, writers: tuple[Writer, Writer], postgres_url: str
) -> None:
    elsewhere = await asyncpg.connect(postgres_url)
    other = elsewhere.transaction()
    await other.start()
    await elsewhere.fetchval("SELECT txid_current()")
    writer, _ = writers
    horizon = Horizon(store)
    written = await writer.begin("ours")
    await writer.commit()
    assert await read(store, horizon) == []
    await other.commit()
    await elsewhere.close()
    assert await read(store, horizon) == [written]


async def test_the_feed_goes_on_while_there_is_always_somebody_writing(
    store: PostgresStore, writers: tuple[Writer, Writer]
) -> None:
    one, another = writers
    horizon = Horizon(store)
    await one.begin("one")
    seen: list[int] = []
    for n in range(1, 11):  # at no moment is nobody at work
        await another.begin(f"order {n}")
        await one.commit()
        seen += await read(store, horizon, after=seen[-1] if seen else 0)
        one, another = another, one
    await one.commit()
    seen += await read(store, horizon, after=seen[-1])
    assert seen == list(range(1, 12))


async def test_looks_at_the_same_moment_are_safe_each_by_itself(
    store: PostgresStore, writers: tuple[Writer, Writer]
) -> None:
    slow, quick = writers
    await slow.begin("late")
    await quick.begin("early")
    await quick.commit()
    standing = await asyncio.gather(*[store.horizon() for _ in range(20)])
    assert {one.settled for one in standing} == {0}
    await slow.commit()
    await asyncio.gather(*[store.horizon() for _ in range(20)])
    assert (await store.horizon()).settled == 2


async def test_all_who_ask_during_one_look_share_the_next(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = store.horizon

    async def counted() -> Any:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.02)
        return await look()

    monkeypatch.setattr(store, "horizon", counted)
    horizon = Horizon(store)
    assert await asyncio.gather(*[horizon.now() for _ in range(100)]) == [0] * 100
    assert looks == 2
