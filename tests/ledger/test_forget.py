"""An order that our own delete has removed at the vendor: as one that was never seen, but for its history and its queue."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.operations import State
from app.domain.times import SECOND, from_micros
from app.ledger import lanes, orders
from app.ledger.orders import OrderFilter
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    BACKEND,
    BLANK_ORDER,
    NOW,
    NUMBER,
    begun,
    claimed,
    everything,
    op_id,
    order_row,
    queued,
    rows_of,
    settlement,
)
from tests.ledger.test_orders_list import shown

LATER = NOW + 60 * SECOND


@pytest.fixture
async def known(store: Store) -> Store:
    """Two orders that the vendor has shown."""
    both = [shown(NUMBER, reference="WO113427"), shown("2", reference="WO2")]
    await store.write(orders.observe(BACKEND, both, source="read", now=NOW))
    return store


async def forget(store: Store, number: str = NUMBER) -> None:
    await store.write(orders.forget(BACKEND, number, now=LATER))


async def listed(store: Store) -> list[str]:
    return [one.view.number for one in await store.read(orders.list_orders(BACKEND, OrderFilter(), most=10))]


async def test_an_order_that_was_read_before_it_was_forgotten_is_given_without_what_was_seen(known: Store) -> None:
    await forget(known)
    seen = replace(shown(NUMBER), as_of=from_micros(LATER - SECOND))
    taken = await known.write(orders.take_in(BACKEND, seen, source="request", now=LATER + SECOND, ended=frozenset()))
    assert (taken.view.number, taken.view.code, taken.observation) == (NUMBER, None, None)
    again = replace(seen, as_of=from_micros(LATER + SECOND))
    taken = await known.write(orders.take_in(BACKEND, again, source="request", now=LATER + SECOND, ended=frozenset()))
    assert (taken.view.code, taken.observation and taken.observation.as_of) == (seen.code, again.as_of)


async def test_a_forgotten_order_is_listed_no_more(known: Store) -> None:
    await forget(known)
    assert await listed(known) == ["2"]
    with_code = OrderFilter(codes=("10",), changed_since=0)
    assert [one.view.number for one in await known.read(orders.list_orders(BACKEND, with_code, most=10))] == ["2"]


async def test_nothing_that_the_vendor_showed_of_it_is_left(known: Store) -> None:
    await forget(known)
    order = await order_row(known)
    counts = {"version": order["version"], "event_seq": order["event_seq"]}
    assert order == {**BLANK_ORDER, "changed_at": LATER, "confirmed_at": LATER, **counts}
    found = await known.read(orders.find(BACKEND, NUMBER))
    assert found is not None
    assert (found.observation, found.etag, found.view.code, found.view.reference) == (None, None, None, None)
    assert await known.read(orders.find(BACKEND, "WO113427")) is None


async def test_its_end_is_an_event_that_follows_the_others(known: Store) -> None:
    await forget(known)
    told = [row for row in await rows_of(known, "event") if row["work_order"] == NUMBER]
    assert [(row["seq"], row["type"], row["source"], row["tenant"]) for row in told] == [
        (1, "work_order.changed", "read", None),
        (2, "work_order.deleted", "delivery", None),
    ]
    assert json.loads(str(told[1]["data"])) == {}


async def test_an_order_that_was_never_known_is_forgotten_without_a_word(known: Store) -> None:
    before = await everything(known)
    await forget(known, "999")
    assert await everything(known) == before


async def test_what_is_queued_for_it_stays(known: Store) -> None:
    first = await begun(known, 1)
    await queued(known, 2, code="12")
    await forget(known)
    order = await order_row(known)
    names = ("open_count", "last_seq", "lease_owner", "fence", "projected_operation")
    assert tuple(order[name] for name in names) == (2, 2, "here", 1, op_id(2))
    done = await known.settle(settlement(first.claim, first.operation, State.applied, ending=APPLIED, now=LATER))
    assert done.more
    [claim] = await claimed(known, now=LATER + 60 * SECOND)
    head = await known.read(lanes.head(claim))
    assert head is not None
    assert head.id == op_id(2)


async def test_an_order_that_is_shown_again_is_a_new_one(known: Store) -> None:
    await forget(known)
    anew = replace(shown(NUMBER), as_of=from_micros(LATER + SECOND))
    [change] = await known.write(orders.observe(BACKEND, [anew], source="read", now=LATER + SECOND))
    assert (change.number, change.was) == (NUMBER, {})
    assert sorted(await listed(known)) == [NUMBER, "2"]


async def test_what_was_read_before_it_was_removed_does_not_bring_it_back(known: Store) -> None:
    await forget(known)
    before = replace(shown(NUMBER), as_of=from_micros(LATER - SECOND))
    assert await known.write(orders.observe(BACKEND, [before], source="read", now=LATER + SECOND)) == []
    assert await listed(known) == ["2"]
