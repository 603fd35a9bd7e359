"""What the ledger forgets with time, and what it never forgets, on both stores with a clock that the test sets."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import bindparam, update

from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger.records import Accepted, Refused, Replayed
from app.ledger.retention import DAY, Retention
from app.ledger.sql import Sql
from app.ledger.store import Store
from app.ledger.tables import HOLD
from tests.ledger.scenes import (
    APPLIED,
    NOW,
    REFUSED,
    begun,
    draft,
    execute,
    lease,
    op_id,
    passes,
    queued,
    refuses,
    rows_of,
    settlement,
)

KEPT = Retention(key_days=7, answer_days=3, reference_days=30, event_days=60)
CLOSE_HOLDS = Sql(update(HOLD).values(closed_at=bindparam("now")))


async def clear(store: Store, *, days: float, most: int = 1_000) -> dict[str, int]:
    """One batch of each kind, so many days after NOW; those that found something."""
    units = KEPT.units(now=NOW + round(days * DAY), most=most)
    found = {kind: await store.write(unit) for kind, unit in units.items()}
    return {kind: count for kind, count in found.items() if count}


async def ended(store: Store, n: int, *, at: int = NOW, reference: str | None = None, refused: bool = False) -> None:
    """The nth write, of an order of its own, accepted at NOW and final at `at`."""
    accepted = await store.accept(draft(n, number=str(n), reference=reference), passes(), lease())
    assert isinstance(accepted, Accepted)
    to, ending = (State.refused, REFUSED) if refused else (State.applied, APPLIED)
    await store.settle(settlement(accepted.claim, accepted.operation, to, now=at, ending=ending))


async def keys(store: Store) -> list[object]:
    return [row["key"] for row in await rows_of(store, "idempotency_key")]


async def test_a_key_lives_a_week_from_the_end_of_its_operation(store: Store) -> None:
    await ended(store, 1, at=NOW + SECOND)
    await ended(store, 2, at=NOW + 2 * DAY)
    assert "keys" not in await clear(store, days=7)
    assert (await clear(store, days=7.1))["keys"] == 1
    assert await keys(store) == [f"key-{2:016}"]
    assert "keys" not in await clear(store, days=8.9)
    assert (await clear(store, days=9))["keys"] == 1
    assert [row["id"] for row in await rows_of(store, "operation")] == [op_id(1), op_id(2)]


async def test_a_kept_refusal_lives_a_week_from_its_request(store: Store) -> None:
    refused = await store.accept(draft(1), refuses(), None)
    assert isinstance(refused, Refused)
    assert await clear(store, days=6.9) == {}
    assert isinstance(await store.accept(draft(1), passes(), None), Replayed)
    assert await clear(store, days=7) == {"keys": 1}
    assert isinstance(await store.accept(draft(1), passes(), None), Accepted)


@pytest.mark.parametrize("state", [State.queued, State.sending, State.unknown, State.held])
async def test_nothing_of_an_operation_that_is_not_final_is_forgotten(state: State, store: Store) -> None:
    if state is State.queued:
        await queued(store, 1)
    else:
        accepted = await begun(store, 1)
        if state is not State.sending:
            await store.settle(settlement(accepted.claim, accepted.operation, state))
    assert {kind for kind in await clear(store, days=5_000)} <= {"events"}
    assert isinstance(await store.accept(draft(1), passes(), None), Replayed)


async def test_nothing_of_the_cause_of_an_open_hold_is_forgotten_until_it_is_closed(store: Store) -> None:
    accepted = await store.accept(draft(1, reference="job-1"), passes(), lease())
    assert isinstance(accepted, Accepted)
    await queued(store, 2)
    step = settlement(accepted.claim, accepted.operation, State.refused, ending=REFUSED, hold_id="hold_1")
    await store.settle(step)
    assert [row["closed_at"] for row in await rows_of(store, "order_hold")] == [None]
    assert {kind for kind in await clear(store, days=5_000)} <= {"events"}
    replayed = await store.accept(draft(1, reference="job-1"), passes(), None)
    assert isinstance(replayed, Replayed)
    assert replayed.operation is not None
    assert (replayed.operation.answer_body, replayed.operation.client_reference) == (REFUSED.answer_body, "job-1")
    await store.write(execute(CLOSE_HOLDS, now=NOW))
    assert await clear(store, days=5_000) == {"keys": 1, "answers": 1, "references": 1}


async def test_an_answer_is_dropped_and_the_key_and_the_outcome_stay(store: Store) -> None:
    await ended(store, 1)
    assert await clear(store, days=2.9) == {}
    assert await clear(store, days=3) == {"answers": 1}
    replayed = await store.accept(draft(1), passes(), None)
    assert isinstance(replayed, Replayed)
    assert replayed.operation is not None
    assert (replayed.operation.state, replayed.operation.answer_status, replayed.operation.answer_body) == (
        State.applied,
        201,
        None,
    )
    assert await clear(store, days=3) == {}


async def test_a_client_reference_protects_long_after_the_key(store: Store) -> None:
    await ended(store, 1, reference="job-1")
    assert (await clear(store, days=8))["keys"] == 1
    with pytest.raises(Exception, match="used"):
        await store.accept(draft(2, number="2", reference="job-1"), passes(), None)
    assert await clear(store, days=29.9) == {}
    assert await clear(store, days=30) == {"references": 1}
    assert isinstance(await store.accept(draft(2, number="2", reference="job-1"), passes(), None), Accepted)


async def test_events_go_by_their_own_time_and_the_newest_stays(store: Store) -> None:
    await ended(store, 1, at=NOW)
    await ended(store, 2, at=NOW + 10 * DAY)
    await clear(store, days=59.9)
    assert len(await rows_of(store, "event")) == 2
    assert (await clear(store, days=60))["events"] == 1
    assert [row["operation_id"] for row in await rows_of(store, "event")] == [op_id(2)]
    assert "events" not in await clear(store, days=5_000)


async def test_a_batch_takes_the_oldest_and_no_more_than_it_may(store: Store) -> None:
    for n in range(1, 8):
        await ended(store, n, at=NOW + n * SECOND, reference=f"job-{n}")
    for left in (4, 1):
        assert await clear(store, days=100, most=3) == {"keys": 3, "answers": 3, "references": 3, "events": 3}
        assert len(await keys(store)) == left
        kept = [row["id"] for row in await rows_of(store, "operation") if row["answer_body"] is not None]
        assert kept == [op_id(n) for n in range(8 - left, 8)]
    assert await clear(store, days=100, most=3) == {"keys": 1, "answers": 1, "references": 1}
    assert len(await rows_of(store, "event")) == 1
    assert await clear(store, days=100, most=3) == {}


async def test_what_has_to_stay_does_not_stand_in_the_way_of_what_may_go(store: Store) -> None:
    for n in range(1, 6):
        await begun(store, n, number=str(n))
    await ended(store, 6)
    assert await clear(store, days=8, most=2) == {"keys": 1, "answers": 1}


async def test_two_gateways_that_clear_at_once_share_the_work(store: Store, peer: Store) -> None:
    for n in range(1, 21):
        await ended(store, n)
    found = await asyncio.gather(*[clear(one, days=8, most=10) for one in (store, peer)])
    rest = await clear(store, days=8)
    assert sum(one.get("keys", 0) for one in (*found, rest)) == 20
    assert await keys(store) == []
