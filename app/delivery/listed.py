"""Take in one batch of a vendor's list: most of it is as it was, and costs next to nothing; what differs is read and compared.

The comparing is done on the event loop, a few orders at a time, and the transactions hold nothing but statements: neither an
update of these orders nor anybody else in this process waits long for a list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter

from app.delivery.desk import Desk
from app.domain.glimpses import Glimpse, Listed, number_of, read
from app.domain.sharing import rest_s
from app.ledger import listed, orders
from app.ledger.listed import Differing
from app.ledger.sql import Row

REFRESHED_AT_ONCE = 200
"""So many orders that are as they were are written by one statement: about two milliseconds."""
AT_ONCE = 50
"""So many orders that differ are written by one transaction."""
SLICE = 4
"""So many orders are read and compared before everybody else has a turn: about half a millisecond."""


async def take_in(desk: Desk, batch: Sequence[Listed], *, listed_at: int) -> int:
    """Returns how many orders differed from what we had. Of an order that is named twice, the last counts."""
    backend = desk.backend
    named = {number_of(one): one for one in batch}
    glimpses = [one for one in named.values() if isinstance(one, Glimpse)]
    same: set[str] = set()
    for first in range(0, len(glimpses), REFRESHED_AT_ONCE):
        some = glimpses[first : first + REFRESHED_AT_ONCE]
        same |= await desk.store.write(listed.refresh(backend.name, some, now=desk.clock(), listed_at=listed_at))
    others = [number for number in named if number not in same]
    changes = 0
    for first in range(0, len(others), AT_ONCE):
        rows = await desk.store.read(listed.beside(backend.name, others[first : first + AT_ONCE]))
        changes += await _take_in_differing(desk, named, list(rows.items()), listed_at)
    return changes


async def _take_in_differing(
    desk: Desk,
    named: Mapping[str, Listed],
    rows: Sequence[tuple[str, Row | None]],
    listed_at: int,
) -> int:
    backend = desk.backend
    ended = backend.rules.table.ended_codes
    differing = Differing(backend=backend.name, source="poll", now=desk.clock(), listed_at=listed_at, ended=ended)
    for part in _slices(rows):
        began = perf_counter()
        for number, row in part:
            if (seen := read(named[number])) is not None:
                differing.add(seen, row)
        await asyncio.sleep(rest_s(perf_counter() - began))
    if not len(differing):
        return 0
    taken = await desk.store.write(differing.take_in())
    if not taken.left:
        return len(taken.changes)
    left = orders.observe(backend.name, taken.left, source="poll", now=desk.clock(), ended=ended, listed_at=listed_at)
    return len(taken.changes) + len(await desk.store.write(left))


def _slices(rows: Sequence[tuple[str, Row | None]]) -> Iterator[Sequence[tuple[str, Row | None]]]:
    for first in range(0, len(rows), SLICE):
        yield rows[first : first + SLICE]
