"""Queues worked on by two processes at once: no queue has two workers, and no write is ever stranded."""

from __future__ import annotations

import asyncio
from collections import Counter

import asyncpg
import pytest

from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import lanes
from app.ledger.postgres import PostgresStore
from app.ledger.records import Acceptance, Accepted, Claim, Fenced, Settled
from app.ledger.store import Store
from tests.ledger.scenes import (
    BACKEND,
    NOW,
    NUMBER,
    begun,
    claimed,
    draft,
    everything,
    lease,
    passes,
    queued,
    rows_of,
    settlement,
)


async def test_claimers_never_get_the_same_queue(store: Store, peer: Store) -> None:
    await asyncio.gather(*[queued(store, n, number=f"{n:03}") for n in range(60)])

    async def take_all(from_: Store, owner: str) -> list[str]:
        taken: list[str] = []
        while claims := await claimed(from_, owner=owner, most=3):
            taken += [claim.number for claim in claims]
        return taken

    hands = await asyncio.gather(*[take_all((store, peer)[n % 2], f"w{n}") for n in range(6)])
    assert Counter(number for hand in hands for number in hand) == Counter(f"{n:03}" for n in range(60))
    owners = {str(row["number"]): row["lease_owner"] for row in await rows_of(store, "work_order")}
    assert owners == {number: f"w{n}" for n, hand in enumerate(hands) for number in hand}


async def test_one_ready_queue_goes_to_one_of_many_claimers(store: Store, peer: Store) -> None:
    for n in range(1, 11):
        await queued(store, n, number=f"{n}")
        hands = await asyncio.gather(*[claimed((store, peer)[w % 2], owner=f"w{w}") for w in range(6)])
        assert [claim.number for hand in hands for claim in hand] == [f"{n}"]


async def test_of_an_acceptance_and_a_claim_at_once_only_the_claim_gets_a_queue_with_a_write_in_it(
    store: Store, peer: Store
) -> None:
    for n in range(1, 21):
        number = f"{n:03}"
        await store.accept(draft(2 * n, number=number, now=NOW + n), passes(), None)
        accepted, claims = await asyncio.gather(
            store.accept(draft(2 * n + 1, number=number, now=NOW + n), passes(), lease()),
            claimed(peer, owner="there", now=NOW + n),
        )
        claims += await claimed(peer, owner="there", now=NOW + n)  # the first may have passed over the locked row
        assert isinstance(accepted, Accepted)
        assert (accepted.claim, accepted.operation.seq) == (None, 2)
        assert claims == [Claim(backend=BACKEND, number=number, fence=1)]


async def test_the_same_settling_twice_at_once_counts_once(store: Store, peer: Store) -> None:
    for n in range(1, 21):
        first = await begun(store, 2 * n, number=f"{n}")
        await queued(store, 2 * n + 1, number=f"{n}")
        step = settlement(first.claim, first.operation, State.applied)
        outcomes = await asyncio.gather(store.settle(step), peer.settle(step), return_exceptions=True)
        assert Counter(type(each) for each in outcomes) == {Settled: 1, Fenced: 1}
    assert {(row["open_count"], row["event_seq"]) for row in await rows_of(store, "work_order")} == {(1, 1)}
    assert len(await rows_of(store, "event")) == 20


async def test_a_worker_and_the_one_that_takes_its_queue_over_never_both_settle(store: Store, peer: Store) -> None:
    for n in range(1, 21):
        first = await begun(store, n, number=f"{n}")
        step = settlement(first.claim, first.operation, State.applied, now=NOW + 60 * SECOND)
        settled, claims = await asyncio.gather(
            store.settle(step), claimed(peer, owner="there", now=NOW + 60 * SECOND), return_exceptions=True
        )
        assert isinstance(claims, list)
        assert (isinstance(settled, Settled), len(claims)) in {(True, 0), (False, 1)}


async def test_a_queue_put_back_while_a_write_joins_it_strands_nothing(store: Store, peer: Store) -> None:
    """As one statement this lost writes on PostgreSQL: it waited for the row and then judged by what it had seen before."""
    first = await begun(store, 1)
    claim, last = first.claim, first.operation
    for n in range(2, 42):
        await store.settle(settlement(claim, last, State.applied))
        assert claim is not None
        accepted, _ = await asyncio.gather(
            store.accept(draft(n), passes(), None), peer.write(lanes.put_back(claim, ready_at=None))
        )
        [claim] = await claimed(store)
        head = await store.read(lanes.head(claim))
        assert head is not None
        assert head == getattr(accepted, "operation", None)
        last = await store.write(lanes.begin(claim, head, target_code="11", previous_code=None, lease=lease(), now=NOW))


