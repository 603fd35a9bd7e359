"""Settling: the operation's move, what the order becomes, the attempt's end and the event, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import bindparam, update

from app.domain.errors import VendorSaid
from app.domain.operations import EDGES, FINAL, IllegalMove, State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.ledger import lanes, operations
from app.ledger.records import Accepted, AttemptEnd, Claim, Fenced, Settled
from app.ledger.sql import Sql
from app.ledger.store import Store
from app.ledger.tables import OPERATION
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
    draft,
    everything,
    execute,
    lease,
    op_id,
    operation,
    order_row,
    passes,
    queued,
    rows_of,
    settlement,
)

LATER = NOW + SECOND
FORCE = Sql(update(OPERATION).where(OPERATION.c.id == bindparam("of_id")).values(state=bindparam("forced")))
"""Put an operation in a state without the steps that lead there, so that every edge can be tried by itself."""

APPLIED_ORDER = {
    **BLANK_ORDER,
    "code": "11",
    "code_since": OCCURRED,
    "code_operation": op_id(1),
    "code_tenant": "acme",
    "confirmed_at": LATER,
    "changed_at": LATER,
    "version": 2,
    "last_seq": 1,
    "fence": 1,
    "event_seq": 1,
}
ENDED_ORDER = {**BLANK_ORDER, "changed_at": LATER, "version": 2, "last_seq": 1, "fence": 1, "event_seq": 1}
WAITING_ORDER = {
    **ENDED_ORDER,
    "open_count": 1,
    "projected_code": "11",
    "projected_operation": op_id(1),
    "projected_tenant": "acme",
    "ready_at": LATER + 5 * SECOND,
}
HELD_ORDER: dict[str, object] = {
    **WAITING_ORDER,
    "blocked_by": f"hold_{op_id(1)}",
    "blocked_tenant": "acme",
    "held": 1,
    "ready_at": None,
    "version": 3,
    "event_seq": 2,
}
"""An operation that becomes held has a hold of its own, which is a second step and a second event."""


@dataclass(frozen=True)
class Case:
    to: State
    order: dict[str, object]


CASES = [
    Case(State.applied, {**APPLIED_ORDER}),
    *[Case(to, {**ENDED_ORDER}) for to in (State.refused, State.skipped, State.replaced, State.cancelled)],
    Case(State.queued, {**WAITING_ORDER}),
    Case(State.unknown, {**WAITING_ORDER, "blocked_by": op_id(1), "blocked_tenant": "acme"}),
    Case(State.held, HELD_ORDER),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.to)
async def test_every_edge_leaves_the_order_as_its_target_state_says(store: Store, case: Case) -> None:
    sources = [was for was in State if case.to in EDGES[was]]
    assert sources
    for n, was in enumerate(sources, start=1):
        number = f"{was}"
        first = await begun(store, n, number=number)
        for step in way_to(was):
            await store.write(execute(FORCE, of_id=op_id(n), forced=step.value))
        ready_at = None if case.to is State.held else LATER + 5 * SECOND
        settled = await store.settle(
            settlement(first.claim, replace(first.operation, state=was), case.to, ready_at=ready_at)
        )
        final = case.to in FINAL
        expected = replace(first.operation, state=case.to, finished_at=LATER if final else None)
        stops = f"hold_{op_id(n)}" if case.to is State.held else None
        expected = replace(expected, blocked_by=stops)
        assert settled == Settled(operation=expected, ended=(), more=False)
        assert await store.read(operations.find(op_id(n))) == expected
        assert await order_row(store, number) == {
            name: number if value == NUMBER else value.replace(op_id(1), op_id(n)) if isinstance(value, str) else value
            for name, value in case.order.items()
        }
        holds = [row for row in await rows_of(store, "order_hold") if row["work_order"] == number]
        assert holds == ([hold_row(n, number)] if case.to is State.held else [])


def way_to(state: State) -> list[State]:
    """The steps by which an operation that is being sent comes to a state: the database lets it go no other way."""
    ways: list[list[State]] = [[]]
    for way in ways:
        at = way[-1] if way else State.sending
        if at is state:
            return way
        ways += [[*way, to] for to in sorted(EDGES[at]) if to not in way]
    raise AssertionError(state)


def hold_row(n: int, number: str) -> dict[str, object]:
    return {
        "id": f"hold_{op_id(n)}",
        "tenant": "acme",
        "backend": BACKEND,
        "work_order": number,
        "operation_id": op_id(n),
        "cause": "outcome-unknown",
        "detail": "what is known",
        "version": 1,
        "opened_at": LATER,
        **dict.fromkeys(("closed_at", "closed_by", "resolution", "reason", "evidence", "made_operation")),
    }


async def test_every_other_move_is_illegal_and_leaves_nothing(store: Store) -> None:
    first = await begun(store, 1)
    before = await everything(store)
    tried = []
    for was in State:
        for to in set(State) - EDGES[was] - {State.verifying, State.sending}:
            with pytest.raises(IllegalMove):
                await store.settle(settlement(first.claim, replace(first.operation, state=was), to))
            tried.append((was, to))
    assert await everything(store) == before
    assert len(tried) == len(set(tried)) >= len(State) * 3


async def test_an_attempt_ends_with_what_the_vendor_said(store: Store) -> None:
    first = await begun(store, 1)
    said = VendorSaid(code="12", message="Order is late", status=200)
    await store.settle(
        replace(
            settlement(first.claim, first.operation, State.refused, ending=REFUSED),
            attempt=AttemptEnd(n=1, outcome="refused", detail="a matched refusal", said=said),
        )
    )
    assert await rows_of(store, "attempt") == [
        {
            "operation_id": op_id(1),
            "n": 1,
            "fence": 1,
            "started_at": NOW,
            "deadline_at": NOW + 20 * SECOND,
            "code_since": None,
            "before": None,
            "ended_at": LATER,
            "outcome": "refused",
            "detail": "a matched refusal",
            "vendor_status": 200,
            "vendor_code": "12",
            "vendor_message": "Order is late",
            "disproved_at": None,
        }
    ]


async def test_an_end_is_kept_with_its_answer(store: Store) -> None:
    first = await begun(store, 1)
    settled = await store.settle(
        replace(settlement(first.claim, first.operation, State.applied, ending=APPLIED), result='{"evidence":"read"}')
    )
    assert settled.operation == operation(
        1,
        state=State.applied,
        attempts=1,
        finished_at=LATER,
        result={"evidence": "read"},
        answer_status=201,
        answer_body='{"state":"applied"}',
    )
    assert await store.read(operations.find(op_id(1))) == settled.operation


async def test_events_count_within_their_order_without_a_gap(store: Store) -> None:
    first = await begun(store, 1)
    other = await begun(store, 2, number="999")
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=LATER))
    await store.settle(settlement(other.claim, other.operation, State.applied))
    [claim] = await claimed(store, now=LATER)
    looked_at = await store.write(
        lanes.verify(claim, replace(first.operation, state=State.unknown), lease=lease(), now=NOW)
    )
    await store.settle(
        replace(
            settlement(claim, looked_at, State.applied, now=LATER + SECOND, ending=APPLIED),
            event_data={"evidence": "read_back"},
        )
    )
    events = [(row["work_order"], row["seq"], row["type"]) for row in await rows_of(store, "event")]
    assert events == [
        (NUMBER, 1, "operation.unknown"),
        ("999", 1, "operation.applied"),
        (NUMBER, 2, "operation.applied"),
    ]
    last = (await rows_of(store, "event"))[-1]
    del last["id"]
    assert last == {
        "at": LATER + SECOND,
        "backend": BACKEND,
        "work_order": NUMBER,
        "seq": 2,
        "type": "operation.applied",
        "source": "delivery",
        "tenant": "acme",
        "operation_id": op_id(1),
        "data": '{"was":"verifying","previous_code":null,"code":"11","evidence":"read_back"}',
    }


async def test_with_more_behind_the_same_lease_goes_on(store: Store) -> None:
    first = await begun(store, 1, code="11")
    await queued(store, 2, code="12")
    settled = await store.settle(settlement(first.claim, first.operation, State.applied))
    assert settled.more
    assert await order_row(store) == {
        **APPLIED_ORDER,
        "version": 3,
        "last_seq": 2,
        "open_count": 1,
        "projected_code": "12",
        "projected_operation": op_id(2),
        "projected_tenant": "acme",
        "ready_at": LATER,
        "lease_owner": "here",
        "lease_until": LATER + 35 * SECOND,
    }


async def test_a_write_without_a_status_leaves_the_order_at_its_code(store: Store) -> None:
    accepted = await store.accept(draft(1, kind=Kind.patch), passes(None), lease())
    assert isinstance(accepted, Accepted)
    await store.settle(settlement(accepted.claim, accepted.operation, State.applied))
    assert await order_row(store) == ENDED_ORDER


async def test_whoever_lost_the_queue_writes_nothing(store: Store) -> None:
    first = await begun(store, 1)
    await claimed(store, owner="there", now=NOW + 60 * SECOND)
    before = await everything(store)
    for to in (State.applied, State.refused, State.unknown, State.queued):
        with pytest.raises(Fenced):
            await store.settle(settlement(first.claim, first.operation, to, ready_at=LATER, hold_id=None))
    with pytest.raises(Fenced):
        await store.settle(settlement(first.claim, first.operation, State.refused, hold_id="hold_1"))
    assert await everything(store) == before


@pytest.mark.parametrize("to", [State.applied, State.refused, State.unknown, State.queued])
async def test_a_settling_repeated_after_its_answer_was_lost_does_not_count_twice(store: Store, to: State) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    step = settlement(first.claim, first.operation, to, ready_at=LATER)
    await store.settle(step)
    before = await everything(store)
    with pytest.raises(Fenced):
        await store.settle(step)
    assert await everything(store) == before


async def test_a_queue_that_is_not_there_is_fenced(store: Store) -> None:
    first = await begun(store, 1)
    nowhere = Claim(backend=BACKEND, number="no such order", fence=1)
    with pytest.raises(Fenced):
        await store.settle(settlement(nowhere, first.operation, State.applied))
