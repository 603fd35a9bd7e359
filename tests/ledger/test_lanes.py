"""The queue of one order: leased, worked on, put back, and leased again when its worker is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.operations import IllegalMove, State
from app.domain.times import SECOND
from app.ledger import lanes
from app.ledger.records import AttemptEnd, Claim, Fenced
from app.ledger.sqlite import SqliteStore
from app.ledger.store import Store
from tests.ledger.scenes import (
    BACKEND,
    BLANK_ORDER,
    NOW,
    NUMBER,
    begun,
    claimed,
    draft,
    everything,
    lease,
    op_id,
    operation,
    order_row,
    passes,
    queued,
    rows_of,
    settlement,
)


async def test_a_claim_leases_the_queue_and_raises_its_fence(store: Store) -> None:
    await queued(store, 1)
    assert await claimed(store, owner="w1") == [Claim(backend=BACKEND, number=NUMBER, fence=1)]
    assert await order_row(store) == {
        **BLANK_ORDER,
        "projected_code": "11",
        "projected_operation": op_id(1),
        "projected_tenant": "acme",
        "version": 2,
        "last_seq": 1,
        "open_count": 1,
        "ready_at": NOW,
        "lease_owner": "w1",
        "lease_until": NOW + 35 * SECOND,
        "fence": 1,
    }


async def test_a_claim_passes_over_queues_that_are_leased_not_ready_or_held(store: Store) -> None:
    await begun(store, 1, number="leased")
    waiting = await begun(store, 2, number="not ready")
    await store.settle(settlement(waiting.claim, waiting.operation, State.queued, ready_at=NOW + 30 * SECOND))
    held = await begun(store, 3, number="held")
    await queued(store, 4, number="held")
    await store.settle(settlement(held.claim, held.operation, State.refused, hold_id="hold_1"))
    resting = await begun(store, 5, number="resting")
    await store.settle(settlement(resting.claim, resting.operation, State.applied))
    await queued(store, 6, number="ready")
    assert [claim.number for claim in await claimed(store, now=NOW + 2 * SECOND)] == ["ready"]


async def test_the_queues_of_another_backend_are_not_claimed(store: Store) -> None:
    await store.accept(replace(draft(1), backend="erp"), passes(), None)
    assert await claimed(store) == []
    assert await store.read(lanes.next_ready(BACKEND)) is None
    assert await store.read(lanes.next_ready("erp")) == NOW


async def test_a_claim_takes_at_most_as_many_as_asked_the_longest_waiting_first(store: Store) -> None:
    for n, number in enumerate(("c", "a", "b", "d"), start=1):
        await store.accept(draft(n, number=number, now=NOW + n), passes(), None)
    first = await claimed(store, now=NOW + 10, most=2)
    then = await claimed(store, now=NOW + 10, most=2)
    none_left = await claimed(store, now=NOW + 10, most=2)
    assert [{claim.number for claim in claims} for claims in (first, then, none_left)] == [
        {"c", "a"},
        {"b", "d"},
        set(),
    ]


async def test_a_queue_whose_lease_ran_out_is_claimed_again_with_a_higher_fence(store: Store) -> None:
    await begun(store, 1)
    until = NOW + 35 * SECOND
    assert await claimed(store, owner="w2", now=until - 1) == []
    assert await claimed(store, owner="w2", now=until) == [Claim(backend=BACKEND, number=NUMBER, fence=2)]


async def test_what_next_wants_attention_is_the_earliest_queue_and_a_leased_one_only_when_its_lease_ends(
    store: Store,
) -> None:
    assert await store.read(lanes.next_ready(BACKEND)) is None
    await begun(store, 1, number="leased")
    assert await store.read(lanes.next_ready(BACKEND)) == NOW + 35 * SECOND
    waiting = await begun(store, 2, number="waiting")
    await store.settle(settlement(waiting.claim, waiting.operation, State.queued, ready_at=NOW + 30 * SECOND))
    assert await store.read(lanes.next_ready(BACKEND)) == NOW + 30 * SECOND
    await queued(store, 3, number="ready")
    assert await store.read(lanes.next_ready(BACKEND)) == NOW


async def test_the_head_is_the_first_that_is_not_final(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    claim = first.claim
    assert claim is not None
    assert await store.read(lanes.head(claim)) == first.operation
    await store.settle(settlement(claim, first.operation, State.applied))
    assert await store.read(lanes.head(claim)) == operation(2)
    await store.settle(settlement(claim, operation(2), State.refused))
    assert await store.read(lanes.head(claim)) is None


async def test_an_attempt_begins_with_its_intent_and_a_longer_lease(store: Store) -> None:
    await queued(store, 1)
    [claim] = await claimed(store)
    longer = lease(now=NOW + SECOND)
    began = await store.write(
        lanes.begin(claim, operation(1), target_code="11", previous_code="10", lease=longer, now=NOW + SECOND)
    )
    assert began == operation(1, state=State.sending, attempts=1, previous_code="10")
    assert [(row["n"], row["fence"], row["started_at"]) for row in await rows_of(store, "attempt")] == [
        (1, 1, NOW + SECOND)
    ]
    assert (await order_row(store))["lease_until"] == NOW + 36 * SECOND
    assert await store.read(lanes.last_deadline(op_id(1))) == NOW + 21 * SECOND


async def test_each_attempt_has_a_number_of_its_own(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.queued, ready_at=NOW + 2 * SECOND))
    [claim] = await claimed(store, now=NOW + 2 * SECOND)
    again = operation(1, attempts=1)
    later = lease(now=NOW + 2 * SECOND)
    began = await store.write(
        lanes.begin(claim, again, target_code="11", previous_code=None, lease=later, now=NOW + 2 * SECOND)
    )
    assert began.attempts == 2
    assert [(row["n"], row["fence"]) for row in await rows_of(store, "attempt")] == [(1, 1), (2, 2)]
    assert await store.read(lanes.last_deadline(op_id(1))) == NOW + 22 * SECOND


async def test_an_attempt_that_overran_its_deadline_was_over_when_it_ended(store: Store) -> None:
    first = await begun(store, 1)
    late = settlement(first.claim, first.operation, State.unknown, now=NOW + 90 * SECOND, ready_at=NOW + 95 * SECOND)
    await store.settle(replace(late, attempt=AttemptEnd(n=1, outcome="unknown", detail="no answer")))
    assert await store.read(lanes.last_deadline(op_id(1))) == NOW + 90 * SECOND
    assert await store.read(lanes.last_deadline(op_id(2))) is None


async def test_the_code_that_is_sent_is_what_the_next_checks_see(store: Store) -> None:
    await queued(store, 1, code="11")
    [claim] = await claimed(store)
    await store.write(lanes.begin(claim, operation(1), target_code="12", previous_code=None, lease=lease(), now=NOW))
    order = await order_row(store)
    assert (order["projected_code"], order["projected_operation"]) == ("12", op_id(1))


async def test_what_a_later_write_will_make_of_the_order_stays_while_an_earlier_one_is_sent(store: Store) -> None:
    await queued(store, 1, code="11")
    await queued(store, 2, code="12")
    [claim] = await claimed(store)
    await store.write(lanes.begin(claim, operation(1), target_code="11", previous_code=None, lease=lease(), now=NOW))
    order = await order_row(store)
    assert (order["projected_code"], order["projected_operation"]) == ("12", op_id(2))


async def test_a_lost_answer_is_verified_under_the_lease(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=NOW + 5 * SECOND))
    [claim] = await claimed(store, now=NOW + 5 * SECOND)
    lost = operation(1, state=State.unknown, attempts=1)
    looked_at = await store.write(lanes.verify(claim, lost, lease=lease(now=NOW + 6 * SECOND), now=NOW))
    assert looked_at == replace(lost, state=State.verifying)
    assert len(await rows_of(store, "attempt")) == 1
    order = await order_row(store)
    assert (order["blocked_by"], order["lease_until"]) == (op_id(1), NOW + 41 * SECOND)


async def test_nothing_begins_without_the_fence_or_from_another_state(store: Store) -> None:
    await queued(store, 1)
    [old] = await claimed(store, owner="w1")
    [new] = await claimed(store, owner="w2", now=NOW + 60 * SECOND)
    before = await everything(store)
    with pytest.raises(Fenced):
        await store.write(lanes.begin(old, operation(1), target_code="11", previous_code=None, lease=lease(), now=NOW))
    with pytest.raises(Fenced):
        await store.write(lanes.verify(new, operation(1, state=State.unknown), lease=lease(), now=NOW))
    with pytest.raises(IllegalMove):
        await store.write(lanes.verify(new, operation(1), lease=lease(), now=NOW))
    assert await everything(store) == before


async def test_a_queue_put_back_for_later_is_claimed_then(store: Store) -> None:
    await queued(store, 1)
    [claim] = await claimed(store)
    await store.write(lanes.put_back(claim, ready_at=NOW + 30 * SECOND))
    order = await order_row(store)
    assert (order["lease_owner"], order["lease_until"], order["ready_at"]) == (None, 0, NOW + 30 * SECOND)
    assert await claimed(store, now=NOW + 29 * SECOND) == []
    assert [again.fence for again in await claimed(store, now=NOW + 30 * SECOND)] == [2]


async def test_an_empty_queue_put_back_rests(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.applied))
    assert first.claim is not None
    await store.write(lanes.put_back(first.claim, ready_at=None))
    assert (await order_row(store))["ready_at"] is None


async def test_a_queue_put_back_to_rest_with_a_write_in_it_is_ready(store: Store) -> None:
    await queued(store, 1)
    [claim] = await claimed(store)
    await store.write(lanes.put_back(claim, ready_at=None))
    assert [again.fence for again in await claimed(store)] == [2]


async def test_a_held_queue_put_back_to_rest_rests(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await store.settle(settlement(first.claim, first.operation, State.refused, hold_id="hold_1"))
    assert first.claim is not None
    await store.write(lanes.put_back(first.claim, ready_at=None))
    assert (await order_row(store))["ready_at"] is None
    assert await claimed(store, now=NOW + 1000 * SECOND) == []


async def test_whoever_lost_the_queue_puts_nothing_back(store: Store) -> None:
    await queued(store, 1)
    [old] = await claimed(store, owner="w1")
    await claimed(store, owner="w2", now=NOW + 60 * SECOND)
    before = await everything(store)
    await store.write(lanes.put_back(old, ready_at=None))
    assert await everything(store) == before


async def test_a_new_sole_owner_frees_what_the_dead_one_had_leased(sqlite_store: SqliteStore) -> None:
    await begun(sqlite_store, 1)
    assert await claimed(sqlite_store) == []
    await sqlite_store.write(lanes.take_over())
    assert await claimed(sqlite_store) == [Claim(backend=BACKEND, number=NUMBER, fence=2)]
