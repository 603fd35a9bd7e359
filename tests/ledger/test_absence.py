"""Orders that a list should have named: which are looked at by themselves, and one that the vendor does not have."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.operations import State
from app.domain.times import SECOND, from_micros, rfc3339_micros
from app.domain.work_orders import Observation
from app.ledger import absence, orders
from app.ledger.absence import Unseen
from app.ledger.records import Change
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    BACKEND,
    NOW,
    NUMBER,
    begun,
    everything,
    order_row,
    queued,
    rows_of,
    settlement,
)
from tests.ledger.test_observe import seen

ENDED = frozenset({"18"})


def shown(number: str = NUMBER, *, code: str = "10", at_s: int = 0) -> Observation:
    return seen(number, code=code, at=NOW + at_s * SECOND)


async def listed(store: Store, *found: Observation, at_s: int) -> list[Change]:
    """What a round that began so long after NOW found in the vendor's list."""
    began = NOW + at_s * SECOND
    return await store.write(orders.observe(BACKEND, found, source="poll", now=began + 1, ended=ENDED, listed_at=began))


async def read(store: Store, found: Observation, *, at_s: int) -> list[Change]:
    return await store.write(orders.observe(BACKEND, [found], source="read", now=NOW + at_s * SECOND, ended=ENDED))


async def unseen(store: Store, *, at_s: int, listed: bool = True, most: int = 100) -> list[str]:
    began = NOW + at_s * SECOND
    found = await store.read(absence.unseen(BACKEND, since=began, now=began, ended=ENDED, listed=listed, most=most))
    return [one.number for one in found]


async def not_shown(store: Store, *, at_s: int, asked_s: int | None = None, number: str = NUMBER) -> bool:
    asked_at = NOW + (at_s if asked_s is None else asked_s) * SECOND
    return await store.write(
        absence.not_shown(BACKEND, number, asked_at=asked_at, now=NOW + at_s * SECOND, ended=ENDED, source="read")
    )


async def events(store: Store, number: str = NUMBER) -> list[tuple[object, ...]]:
    """Beyond the first, which every order has."""
    rows = [row for row in await rows_of(store, "event") if row["work_order"] == number]
    return [(row["seq"], row["type"], row["source"], json.loads(str(row["data"]))) for row in rows[1:]]


# -- which


async def test_an_open_order_that_the_list_names_no_more_is_unseen(store: Store) -> None:
    both = [shown("1"), shown("2")]
    await listed(store, *both, at_s=0)
    assert await unseen(store, at_s=0) == []
    await listed(store, replace(both[0], as_of=from_micros(NOW + 60 * SECOND)), at_s=60)
    assert await unseen(store, at_s=60) == ["2"]


async def test_an_order_that_has_ended_is_not_looked_for(store: Store) -> None:
    await listed(store, shown("1", code="18"), shown("2"), at_s=0)
    await listed(store, at_s=60)
    assert await unseen(store, at_s=60) == ["2"]


async def test_an_order_of_which_no_code_is_known_is_looked_for(store: Store) -> None:
    await listed(store, replace(shown("1"), code=None), at_s=0)
    assert await unseen(store, at_s=60) == ["1"]


