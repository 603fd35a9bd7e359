"""Take in a vendor's list, batch by batch: most of it is as it was and costs next to nothing; what differs is compared.

The comparing is done on the event loop, a few orders at a time, and the transactions hold nothing but statements: neither an
update of these orders nor anybody else in this process waits long for a list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter

import structlog

from app.delivery.desk import Desk
from app.domain.glimpses import Glimpse, Listed, number_of
from app.domain.sharing import rest_s
from app.domain.times import to_micros
from app.ledger import listed, orders, rounds
from app.ledger.listed import Differing, Taken
from app.ledger.rounds import Turn
from app.ledger.sql import Row

log = structlog.get_logger(__name__)

STANDING_AT_ONCE = 500
"""So many marks are read by one statement: about a millisecond."""
AT_ONCE = 20
"""So many orders that differ, or that the list names no more, are written by one transaction: about a millisecond."""
TURN_S = 0.001
"""So long are orders read and compared before everybody else has a turn."""


class Roll:
    """One list, while it comes in. Of an order that it shows as it was nothing is written: the order stands in the list still.

    Only `end` says that all who stand in it are as fresh as this list. A list that breaks off before leaves them as they were,
    but for those that differed.
    """

    def __init__(self, desk: Desk, turn: Turn) -> None:
        self._desk = desk
        self._turn = turn
        self._standing: Mapping[str, str | None] | None = None
        self._named: set[str] = set()
        self._asked_at: int | None = None

    async def take_in(self, batch: Sequence[Listed]) -> int:
        """Returns how many orders differed from what we had. Of an order that is named twice, the last counts."""
        if self._standing is None:
            self._standing = await self._read_standing()  # not before the list was asked for: see `_differing`
        others = self._differing(batch, self._standing)
        changes = 0
        for first in range(0, len(others), AT_ONCE):
            some = others[first : first + AT_ONCE]
            rows = await self._desk.store.read(listed.beside(self._turn.backend, [number_of(one) for one in some]))
            changes += await self._take_in_differing([(one, rows[number_of(one)]) for one in some])
        return changes

    async def end(self) -> bool:
        """The list was whole. False: the turn is another gateway's meanwhile, and this list says nothing more."""
        standing = self._standing or await self._read_standing()
        gone = [number for number in standing if number not in self._named]
        for first in range(0, len(gone), AT_ONCE):
            await self._desk.store.write(listed.leave(self._turn, gone[first : first + AT_ONCE]))
        if self._asked_at is None:
            return True
        return await self._desk.store.write(rounds.showed(self._turn, at=self._asked_at, now=self._desk.clock()))

    async def _read_standing(self) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        after = ""
        while True:
            some = await self._desk.store.read(
                listed.standing(self._turn.backend, after=after, most=STANDING_AT_ONCE, now=self._desk.clock())
            )
            found.update(some)
            if len(some) < STANDING_AT_ONCE:
                return found
            after = max(some)

    def _differing(self, batch: Sequence[Listed], standing: Mapping[str, str | None]) -> list[Listed]:
        """Those that do not stand there with the mark that they had.

        A row that changes after its mark was read, and before the list is ended, has changed by a write of ours, whose end is
        later than the list; or by a read, after which it stands in the list no more.
        """
        others: dict[str, Listed] = {}
        for one in batch:
            number = number_of(one)
            if isinstance(one, Glimpse) and standing.get(number) == one.mark:
                self._named.add(number)
                others.pop(number, None)
            else:
                others[number] = one
        if batch:
            earliest = to_micros(min([one.as_of for one in batch]))
            self._asked_at = earliest if self._asked_at is None else min(earliest, self._asked_at)
        return list(others.values())

    async def _take_in_differing(self, pairs: Sequence[tuple[Listed, Row | None]]) -> int:
        desk = self._desk
        ended = desk.backend.rules.table.ended_codes
        differing = Differing(turn=self._turn, source="poll", now=desk.clock(), ended=ended)
        began = perf_counter()
        for one, row in pairs:
            try:
                if differing.add(one, row):
                    self._named.add(number_of(one))
            except Exception:  # a fault of ours in one order; without this it would keep the whole list from being seen
                log.exception("an order of the list is left out", backend=desk.backend.name, work_order=number_of(one))
            took = perf_counter() - began
            if took > TURN_S:
                await asyncio.sleep(rest_s(took))
                began = perf_counter()
        written: list[Taken] = [await desk.store.write(unit) for unit in differing.writes()]
        changes = sum([len(taken.changes) for taken in written])
        for seen in differing.left(written):  # each by itself: nobody is to wait for one while we wait for another
            changes += len(
                await desk.store.write(
                    orders.observe(
                        self._turn.backend,
                        [seen],
                        source="poll",
                        now=desk.clock(),
                        ended=ended,
                        listed_at=self._turn.started_at,
                    )
                )
            )
        return changes
