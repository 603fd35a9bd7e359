"""Orders that were read live and are as the ledger has them: only the time at which they were seen is new, and that can wait.

A read does not wait for this to be written: of many orders it is written together, at most `REST_S` later, and at once where
nothing was written lately. Should it get lost, an order counts as seen longer ago than it was, and is read again the sooner.
Where the same was seen less than MOMENT before, it is not written at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import and_, bindparam, or_, select, update

from app.domain.times import CLOCKS_APART, SECOND, ahead, from_micros, to_micros
from app.domain.work_orders import Observation
from app.ledger.accept import FIND_ORDER
from app.ledger.comparing import is_later, is_news
from app.ledger.json_rows import BIG, TEXT, given
from app.ledger.orders import etag_of
from app.ledger.records import KnownOrder
from app.ledger.rows import compact, known_order, seen_at
from app.ledger.sql import Sql, Unit
from app.ledger.store import Store, StoreUnavailable
from app.ledger.tables import ORDER

MOMENT = SECOND
REST_S = 0.05
AT_ONCE = 200
"""So many are written by one transaction: about two milliseconds."""

_sighted = given(number=TEXT, version=BIG, at=BIG)
_of_backend = ORDER.c.backend == bindparam("of_backend")
_as_compared = (
    select(_sighted)
    .where(_of_backend, ORDER.c.number == _sighted.c.number, ORDER.c.version == _sighted.c.version)
    .order_by(_sighted.c.number)
    .with_for_update(of=ORDER, skip_locked=True)
    .cte("as_compared")
)
SIGHTED = Sql(
    update(ORDER)
    .where(
        _of_backend,
        and_(ORDER.c.number == _as_compared.c.number, ORDER.c.version == _as_compared.c.version),
        or_(ORDER.c.observed_at < _as_compared.c.at, ORDER.c.observed_at > bindparam("ahead")),
    )
    .values(observed_at=_as_compared.c.at)
)
"""No order that somebody is at work on is waited for, and none whose row has changed since it was compared is written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """When an order was seen that is as its row, in this version, has it."""

    number: str
    version: int
    at: int


def compare(backend: str, seen: Observation, *, now: int, ended: frozenset[str]) -> Unit[KnownOrder | None]:
    """The order as the ledger has it, if the observation says nothing that its row does not; None: `orders.take_in` it."""
    rows = yield FIND_ORDER, {"backend": backend, "number": seen.key.number}
    if not rows or seen_at(rows[0]) is None or is_news(rows[0], seen, etag_of(seen), now=now, ended=ended):
        return None
    is_older = any(is_later(rows[0], column, seen, now=now) for column in ("observed_at", "missing_since"))
    return known_order(rows[0], fields=None if is_older else seen.fields)


def is_worth_noting(known: KnownOrder, seen: Observation, *, now: int) -> bool:
    """Whether an order that is as the ledger has it was last seen longer ago than a moment; not by a read that lies ahead of the
    clock, which was set back meanwhile."""
    at, observed = to_micros(seen.as_of), known.view.observed_at
    if ahead(at, now=now):
        return False
    return observed is None or at - observed >= MOMENT or ahead(observed, now=now)


def seen_again(known: KnownOrder, at: int) -> KnownOrder:
    """The order, seen as it is at this time."""
    assert known.observation is not None
    return replace(
        known,
        view=replace(known.view, observed_at=at),
        observation=replace(known.observation, as_of=from_micros(at)),
    )


class Sightings:
    """What is yet to be written, of one process. In this process it counts at once: see `counted`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: dict[str, dict[str, Sighting]] = {}
        self._writing: Mapping[str, Mapping[str, Sighting]] = {}
        self._writer: asyncio.Task[None] | None = None

    def note(self, backend: str, known: KnownOrder, seen: Observation) -> KnownOrder:
        """The order as `compare` gave it was seen again; returns it so."""
        one = Sighting(number=known.view.number, version=known.view.version, at=to_micros(seen.as_of))
        noted = self._noted.setdefault(backend, {})
        before = noted.get(one.number)
        if before is None or (before.version, before.at) < (one.version, one.at):
            noted[one.number] = one
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return seen_again(known, one.at)

    def counted(self, backend: str, known: KnownOrder) -> KnownOrder:
        """The order with what is noted of it, if its row is still as it was compared."""
        view = known.view
        for notes in (self._noted, self._writing):
            one = notes.get(backend, {}).get(view.number)
            if one is not None and one.version == view.version and one.at > (view.observed_at or 0):
                return seen_again(known, one.at)
        return known

    async def close(self) -> None:
        """Write what is noted."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        while self._noted:
            self._writing, self._noted = self._noted, {}
            for backend, notes in self._writing.items():
                rows = [{"number": one.number, "version": one.version, "at": one.at} for one in notes.values()]
                rows.sort(key=lambda row: str(row["number"]))
                for first in range(0, len(rows), AT_ONCE):
                    unit = _write_down(backend, compact(rows[first : first + AT_ONCE]), now=self._store.now())
                    with suppress(StoreUnavailable):  # the next read of these orders notes them again
                        await self._store.write(unit)
            self._writing = {}
            await asyncio.sleep(REST_S)


def _write_down(backend: str, rows: str, *, now: int) -> Unit[None]:
    yield SIGHTED, {"of_backend": backend, "rows": rows, "ahead": now + CLOCKS_APART}