@pytest.mark.parametrize("accept_first", [True, False])
async def test_a_queue_put_back_behind_a_lock_sees_the_write_that_came_before_it(
    postgres_store: PostgresStore, postgres_database: str, accept_first: bool
) -> None:
    first = await begun(postgres_store, 1)
    await postgres_store.settle(settlement(first.claim, first.operation, State.applied))
    assert first.claim is not None
    locker = await asyncpg.connect(postgres_database)
    lock = locker.transaction()
    await lock.start()
    await locker.execute("SELECT 1 FROM work_order FOR UPDATE")

    async def waiting(most: int) -> None:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        async with asyncio.timeout(10):
            while await locker.fetchval(asked) < most:
                await locker.execute("SELECT pg_stat_clear_snapshot()")  # else it stands still in our transaction

    joins = asyncio.ensure_future(postgres_store.accept(draft(2), passes(), None)) if accept_first else None
    await waiting(int(accept_first))
    rests = asyncio.ensure_future(postgres_store.write(lanes.put_back(first.claim, ready_at=None)))
    await waiting(1 + accept_first)
    if joins is None:
        joins = asyncio.ensure_future(postgres_store.accept(draft(2), passes(), None))
        await waiting(2)
    await lock.commit()
    await locker.close()
    await asyncio.gather(joins, rests)
    assert [claim.number for claim in await claimed(postgres_store)] == [NUMBER]


async def test_a_refusal_and_an_acceptance_at_once_leave_the_write_behind_the_hold_or_alone(
    store: Store, peer: Store
) -> None:
    """Whoever comes first: a write that joined before the refusal is held, one that came after it is the correction."""
    seen: set[tuple[object, ...]] = set()
    for n in range(1, 31):
        number = f"{n:03}"
        first = await begun(store, 2 * n, number=number)
        refused = settlement(first.claim, first.operation, State.refused, hold_id=f"hold_{n}")
        outcomes: tuple[Settled, Acceptance] = await asyncio.gather(
            store.settle(refused), peer.accept(draft(2 * n + 1, number=number), passes(), None)
        )
        assert outcomes[0].more is False
        [order] = [row for row in await rows_of(store, "work_order") if row["number"] == number]
        seen.add((order["open_count"], order["held"], order["ready_at"], order["blocked_by"] == f"hold_{n}"))
    assert seen <= {(1, 1, None, True), (1, 0, NOW, False)}


async def test_many_workers_drain_many_queues_in_order(store: Store, peer: Store) -> None:
    """Four workers in two processes, ten orders, six writes each: every write is sent once and in its place."""
    for n in range(60):
        await queued(store, n, number=f"{n % 10}")
    sent: list[tuple[str, int]] = []

    async def work(at: Store, owner: str) -> None:
        while claims := await claimed(at, owner=owner, most=2):
            for claim in claims:
                await drain(at, claim)

    async def drain(at: Store, claim: Claim) -> None:
        for _ in range(4):
            head = await at.read(lanes.head(claim))
            if head is None:
                return
            began = await at.write(
                lanes.begin(claim, head, target_code="11", previous_code=None, lease=lease(), now=NOW)
            )
            sent.append((claim.number, began.seq))
            settled = await at.settle(settlement(claim, began, State.applied, now=NOW))
            if not settled.more:
                return
        await at.write(lanes.put_back(claim, ready_at=NOW))

    await asyncio.gather(*[work((store, peer)[n % 2], f"w{n}") for n in range(4)])
    assert {number: [seq for of, seq in sent if of == number] for number in map(str, range(10))} == {
        str(n): [1, 2, 3, 4, 5, 6] for n in range(10)
    }
    stored = await everything(store)
    assert {(row["open_count"], row["ready_at"], row["lease_owner"]) for row in stored["work_order"]} == {
        (0, None, None)
    }
    assert len(stored["attempt"]) == 60
    assert await store.read(lanes.next_ready(BACKEND)) is None
