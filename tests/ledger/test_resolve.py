"""A person's word: it settles a lost write, or lets the queue behind a refusal go on, and it takes the queue first."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from app.domain.errors import NotFound
from app.domain.operations import Operation, State
from app.domain.times import SECOND
from app.ledger import lanes, operations
from app.ledger.operations import NotUnresolved
from app.ledger.records import Claim, Fenced
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    BACKEND,
    BLANK_ORDER,
    NOW,
    NUMBER,
    OCCURRED,
    REFUSED,
    begun,
    claimed,
    everything,
    lease,
    op_id,
    operation,
    order_row,
    queued,
    rows_of,
    settlement,
)

LATER = NOW + 60 * SECOND


async def resolve(store: Store, n: int, *, applied: bool) -> Operation:
    return await store.write(
        operations.resolve(
            op_id(n),
            applied=applied,
            ending=APPLIED if applied else None,
            result='{"state":"applied"}' if applied else None,
            reason="seen on the screen",
            by="ann",
            now=LATER,
        )
    )


async def lost(store: Store, *, to: State = State.held) -> Claim:
    """The first write with its answer lost, one behind it; the claim is that of the worker who looked last."""
    first = await begun(store, 1)
    await queued(store, 2, code="12")
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=NOW + 5 * SECOND))
    [claim] = await claimed(store, now=NOW + 5 * SECOND)
    unknown = operation(1, state=State.unknown, attempts=1)
    if to is not State.unknown:
        looked_at = await store.write(lanes.verify(claim, unknown, lease=lease(now=NOW + 5 * SECOND), now=NOW))
        if to is State.held:
            await store.settle(settlement(claim, looked_at, State.held, now=NOW + 6 * SECOND))
    return claim


@pytest.mark.parametrize("to", [State.unknown, State.verifying, State.held])
async def test_a_lost_write_that_took_effect_ends_applied_and_the_queue_goes_on(store: Store, to: State) -> None:
    await lost(store, to=to)
    resolved = await resolve(store, 1, applied=True)
    assert resolved == operation(
        1,
        state=State.applied,
        attempts=1,
        finished_at=LATER,
        result={"state": "applied"},
        answer_status=201,
        answer_body='{"state":"applied"}',
    )
    assert await store.read(operations.find(op_id(1))) == resolved
    order = await order_row(store)
    assert order == {
        **BLANK_ORDER,
        "code": "11",
        "code_since": OCCURRED,
        "code_operation": op_id(1),
        "code_tenant": "acme",
        "confirmed_at": LATER,
        "changed_at": LATER,
        "projected_code": "12",
        "projected_operation": op_id(2),
        "projected_tenant": "acme",
        "version": order["version"],
        "last_seq": 2,
        "open_count": 1,
        "ready_at": LATER,
        "recheck": 1,
        "fence": 4 if to is State.held else 3,
        "event_seq": 5 if to is State.held else 2,
    }
    [event] = [row for row in await rows_of(store, "event") if row["type"] == "operation.applied"]
    assert (event["type"], json.loads(str(event["data"]))) == (
        "operation.applied",
        {
            "was": to.value,
            "previous_code": None,
            "code": "11",
            "reason": "seen on the screen",
            "by": "ann",
            "evidence": "operator",
        },
    )


@pytest.mark.parametrize("to", [State.unknown, State.verifying, State.held])
async def test_a_lost_write_that_did_not_take_effect_returns_to_its_place(store: Store, to: State) -> None:
    await lost(store, to=to)
    assert await resolve(store, 1, applied=False) == operation(1, attempts=1)
    order = await order_row(store)
    assert (order["open_count"], order["blocked_by"], order["held"], order["ready_at"]) == (2, None, 0, LATER)
    assert order["recheck"] == 1
    [claim] = await claimed(store, now=LATER)
    assert await store.read(lanes.head(claim)) == operation(1, attempts=1)


async def test_a_worker_that_was_still_looking_is_fenced_by_the_word(store: Store) -> None:
    claim = await lost(store, to=State.verifying)
    await resolve(store, 1, applied=False)
    before = await everything(store)
    looking = operation(1, state=State.verifying, attempts=1)
    for to in (State.applied, State.queued, State.held):
        with pytest.raises(Fenced):
            await store.settle(settlement(claim, looking, to, ready_at=LATER))
    await store.write(lanes.put_back(claim, ready_at=None))
    assert await everything(store) == before


@pytest.mark.parametrize("applied", [True, False])
async def test_the_word_about_a_refusal_lets_what_it_held_go_on(store: Store, applied: bool) -> None:
    first = await begun(store, 1)
    await queued(store, 2, code="12")
    refused = settlement(first.claim, first.operation, State.refused, ending=REFUSED, hold_id="hold_1")
    settled = await store.settle(refused)
    assert await resolve(store, 1, applied=applied) == settled.operation
    assert await rows_of(store, "order_hold") == [
        {
            "id": "hold_1",
            "tenant": "acme",
            "backend": BACKEND,
            "work_order": NUMBER,
            "operation_id": op_id(1),
            "cause": "vendor-refused",
            "detail": "what is known",
            "version": 2,
            "opened_at": NOW + SECOND,
            "closed_at": LATER,
            "closed_by": "ann",
            "resolution": "skip",
            "reason": "seen on the screen",
            "evidence": "operator",
            "made_operation": None,
        }
    ]
    order = await order_row(store)
    assert (order["blocked_by"], order["blocked_tenant"], order["held"], order["ready_at"]) == (None, None, 0, LATER)
    assert (order["open_count"], order["event_seq"], order["changed_at"], order["recheck"]) == (1, 3, LATER, 1)
    event = (await rows_of(store, "event"))[-1]
    assert (event["seq"], event["type"], event["source"], json.loads(str(event["data"]))) == (
        3,
        "hold.closed",
        "operator",
        {
            "hold_id": "hold_1",
            "resolution": "skip",
            "reason": "seen on the screen",
            "by": "ann",
            "evidence": "operator",
            "made_operation": None,
        },
    )
    [claim] = await claimed(store, now=LATER)
    assert await store.read(lanes.head(claim)) == operation(2, target_code="12")


async def test_an_operation_whose_outcome_is_known_takes_no_word(store: Store) -> None:
    sending = await begun(store, 1)
    await queued(store, 2)
    before = await everything(store)
    for n in (1, 2):
        with pytest.raises(NotUnresolved):
            await resolve(store, n, applied=True)
    assert await everything(store) == before
    await store.settle(settlement(sending.claim, sending.operation, State.applied))
    with pytest.raises(NotUnresolved, match="the operation is applied"):
        await resolve(store, 1, applied=False)


async def test_the_word_is_given_once(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await store.settle(settlement(first.claim, first.operation, State.refused, ending=REFUSED, hold_id="hold_1"))
    await resolve(store, 1, applied=False)
    before = await everything(store)
    with pytest.raises(NotUnresolved):
        await resolve(store, 1, applied=False)
    assert await everything(store) == before


async def test_there_is_no_word_about_an_operation_that_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound):
        await resolve(store, 99, applied=True)


async def test_two_operators_at_once_settle_it_once(store: Store, peer: Store) -> None:
    for n in range(1, 11):
        first = await begun(store, 2 * n, number=f"{n}")
        await queued(store, 2 * n + 1, number=f"{n}")
        refused = settlement(first.claim, first.operation, State.refused, hold_id=f"hold_{n}")
        await store.settle(refused)
        outcomes = await asyncio.gather(
            resolve(store, 2 * n, applied=True), resolve(peer, 2 * n, applied=False), return_exceptions=True
        )
        assert Counter(type(each) for each in outcomes) == {Operation: 1, NotUnresolved: 1}
    assert Counter(row["type"] for row in await rows_of(store, "event")) == {
        "operation.refused": 10,
        "hold.opened": 10,
        "hold.closed": 10,
    }


async def test_the_word_and_a_worker_s_proof_at_once_settle_it_once(store: Store, peer: Store) -> None:
    claim = await lost(store, to=State.verifying)
    looking = operation(1, state=State.verifying, attempts=1)
    outcomes = await asyncio.gather(
        store.settle(settlement(claim, looking, State.applied)),
        resolve(peer, 1, applied=True),
        return_exceptions=True,
    )
    assert {type(each) for each in outcomes} & {Fenced, NotUnresolved}
    order = await order_row(store)
    assert (order["open_count"], order["code"], order["event_seq"]) == (1, "11", 2)