async def test_an_order_that_somebody_has_read_since_is_not_unseen(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    await read(store, shown(at_s=61), at_s=61)
    assert await unseen(store, at_s=60) == []
    assert await unseen(store, at_s=60, listed=False) == []


async def test_an_order_that_the_list_names_with_what_is_older_than_a_read_is_listed_all_the_same(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    await read(store, shown(at_s=61), at_s=61)
    await listed(store, shown(at_s=60), at_s=60)
    order = await order_row(store)
    assert (order["listed_at"], order["observed_at"]) == (NOW + 60 * SECOND, NOW + 61 * SECOND)


async def test_a_read_does_not_make_an_order_listed(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    await read(store, shown(at_s=30, code="11"), at_s=30)
    assert (await order_row(store))["listed_at"] == NOW
    assert await unseen(store, at_s=60) == [NUMBER]


async def test_an_order_that_was_never_listed_is_looked_at_by_itself(store: Store) -> None:
    await read(store, shown(), at_s=0)
    assert await unseen(store, at_s=60) == [NUMBER]


async def test_an_order_that_was_never_seen_is_not_looked_for(store: Store) -> None:
    await queued(store, 1)
    assert await unseen(store, at_s=60) == []
    assert await unseen(store, at_s=60, listed=False) == []


async def test_an_order_that_our_delete_removed_is_not_looked_for(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    await store.write(orders.forget(BACKEND, NUMBER, now=NOW + SECOND))
    assert await unseen(store, at_s=60) == []
    assert (await order_row(store))["listed_at"] is None


async def test_those_seen_longest_ago_come_first_and_missing_ones_last(store: Store) -> None:
    for number, at_s in (("1", 3), ("2", 1), ("3", 2), ("4", 0)):
        await read(store, shown(number, at_s=at_s), at_s=at_s)
    assert await not_shown(store, number="4", at_s=30)
    found = await store.read(
        absence.unseen(BACKEND, since=NOW + 60 * SECOND, now=NOW + 60 * SECOND, ended=ENDED, listed=False, most=10)
    )
    assert found == [
        Unseen(number="2", missing=False),
        Unseen(number="3", missing=False),
        Unseen(number="1", missing=False),
        Unseen(number="4", missing=True),
    ]
    assert await unseen(store, at_s=60, listed=False, most=2) == ["2", "3"]


async def test_after_the_clock_was_set_back_the_orders_are_looked_at_again(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    assert await unseen(store, at_s=-3600) == [NUMBER]
    assert await unseen(store, at_s=-3600, listed=False) == [NUMBER]


async def test_another_backends_orders_are_not_this_ones(store: Store) -> None:
    await store.write(orders.observe("another", [shown()], source="read", now=NOW))
    assert await unseen(store, at_s=60) == []


# -- one that is not there


async def test_an_order_that_the_vendor_does_not_have_is_told_once_and_stays_as_it_was(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    before = await order_row(store)
    assert await not_shown(store, at_s=60)
    assert not await not_shown(store, at_s=120)
    assert await events(store) == [
        (2, "work_order.missing", "read", {"code": "10", "last_seen_at": rfc3339_micros(NOW)})
    ]
    assert await order_row(store) == {
        **before,
        "missing_since": NOW + 60 * SECOND,
        "changed_at": NOW + 60 * SECOND,
        "version": 2,
        "event_seq": 2,
    }


async def test_an_order_that_is_shown_again_is_told_and_may_be_missed_once_more(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    await not_shown(store, at_s=60)
    [change] = await listed(store, shown(at_s=120), at_s=120)
    assert (change.was, change.now) == ({"missing": True}, {"missing": False})
    assert (await order_row(store))["missing_since"] is None
    assert await not_shown(store, at_s=180)
    assert [row[:3] for row in await events(store)] == [
        (2, "work_order.missing", "read"),
        (3, "work_order.changed", "poll"),
        (4, "work_order.missing", "read"),
    ]


async def test_what_was_shown_before_it_was_missed_does_not_bring_it_back(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    await not_shown(store, at_s=60)
    assert await read(store, shown(at_s=59, code="11"), at_s=61) == []
    assert (await order_row(store))["missing_since"] == NOW + 60 * SECOND


@pytest.mark.parametrize("asked_s", [0, 2])
async def test_an_order_seen_just_before_it_was_asked_for_is_not_missing_yet(store: Store, asked_s: int) -> None:
    await listed(store, shown(at_s=0), at_s=0)
    assert not await not_shown(store, at_s=30, asked_s=asked_s)
    assert await not_shown(store, at_s=30, asked_s=3)


async def test_an_order_seen_after_it_was_asked_for_is_not_missing(store: Store) -> None:
    await listed(store, shown(at_s=0), at_s=0)
    await read(store, shown(at_s=61), at_s=61)
    assert not await not_shown(store, at_s=62, asked_s=60)


async def test_an_order_asked_for_before_the_clock_was_set_back_is_not_missing(store: Store) -> None:
    await listed(store, shown(at_s=0), at_s=0)
    assert not await not_shown(store, at_s=60, asked_s=3600)
    assert await not_shown(store, at_s=62, asked_s=61)


async def test_an_order_that_has_ended_meanwhile_is_not_missing(store: Store) -> None:
    await listed(store, shown(code="18"), at_s=0)
    assert not await not_shown(store, at_s=60)


async def test_an_order_with_a_write_under_way_is_not_missing_it_may_be_our_delete(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    first = await begun(store, 1, now=NOW + SECOND)
    assert not await not_shown(store, at_s=60)
    await store.settle(settlement(first.claim, first.operation, State.applied, ending=APPLIED, now=NOW + 61 * SECOND))
    assert not await not_shown(store, at_s=62), "it was confirmed after the vendor was asked, or just before"
    assert await not_shown(store, at_s=90)


async def test_an_order_that_waits_for_a_person_is_told_all_the_same(store: Store) -> None:
    await listed(store, shown(), at_s=0)
    first = await begun(store, 1, now=NOW + SECOND)
    unknown = settlement(first.claim, first.operation, State.unknown, now=NOW + 2 * SECOND)
    await store.settle(unknown)
    lost = replace(first.operation, state=State.unknown)
    await store.settle(settlement(first.claim, lost, State.held, now=NOW + 3 * SECOND))
    assert await not_shown(store, at_s=60)


async def test_an_order_that_nobody_knows_is_not_missing(store: Store) -> None:
    await queued(store, 1)
    before = await everything(store)
    assert not await not_shown(store, at_s=60)
    assert not await not_shown(store, at_s=60, number="999")
    assert await everything(store) == before
