"""Holds: found and listed by those whom they concern, asked about once more, and at most one open for an order."""

from __future__ import annotations

from functools import partial

import asyncpg
import pytest
from sqlalchemy import insert

from app.domain.holds import Action, Cause, Hold
from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import holds, lanes, operations, orders
from app.ledger.holds import HoldFilter
from app.ledger.records import Accepted, Fenced, Settled
from app.ledger.sql import Sql
from app.ledger.store import Store
from app.ledger.tables import HOLD as HOLDS
from tests.ledger.scenes import (
    BACKEND,
    NOW,
    NUMBER,
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
from tests.ledger.stops import BEHIND, HOLD, LATER, STOPPED, contradicted, said, stopped, wait_behind, word

HERE = frozenset({BACKEND})
HELD = operation(1, state=State.held, attempts=1, blocked_by=HOLD)


@pytest.mark.parametrize("cause", [Cause.vendor_refused, Cause.outcome_unknown, Cause.side_effect])
async def test_a_hold_says_why_and_behind_which_write(store: Store, cause: Cause) -> None:
    await stopped(store, cause)
    expected = Hold(
        id=HOLD,
        tenant="acme",
        backend=BACKEND,
        work_order=NUMBER,
        operation_id=op_id(1),
        cause=cause,
        detail="what is known",
        version=1,
        opened_at=STOPPED,
        closed_at=None,
        closed_by=None,
        resolution=None,
        reason=None,
        evidence=None,
        made_operation=None,
    )
    assert await store.read(holds.find(HOLD)) == expected
    assert await store.read(holds.open_hold_of(op_id(1))) == expected
    assert await store.read(holds.open_hold_of(op_id(2))) is None
    order = await order_row(store)
    assert (order["blocked_by"], order["blocked_tenant"], order["held"], order["ready_at"]) == (HOLD, "acme", 1, None)
    known = await store.read(orders.find(BACKEND, NUMBER))
    assert known is not None
    assert (known.view.held, known.view.blocked_by) == (True, HOLD)
    await said(store, HOLD, word(Action.skip))
    assert await store.read(holds.open_hold_of(op_id(1))) is None


async def test_a_hold_is_its_tenant_s_own_and_none_elsewhere(store: Store) -> None:
    await stopped(store, Cause.side_effect)
    assert await store.read(holds.find_mine(HOLD, tenant="acme", backends=HERE)) is not None
    for tenant, backends in (("other", HERE), ("acme", frozenset({"overit"})), ("acme", frozenset[str]())):
        assert await store.read(holds.find_mine(HOLD, tenant=tenant, backends=backends)) is None
        assert await store.read(holds.list_holds(HoldFilter(tenant=tenant, backends=backends), most=10)) == []


@pytest.mark.parametrize("ours", [False, True])
async def test_an_order_that_is_open_again_holds_up_everybody_where_nobody_s_write_had_ended_it(
    store: Store, ours: bool
) -> None:
    hold = await contradicted(store, behind=BEHIND, ours=ours)
    for tenant in ("acme", "other"):
        mine = not ours or tenant == "acme"
        found = await store.read(holds.find_mine(hold, tenant=tenant, backends=HERE))
        assert (found is not None) is mine
        assert found is None or found.tenant == ("acme" if ours else None)
        listed = await store.read(holds.list_holds(HoldFilter(tenant=tenant, backends=HERE), most=10))
        assert [one.id for one in listed] == ([hold] if mine else [])
    blocked = [await store.read(operations.find(op_id(n))) for n in (2, 3, 4)]
    assert [one and one.blocked_by for one in blocked] == [hold, None if ours else hold, hold]
    joined = await store.accept(draft(7, tenant="other", client="other-app"), passes("12"), lease())
    assert isinstance(joined, Accepted)
    assert (joined.claim, joined.operation.blocked_by) == (None, None if ours else hold)
    assert await claimed(store, now=LATER) == []


async def test_holds_are_listed_the_newest_first_and_narrowed(store: Store) -> None:
    for n in (1, 2, 3, 4):
        first = await begun(store, n, number=f"{n}")
        await store.settle(settlement(first.claim, first.operation, State.held, hold_id=f"hold_{n}"))
    await said(store, "hold_2", word(Action.skip))
    for narrowed, expected in (
        (HoldFilter(tenant="acme", backends=HERE), [4, 3, 2, 1]),
        (HoldFilter(tenant="acme", backends=HERE | {"overit"}, before="hold_3"), [2, 1]),
        (HoldFilter(tenant="acme", backends=HERE, open=True), [4, 3, 1]),
        (HoldFilter(tenant="acme", backends=HERE, open=False), [2]),
        (HoldFilter(tenant="acme", backends=HERE, work_order="3"), [3]),
        (HoldFilter(tenant="acme", backends=HERE, work_order="3", open=True, before="hold_3"), []),
        (HoldFilter(tenant="acme", backends=frozenset({"overit"})), []),
    ):
        listed = await store.read(holds.list_holds(narrowed, most=10))
        assert [one.id for one in listed] == [f"hold_{n}" for n in expected]
    newest = await store.read(holds.list_holds(HoldFilter(tenant="acme", backends=HERE), most=2))
    assert [one.id for one in newest] == ["hold_4", "hold_3"]


async def test_the_holds_of_an_order_are_the_caller_s_and_nobody_s_the_newest_first(store: Store) -> None:
    await stopped(store, Cause.vendor_refused)
    [row] = await rows_of(store, "order_hold")
    others: tuple[dict[str, object], ...] = (
        {},
        {"tenant": "other"},
        {"tenant": None},
        {"work_order": "2"},
        {"backend": "overit", "closed_at": None},
        {"backend": "overit", "tenant": "other"},
    )
    for n, changes in enumerate(others, start=2):
        values = {**row, "id": f"hold_{n}", "closed_at": LATER, **changes}
        await store.write(execute(Sql(insert(HOLDS)), **values))  # type: ignore[arg-type]
    both = HERE | {"overit"}
    of_order = partial(HoldFilter, work_order=NUMBER)
    for narrowed, expected in (
        (of_order(tenant="acme", backends=HERE), [4, 2, 1]),
        (of_order(tenant="acme", backends=both), [6, 4, 2, 1]),
        (of_order(tenant="acme", backends=both, open=True), [6, 1]),
        (of_order(tenant="acme", backends=HERE, open=True, before="hold_2"), [1]),
        (of_order(tenant="acme", backends=both, open=False), [4, 2]),
        (of_order(tenant="acme", backends=HERE, before="hold_4"), [2, 1]),
        (of_order(tenant="acme", backends=both, before="hold_6"), [4, 2, 1]),
        (of_order(tenant="other", backends=both), [7, 4, 3]),
        (of_order(tenant="other", backends=HERE, open=False), [4, 3]),
        (of_order(tenant="third", backends=both), [4]),
        (HoldFilter(tenant="acme", backends=both, work_order="2"), [5]),
    ):
        listed = await store.read(holds.list_holds(narrowed, most=10))
        assert [one.id for one in listed] == [f"hold_{n}" for n in expected], narrowed
        newest = await store.read(holds.list_holds(narrowed, most=1))
        assert newest == listed[:1], narrowed


async def test_an_order_has_one_open_hold_at_most(store: Store) -> None:
    await stopped(store, Cause.vendor_refused)
    [row] = await rows_of(store, "order_hold")
    before = await everything(store)
    with pytest.raises(Exception, match=r"(?i)unique") as raised:
        await store.write(execute(Sql(insert(HOLDS)), **{**row, "id": "hold_2"}))  # type: ignore[arg-type]
    assert type(raised.value).__name__ in ("IntegrityError", asyncpg.UniqueViolationError.__name__)
    assert await everything(store) == before


@pytest.mark.parametrize("cause", [Cause.outcome_unknown, Cause.side_effect])
async def test_a_held_write_is_asked_about_once_more_and_rests_again(store: Store, cause: Cause) -> None:
    await stopped(store, cause)
    before = await everything(store)
    assert await store.write(holds.look_again(HELD, now=LATER))
    assert not await store.write(holds.look_again(HELD, now=LATER))  # it waits for a worker already
    known = await store.read(orders.find(BACKEND, NUMBER))
    assert known is not None
    assert (known.view.held, known.view.blocked_by) == (True, HOLD)
    joined = await store.accept(draft(7, now=LATER), passes("12"), lease(now=LATER))
    assert isinstance(joined, Accepted)
    assert (joined.claim, joined.operation.blocked_by) == (None, HOLD)
    [claim] = await claimed(store, now=LATER)
    assert await store.read(lanes.head(claim)) == HELD
    assert not await store.write(holds.look_again(HELD, now=LATER))  # a worker is at it
    await store.write(holds.rest(claim))
    assert await claimed(store, now=LATER + 1000 * SECOND) == []
    assert await rows_of(store, "order_hold") == before["order_hold"]
    assert await rows_of(store, "event") == before["event"]
    [was], order = before["work_order"], await order_row(store)
    assert order == {
        **was,
        "version": order["version"],
        "fence": claim.fence,
        "changed_at": LATER,
        "last_seq": 5,
        "open_count": 5,
        "projected_code": "12",
        "projected_operation": op_id(7),
    }


async def test_a_question_that_nobody_finished_is_asked_again(store: Store) -> None:
    """The process ended in the middle: whoever leases the queue next finds the held write, and nothing behind it is sent."""
    await stopped(store, Cause.outcome_unknown)
    await store.write(holds.look_again(HELD, now=LATER))
    [dead] = await claimed(store, now=LATER)
    assert await claimed(store, now=LATER + 34 * SECOND) == []
    [claim] = await claimed(store, now=LATER + 35 * SECOND)
    assert await store.read(lanes.head(claim)) == HELD
    before = await everything(store)
    await store.write(holds.rest(dead))
    with pytest.raises(Fenced):
        await store.settle(settlement(dead, HELD, State.applied))
    assert await everything(store) == before
    await store.write(holds.rest(claim))
    assert (await order_row(store))["held"] == 1


async def test_what_a_question_brought_to_light_is_remembered_by_the_held_write_alone(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    await store.write(holds.look_again(HELD, now=LATER))
    [dead] = await claimed(store, now=LATER)
    [claim] = await claimed(store, now=LATER + 35 * SECOND)
    before = await everything(store)
    await store.write(holds.rest(dead, shown="10 other"))
    assert await everything(store) == before
    await store.write(holds.rest(claim, shown="10 other"))
    first, *behind = await rows_of(store, "operation")
    assert (first["probe_evidence"], [one["probe_evidence"] for one in behind]) == ("10 other", [None] * len(behind))


async def test_a_write_that_waits_for_its_next_reading_is_read_now(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=LATER + 300 * SECOND))
    unknown = operation(1, state=State.unknown, attempts=1)
    assert await claimed(store, now=LATER) == []
    assert await store.write(holds.look_again(unknown, now=LATER))
    [claim] = await claimed(store, now=LATER)
    assert await store.read(lanes.head(claim)) == unknown


@pytest.mark.parametrize("cause", [Cause.vendor_refused, Cause.contradiction])
@pytest.mark.parametrize("asked", [1, 2])
async def test_no_question_lets_a_stopped_queue_go_on(store: Store, cause: Cause, asked: int) -> None:
    """The question may come late: of a write that was unknown when it was asked, and has since been refused, or applied."""
    if cause is Cause.contradiction:
        await contradicted(store, behind=BEHIND, ours=True)
    else:
        await stopped(store, cause)
    before = await everything(store)
    was = operation(asked, state=State.held, attempts=1)
    assert not await store.write(holds.look_again(was, now=LATER))
    assert await everything(store) == before
    assert await claimed(store, now=LATER) == []


async def test_a_late_question_about_a_resolved_write_does_not_touch_the_next_hold(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    await said(store, HOLD, word(Action.skip))
    [claim] = await claimed(store, now=LATER)
    head = await store.read(lanes.head(claim))
    assert head is not None
    began = await store.write(
        lanes.begin(claim, head, target_code="12", previous_code=None, lease=lease(now=LATER), now=LATER)
    )
    again: Settled = await store.settle(
        settlement(claim, began, State.refused, now=LATER, ending=REFUSED, hold_id="hold_2")
    )
    assert again.more is False
    before = await everything(store)
    assert not await store.write(holds.look_again(HELD, now=LATER))
    assert await everything(store) == before
    assert await claimed(store, now=LATER) == []


async def test_what_rests_without_a_hold_is_left_alone(store: Store) -> None:
    await queued(store, 1)
    [claim] = await claimed(store)
    before = await everything(store)
    await store.write(holds.rest(claim))
    assert await everything(store) == before


async def test_writes_join_a_held_queue_up_to_the_place_where_the_checks_stop_them(store: Store) -> None:
    await stopped(store, Cause.vendor_refused)
    await wait_behind(store, ("acme", None), ("other", "15"), first=20)
    order = await order_row(store)
    assert (order["open_count"], order["ready_at"], order["held"]) == (5, None, 1)
    assert order["projected_code"] == "15"
    found = [await store.read(operations.find(op_id(n))) for n in (20, 21)]
    assert [one and one.blocked_by for one in found] == [HOLD, None]
    assert NOW < STOPPED < LATER
