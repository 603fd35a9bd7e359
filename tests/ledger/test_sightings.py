"""Orders seen live again: what says nothing new is not taken in, and is written together with others, soon and without haste."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.times import CLOCKS_APART, SECOND
from app.domain.work_orders import Observation
from app.ledger import orders, sightings
from app.ledger.records import KnownOrder
from app.ledger.sightings import MOMENT, Sightings
from app.ledger.sql import Sql, Unit
from app.ledger.store import Store, StoreUnavailable
from app.ledger.tables import ORDER
from tests.ledger.scenes import BACKEND, NOW, NUMBER, begun, draft, order_row, passes
from tests.ledger.test_observe import observe, seen

LATER = NOW + 60 * SECOND


async def compared(store: Store, shown: Observation, *, now: int = LATER) -> KnownOrder | None:
    return await store.look(sightings.compare(BACKEND, shown, now=now, ended=frozenset({"99"})))


async def times_seen(store: Store, number: str = NUMBER) -> tuple[object, object]:
    row = await order_row(store, number)
    return row["observed_at"], row["version"]


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    shown: Observation
    is_known: bool


@pytest.mark.parametrize(
    "case",
    [
        Case(name="the same, later", shown=seen(at=LATER), is_known=True),
        Case(name="the same, at the same time", shown=seen(), is_known=True),
        Case(name="something older", shown=seen(at=NOW - 1, code="11"), is_known=True),
        Case(name="another status", shown=seen(at=LATER, code="11"), is_known=False),
        Case(name="another member", shown=seen(at=LATER, title="Sink"), is_known=False),
        Case(name="an order that was never seen", shown=seen("2", at=LATER), is_known=False),
    ],
    ids=lambda case: case.name,
)
async def test_an_order_is_known_where_nothing_new_is_said_of_it(store: Store, case: Case) -> None:
    await observe(store, seen())
    known = await compared(store, case.shown)
    assert known == (await store.read(orders.find(BACKEND, NUMBER)) if case.is_known else None)


async def test_an_order_that_was_missing_has_to_be_taken_in(store: Store) -> None:
    await observe(store, seen())
    await store.write(_missing(NOW + 1))
    assert await compared(store, seen(at=LATER)) is None
    known = await compared(store, seen(at=NOW))
    assert known is not None
    assert known.view.observed_at == NOW


def _missing(at: int) -> Unit[None]:
    yield Sql(update(ORDER).values(missing_since=at)), {}


async def test_what_our_own_write_has_set_since_is_shown_and_not_what_was_read_before(store: Store) -> None:
    await observe(store, seen())
    await begun(store, 1)
    known = await compared(store, seen(at=LATER))
    assert known is not None
    assert (known.view.open_count, known.view.projected_code) == (1, "11")


@pytest.mark.parametrize(
    ("at", "is_worth_it"),
    [
        (NOW + MOMENT - 1, False),
        (NOW + MOMENT, True),
        (NOW - MOMENT, False),
    ],
)
async def test_what_was_seen_a_moment_ago_is_not_noted(store: Store, at: int, is_worth_it: bool) -> None:
    await observe(store, seen())
    known = await compared(store, seen(at=at))
    assert known is not None
    assert sightings.is_worth_noting(known, seen(at=at), now=at) == is_worth_it


async def test_a_time_ahead_of_the_clock_is_replaced(store: Store) -> None:
    ahead = NOW + CLOCKS_APART + 2 * SECOND
    await observe(store, seen(at=ahead), now=ahead)
    known = await compared(store, seen(at=NOW), now=NOW)
    assert known is not None
    assert sightings.is_worth_noting(known, seen(at=NOW), now=NOW)
    noted = Sightings(_At(store, NOW))
    noted.note(BACKEND, known, seen(at=NOW))
    await noted.close()
    assert (await times_seen(store))[0] == NOW


async def test_an_order_seen_again_counts_at_once_and_is_written_soon_and_nothing_else_of_it(store: Store) -> None:
    await observe(store, seen())
    before = await order_row(store)
    kept = await store.read(orders.find(BACKEND, NUMBER))
    known = await compared(store, seen(at=LATER))
    assert kept is not None
    assert known is not None
    noted = Sightings(store)
    answered = noted.note(BACKEND, known, seen(at=LATER))
    assert noted.counted(BACKEND, kept) == answered == sightings.seen_again(known, LATER)
    assert (answered.view.observed_at, answered.etag, answered.changed_at) == (LATER, known.etag, known.changed_at)
    await noted.close()
    assert await order_row(store) == before | {"observed_at": LATER}
    assert noted.counted(BACKEND, kept) == kept


async def test_a_row_that_was_written_meanwhile_is_left_alone(store: Store) -> None:
    await observe(store, seen())
    known = await compared(store, seen(at=LATER))
    assert known is not None
    noted = Sightings(store)
    noted.note(BACKEND, known, seen(at=LATER))
    await store.accept(draft(1), passes(), None)
    changed = await store.read(orders.find(BACKEND, NUMBER))
    assert changed is not None
    assert noted.counted(BACKEND, changed) == changed
    noted.note(BACKEND, known, seen(at=LATER))
    await noted.close()
    assert (await times_seen(store))[1] == changed.view.version


async def test_of_two_sightings_the_later_stays_whichever_is_noted_first(store: Store) -> None:
    for first, second in ((LATER, LATER + SECOND), (LATER + 3 * SECOND, LATER + 2 * SECOND)):
        await observe(store, seen())
        known = await compared(store, seen(at=first))
        assert known is not None
        noted = Sightings(store)
        noted.note(BACKEND, known, seen(at=first))
        noted.note(BACKEND, known, seen(at=second))
        assert noted.counted(BACKEND, known).view.observed_at == max(first, second)
        await noted.close()
        assert (await times_seen(store))[0] == max(first, second)


class _At:
    """A store whose clock stands; its writes are counted, and may be slow or fail."""

    def __init__(self, store: Store, at: int) -> None:
        self._store = store
        self._at = at
        self.writes = 0
        self.away = False

    def now(self) -> int:
        return self._at

    async def write(self, unit: Unit[Any]) -> Any:
        self.writes += 1
        if self.away:
            unit.close()
            raise StoreUnavailable("away")
        return await self._store.write(unit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def known_orders(store: Store, numbers: Sequence[str]) -> list[KnownOrder]:
    await observe(store, *[seen(number) for number in numbers])
    found = [await store.read(orders.find(BACKEND, number)) for number in numbers]
    return [one for one in found if one is not None]


async def test_what_is_noted_while_another_is_written_is_written_together(sqlite_store: Store) -> None:
    known = await known_orders(sqlite_store, [str(n) for n in range(40)])
    store = _At(sqlite_store, LATER)
    noted = Sightings(store)
    for one in known:
        noted.note(BACKEND, one, replace(seen(one.view.number), as_of=seen(at=LATER).as_of))
        await asyncio.sleep(0)
    await noted.close()
    assert store.writes == 2
    rows = [await times_seen(sqlite_store, one.view.number) for one in known]
    assert rows == [(LATER, 1)] * len(known)


async def test_a_store_that_is_away_loses_a_sighting_and_nobody_waits_for_it(sqlite_store: Store) -> None:
    (known,) = await known_orders(sqlite_store, [NUMBER])
    store = _At(sqlite_store, LATER)
    store.away = True
    noted = Sightings(store)
    noted.note(BACKEND, known, seen(at=LATER))
    await noted.close()
    assert noted.counted(BACKEND, known) == known
    store.away = False
    noted.note(BACKEND, known, seen(at=LATER))
    await noted.close()
    assert (await times_seen(sqlite_store))[0] == LATER
