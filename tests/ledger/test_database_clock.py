"""Leases by PostgreSQL's own clock: a process whose clock is an hour off neither steals a lease nor keeps one too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.domain.holds import Action
from app.domain.operations import Operation, State
from app.domain.times import SECOND
from app.ledger import holds, lanes
from app.ledger.postgres import PostgresStore
from app.ledger.records import Accepted, Claim, Lease, Settled
from app.ledger.sql import Sql, Unit
from tests.ledger.scenes import BACKEND, draft, op_id, operation, order_row, passes, settlement
from tests.ledger.stops import HOLD, said, word

HOUR = 3600 * SECOND
LONG, SHORT = 35 * SECOND, 300_000
TIME = Sql(text("SELECT orderbridge_now() AS at"))
LEASE_IT = Sql(text("UPDATE work_order SET lease_owner = 'there', lease_until = orderbridge_now() + 35000000"))


@dataclass(frozen=True)
class Process:
    """A gateway on the shared database, with a clock of its own."""

    store: PostgresStore
    off: int = 0

    async def now(self) -> int:
        return await database_time(self.store) + self.off

    async def lease(self, length: int) -> Lease:
        now = await self.now()
        return Lease(owner="here", until=now + length, deadline_at=now + length)

    async def claimed(self, length: int = LONG) -> list[Claim]:
        now = await self.now()
        lease = Lease(owner="here", until=now + length, deadline_at=now + length)
        return await self.store.write(lanes.claim(BACKEND, now=now, lease=lease, most=10))

    async def accepted(self, n: int, length: int | None = None) -> Accepted:
        now = await self.now()
        wanted = None if length is None else Lease(owner="here", until=now + length, deadline_at=now + length)
        found = await self.store.accept(draft(n, now=now), passes(), wanted)
        assert isinstance(found, Accepted)
        return found

    async def began(self, claim: Claim, head: Operation, length: int) -> Operation:
        now = await self.now()
        lease = Lease(owner="here", until=now + length, deadline_at=now + length)
        return await self.store.write(
            lanes.begin(claim, head, target_code="11", previous_code=None, lease=lease, now=now)
        )

    async def settled(self, claim: Claim, of: Operation, to: State, length: int = LONG) -> Settled:
        now = await self.now()
        step = replace(settlement(claim, of, to, now=now, ready_at=now), lease_until=now + length)
        return await self.store.settle(step)


def told(statement: Sql) -> Unit[int | None]:
    rows = yield statement, {}
    at = rows[0]["at"] if rows else None
    assert at is None or isinstance(at, int)
    return at


async def database_time(store: PostgresStore) -> int:
    at = await store.read(told(TIME))
    assert at is not None
    return at


@pytest_asyncio.fixture
async def right(postgres_database: str) -> AsyncIterator[Process]:
    """A process whose clock is right."""
    store = PostgresStore(postgres_database)
    await store.open()
    yield Process(store)
    await store.close()


@pytest_asyncio.fixture(params=[-HOUR, HOUR], ids=["an hour behind", "an hour ahead"])
async def wrong(postgres_database: str, request: pytest.FixtureRequest) -> AsyncIterator[Process]:
    """One whose clock is not."""
    store = PostgresStore(postgres_database)
    await store.open()
    yield Process(store, request.param)
    await store.close()


async def take(process: Process, how: str, length: int) -> None:
    """Lease the order's queue, in the way that is named."""
    if how == "at once":
        assert (await process.accepted(1, length)).claim is not None
        return
    waiting = (await process.accepted(1)).operation
    await process.accepted(2)
    # the queue is made ready by the database's clock, so that it is the lease alone that is tried here
    await process.store.write(told(Sql(text("UPDATE work_order SET ready_at = 0 RETURNING ready_at AS at"))))
    [claim] = await process.claimed(length if how == "claim" else LONG)
    if how == "claim":
        return
    began = await process.began(claim, waiting, length if how == "begin" else LONG)
    if how == "settle":
        assert (await process.settled(claim, began, State.applied, length)).more
    if how == "verify":
        await process.settled(claim, began, State.unknown)
        await process.store.write(told(Sql(text("UPDATE work_order SET ready_at = 0 RETURNING ready_at AS at"))))
        [claim] = await process.claimed()
        lost = replace(began, state=State.unknown)
        now = await process.now()
        lease = Lease(owner="here", until=now + length, deadline_at=now + length)
        await process.store.write(lanes.verify(claim, lost, lease=lease, now=now))


WAYS = ("at once", "claim", "begin", "settle", "verify")


@pytest.mark.parametrize("how", WAYS)
async def test_a_lease_ends_by_the_database_s_clock_whatever_the_process_s_own_says(wrong: Process, how: str) -> None:
    before = await database_time(wrong.store)
    await take(wrong, how, LONG)
    after = await database_time(wrong.store)
    lease_until = (await order_row(wrong.store))["lease_until"]
    assert isinstance(lease_until, int)
    assert before + LONG <= lease_until <= after + LONG


@pytest.mark.parametrize("how", WAYS)
async def test_a_process_whose_clock_is_wrong_takes_nothing_from_another(
    right: Process, wrong: Process, how: str
) -> None:
    await take(right, how, LONG)
    fence = (await order_row(right.store))["fence"]
    assert await wrong.claimed() == []
    assert (await wrong.accepted(7, LONG)).claim is None
    assert not await wrong.store.write(holds.look_again(operation(1, state=State.unknown), now=await wrong.now()))
    order = await order_row(right.store)
    assert (order["fence"], order["lease_owner"]) == (fence, "here")


async def test_a_write_that_finds_a_leased_queue_empty_does_not_begin_at_once(right: Process, wrong: Process) -> None:
    first = await right.accepted(1, LONG)
    assert first.claim is not None
    await right.settled(first.claim, first.operation, State.applied)
    await right.store.write(told(LEASE_IT))
    accepted = await wrong.accepted(2, LONG)
    assert (accepted.claim, accepted.operation.state, accepted.operation.seq) == (None, State.queued, 2)


@pytest.mark.parametrize("how", WAYS)
async def test_a_process_whose_clock_is_wrong_keeps_no_queue_beyond_its_lease(
    right: Process, wrong: Process, how: str, request: pytest.FixtureRequest
) -> None:
    await take(wrong, how, SHORT)
    lease_until = (await order_row(right.store))["lease_until"]
    assert isinstance(lease_until, int)
    while (left := lease_until - await database_time(right.store)) > 0:
        await asyncio.sleep(left / SECOND)
    assert [claim.number for claim in await right.claimed()] == [draft(1).number]


async def test_what_a_person_frees_is_free_for_everybody_at_once(right: Process, wrong: Process) -> None:
    first = await wrong.accepted(1, LONG)
    await wrong.accepted(2)
    assert first.claim is not None
    now = await wrong.now()
    await wrong.store.settle(settlement(first.claim, first.operation, State.held, now=now, hold_id=HOLD))
    await said(right.store, HOLD, replace(word(Action.skip), now=await right.now()))
    [claim] = await right.claimed()
    assert getattr(await right.store.read(lanes.head(claim)), "id", None) == op_id(2)


async def test_the_store_tells_the_database_s_time(postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the times that a gateway writes are the database's own, wherever the gateway's clock stands."""
    monkeypatch.setattr("app.ledger.server_clock.now_micros", lambda: 0)
    store = PostgresStore(postgres_database)
    await store.open()
    before, now, after = await database_time(store), store.now(), await database_time(store)
    await store.close()
    assert before - SECOND // 10 <= now <= after + SECOND // 10
