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
from tests.ledger.stops import HOLD, INSTEAD, LATER, places, said, stopped, wait_behind, word


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


@pytest.mark.parametrize(("code", "foretold"), [("14", ("14", op_id(9), "acme")), (None, (None, None, None))])
@pytest.mark.parametrize("behind", [(), (("acme", None), ("other", None))])
async def test_where_nothing_behind_sets_a_status_the_write_in_place_foretells_it(
    store: Store, behind: tuple[tuple[str, str | None], ...], code: str | None, foretold: tuple[object, ...]
) -> None:
    await stopped(store, Cause.side_effect, behind=behind)
    await said(store, HOLD, word(Action.replace, instead=replace(INSTEAD, target_code=code)))
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


async def test_a_held_create_that_the_vendor_numbered_moves_to_its_order(store: Store) -> None:
    asked = replace(draft(1, kind=Kind.create, number=op_id(1)), body="{}", occurred_at=None)
    accepted = await store.accept(asked, passes(None), lease())
    assert isinstance(accepted, Accepted)
    await store.settle(settlement(accepted.claim, accepted.operation, State.held, hold_id=HOLD))
    await wait_behind(store, ("acme", "12"), number="124")
    what = replace(word(Action.mark_applied), number="124", ending=APPLIED)
    resolved = await said(store, HOLD, what)
    assert [(one.work_order, one.state, one.answer_status) for one in resolved.changed] == [("124", State.applied, 201)]
    assert await places(store, "124") == [(0, op_id(1), "applied"), (1, op_id(2), "queued")]
    assert [row["number"] for row in await rows_of(store, "work_order")] == ["124"]
    order = await order_row(store, "124")
    assert (order["open_count"], order["held"], order["blocked_by"], order["ready_at"]) == (1, 0, None, NOW)
    assert (resolved.hold.closed_at, resolved.hold.resolution) == (LATER, Action.mark_applied)


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
