"""Where a resolution puts a write, what the order foretells then, whom it tells, and how the queue goes on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from app.domain.holds import Action, Cause
from app.domain.operations import State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.ledger import lanes, operations
from app.ledger.records import Accepted
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    NOW,
    NUMBER,
    REFUSED,
    begun,
    claimed,
    draft,
    lease,
    op_id,
    operation,
    order_row,
    passes,
    queued,
    rows_of,
    settlement,
)
from tests.ledger.stops import HOLD, INSTEAD, LATER, looked_for_again, places, said, stopped, wait_behind, word


async def test_what_is_sent_again_is_the_next_attempt_and_the_order_has_been_looked_at(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    await said(store, HOLD, word(Action.retry))
    [claim] = await claimed(store, now=LATER)
    head = await store.read(lanes.head(claim))
    assert head == operation(1, attempts=1)
    began = await store.write(
        lanes.begin(claim, head, target_code="11", previous_code="10", lease=lease(now=LATER), now=LATER)
    )
    assert (began.attempts, (await order_row(store))["recheck"]) == (2, 0)


@pytest.mark.parametrize("cause", [Cause.vendor_refused, Cause.side_effect])
async def test_a_write_takes_the_place_of_the_cause_before_a_hundred_others(store: Store, cause: Cause) -> None:
    await stopped(store, cause, behind=(("acme", "12"),) * 100)
    await said(store, HOLD, word(Action.replace, instead=replace(INSTEAD, id=op_id(999))))
    was = "refused" if cause is Cause.vendor_refused else "replaced"
    assert await places(store) == [
        (1, op_id(1), was),
        (2, op_id(999), "queued"),
        *[(n + 1, op_id(n), "queued") for n in range(2, 102)],
    ]
    order = await order_row(store)
    assert (order["last_seq"], order["open_count"], order["projected_operation"]) == (102, 101, op_id(101))
    await queued(store, 200)
    assert (await places(store))[-1] == (103, op_id(200), "queued")
    [claim] = await claimed(store, now=LATER)
    assert getattr(await store.read(lanes.head(claim)), "id", None) == op_id(999)


@pytest.mark.parametrize(
    ("code", "terms", "foretold"),
    [
        ("14", None, ("14", op_id(9), "acme")),
        (None, None, (None, None, None)),
        ("14", '{"keeps_status":true}', (None, None, None)),
    ],
)
@pytest.mark.parametrize("behind", [(), (("acme", None), ("other", None))])
async def test_where_nothing_behind_sets_a_status_the_write_in_place_foretells_it(
    store: Store,
    behind: tuple[tuple[str, str | None], ...],
    code: str | None,
    terms: str | None,
    foretold: tuple[object, ...],
) -> None:
    await stopped(store, Cause.side_effect, behind=behind)
    await said(store, HOLD, word(Action.replace, instead=replace(INSTEAD, target_code=code, terms=terms)))
    order = await order_row(store)
    assert tuple(order[f"projected_{name}"] for name in ("code", "operation", "tenant")) == foretold


async def test_another_tenant_s_writes_end_without_a_word_of_who_said_it_and_why(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    before = await rows_of(store, "event")
    await said(store, HOLD, word(Action.cancel))
    told = {
        row["operation_id"]: json.loads(str(row["data"]))
        for row in await rows_of(store, "event")
        if row not in before and row["type"] == "operation.cancelled"
    }
    theirs = told.pop(op_id(3))
    assert theirs == {"was": "queued", "previous_code": None, "code": None, "resolution": "cancel"}
    assert {data["reason"] for data in told.values()} == {"seen on the screen"}
    found = await store.read(operations.find(op_id(3)))
    assert found is not None
    assert (found.state, found.result, found.blocked_by) == (State.cancelled, {"resolution": "cancel"}, None)


NUMBERED = replace(word(Action.mark_applied), number="124", ending=APPLIED)
"""The number that the vendor gave is found out."""


async def held_create(store: Store) -> None:
    asked = replace(draft(1, kind=Kind.create, number=op_id(1)), body="{}", occurred_at=None)
    accepted = await store.accept(asked, passes(None), lease())
    assert isinstance(accepted, Accepted)
    await store.settle(settlement(accepted.claim, accepted.operation, State.held, hold_id=HOLD))


async def test_a_held_create_that_the_vendor_numbered_moves_to_its_order(store: Store) -> None:
    await held_create(store)
    await wait_behind(store, ("acme", "12"), number="124")
    resolved = await said(store, HOLD, NUMBERED)
    assert [(one.work_order, one.state, one.answer_status) for one in resolved.changed] == [("124", State.applied, 201)]
    assert await places(store, "124") == [(0, op_id(1), "applied"), (1, op_id(2), "queued")]
    assert [row["number"] for row in await rows_of(store, "work_order")] == ["124"]
    order = await order_row(store, "124")
    assert (order["open_count"], order["held"], order["blocked_by"], order["ready_at"]) == (1, 0, None, NOW)
    assert (resolved.hold.closed_at, resolved.hold.resolution) == (LATER, Action.mark_applied)


@pytest.mark.parametrize("asked_again", [False, True])
async def test_what_took_the_id_of_a_held_create_for_a_number_goes_on_once_the_number_is_known(
    store: Store, asked_again: bool
) -> None:
    await held_create(store)
    await wait_behind(store, ("acme", "12"), ("other", None), number=op_id(1))
    if asked_again:
        assert await looked_for_again(store, 1)
        assert len(await claimed(store, now=LATER)) == 1
    await said(store, HOLD, NUMBERED)
    assert await places(store, "124") == [(0, op_id(1), "applied")]
    assert await places(store, op_id(1)) == [(2, op_id(2), "queued"), (3, op_id(3), "queued")]
    left = await order_row(store, op_id(1))
    assert (left["open_count"], left["held"], left["blocked_by"], left["blocked_tenant"]) == (2, 0, None, None)
    [claim] = await claimed(store, owner="there", now=LATER)
    head = await store.read(lanes.head(claim))
    assert (claim.number, head) == (op_id(1), operation(2, work_order=op_id(1), target_code="12"))


async def test_the_events_of_a_queue_that_its_create_has_left_have_no_gap(store: Store) -> None:
    await held_create(store)
    await wait_behind(store, ("acme", "12"), number=op_id(1))
    await said(store, HOLD, NUMBERED)
    [claim] = await claimed(store, now=LATER)
    head = await store.read(lanes.head(claim))
    assert head is not None
    await store.settle(settlement(claim, head, State.refused, ending=REFUSED))
    told = [(row["seq"], row["type"]) for row in await rows_of(store, "event") if row["work_order"] == op_id(1)]
    assert sorted(told) == [(1, "operation.held"), (2, "hold.opened"), (3, "operation.refused")]


async def test_a_refused_write_that_is_said_to_be_applied_stays_refused_and_answers_as_before(store: Store) -> None:
    await stopped(store, Cause.vendor_refused)
    refused = await store.read(operations.find(op_id(1)))
    await said(store, HOLD, replace(word(Action.mark_applied), ending=APPLIED))
    assert await store.read(operations.find(op_id(1))) == refused
    assert (await order_row(store))["code"] is None


async def test_the_order_that_goes_on_is_leased_to_one(store: Store, peer: Store) -> None:
    await stopped(store, Cause.side_effect)
    await said(store, HOLD, word(Action.skip))
    first, second = await asyncio.gather(claimed(store, now=LATER), claimed(peer, owner="there", now=LATER))
    [claim] = first + second
    assert claim.number == NUMBER
    assert await claimed(store, now=LATER + 34 * SECOND) == []


async def test_a_correction_after_the_word_waits_until_the_vendor_was_read(store: Store) -> None:
    """Nothing is queued, and yet it does not begin at once: what the order is now is not known."""
    await stopped(store, Cause.side_effect, behind=())
    await said(store, HOLD, word(Action.skip))
    accepted = await store.accept(draft(5, now=LATER), passes("12"), lease(now=LATER))
    assert isinstance(accepted, Accepted)
    assert (accepted.claim, accepted.operation.state) == (None, State.queued)
    [claim] = await claimed(store, now=LATER)
    assert await store.read(lanes.head(claim)) is not None


async def test_a_stop_without_anything_behind_is_one_too(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.held, hold_id=HOLD))
    resolved = await said(store, HOLD, word(Action.cancel))
    assert [one.state for one in resolved.changed] == [State.cancelled]
    order = await order_row(store)
    assert (order["open_count"], order["ready_at"], order["recheck"], order["held"]) == (0, None, 1, 0)
