"""Look at orders one at a time: those that the vendor's list should name and does not, and all where there is no list.

That an order is not listed proves nothing, so it is read by itself. The reads are spread over the interval, a few at once and
so many a second at most, on connections that no write waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from zlib import crc32

import structlog

from app.delivery.desk import Desk
from app.domain.errors import BackendMisconfigured, GatewayError, VendorTrouble, WorkOrderNotFound
from app.domain.ports import Capability
from app.domain.times import ahead
from app.domain.work_orders import Observation
from app.ledger import absence, orders
from app.ledger.absence import Unseen
from app.ledger.records import KnownOrder
from app.ledger.rounds import Turn
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)

READS_PER_S = 10.0
"""A vendor is asked for single orders no more often than this, however many are open."""
MOST = 10_000
"""So many orders are looked at in one round; the others, seen more lately, in the next."""
MISSING_EVERY = 10
"""An order that the vendor does not have is asked for again only in every such round."""
ENOUGH = 3
"""After so many failures in a row the round ends: the vendor has other troubles."""


def gap_s(count: int, *, interval_s: float) -> float:
    """How far apart `count` reads begin, to be spread over the interval; a larger number makes the interval longer."""
    return max(interval_s / max(count, 1), 1 / READS_PER_S)


class Watch:
    """One round's reads of single orders."""

    def __init__(self, desk: Desk, turn: Turn, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._turn = turn
        self._changed = changed
        self._gate = asyncio.Semaphore(max(1, desk.backend.settings.max_connections // 4))
        self._lists = Capability.list in desk.backend.vendor.capabilities
        self._failed = 0
        self._trouble: GatewayError | None = None
        self._away: StoreUnavailable | None = None

    async def read_all(self, *, within_s: float | None, trial: bool) -> GatewayError | None:
        """Read each open order that this round has not seen; returns the vendor's trouble that ended it early, if any did.

        `within_s`: how long the round may go on beginning reads; what is left is for the next. None: until all are read,
        evenly over the interval. `trial`: the backend pauses, and the first read is the one that tries it.
        """
        due = await self._due()
        loop = asyncio.get_running_loop()
        interval_s = self._desk.backend.settings.poll_s if within_s is None else 0.0
        gap = gap_s(len(due), interval_s=interval_s)
        at = loop.time()
        ends = None if within_s is None else at + within_s
        async with asyncio.TaskGroup() as reading:
            for n, one in enumerate(due):
                await asyncio.sleep(at - loop.time())
                await self._gate.acquire()
                if self._stops(ends, loop.time(), trial=trial and n == 0):
                    break
                reading.create_task(self._look_at(one.number))
                at = max(at, loop.time()) + gap
        if self._away is not None:
            raise self._away
        return self._trouble

    async def _due(self) -> list[Unseen]:
        desk, turn = self._desk, self._turn
        found = await desk.store.read(
            absence.unseen(
                desk.backend.name,
                since=turn.started_at,
                now=desk.clock(),
                ended=desk.backend.rules.table.ended_codes,
                listed=self._lists,
                most=MOST,
            )
        )
        return [
            one for one in found if not one.missing or (crc32(one.number.encode()) + turn.count) % MISSING_EVERY == 0
        ]

    def _stops(self, ends: float | None, now: float, *, trial: bool) -> bool:
        if self._trouble is not None or self._away is not None or (ends is not None and now >= ends):
            return True
        return not trial and not self._desk.backend.health.admits(self._desk.clock())

    async def _look_at(self, number: str) -> None:
        try:
            known = await self._desk.store.look(orders.find(self._desk.backend.name, number))
            if known is not None and self._is_due(known):
                await self._read(known)
        except StoreUnavailable as error:
            self._away = error
        except Exception:  # a fault of ours in one order; without this it would end the round of all
            log.exception("an order is left out", backend=self._desk.backend.name, work_order=number)
        finally:
            self._gate.release()

    def _is_due(self, known: KnownOrder) -> bool:
        """Whether nobody has seen the order since the round began, and it is open still."""
        seen_at = known.view.observed_at
        if seen_at is None or known.view.code in self._desk.backend.rules.table.ended_codes:
            return False
        return seen_at < self._turn.started_at or ahead(seen_at, now=self._desk.clock())

    async def _read(self, known: KnownOrder) -> None:
        desk, backend, number = self._desk, self._desk.backend, known.view.number
        ended = backend.rules.table.ended_codes
        asked_at = desk.clock()
        try:
            async with backend.reading():
                seen = await self._shown(known)
        except WorkOrderNotFound:
            self._answered()
            gone = absence.not_shown(
                backend.name, number, asked_at=asked_at, now=desk.clock(), ended=ended, source="read"
            )
            if await desk.store.write(gone):
                log.warning("the vendor shows an open order no more", backend=backend.name, work_order=number)
        except GatewayError as error:
            self._failed_with(error, number)
        else:
            self._answered()
            taken = orders.observe(backend.name, [seen], source="read", now=desk.clock(), ended=ended)
            if await desk.store.write(taken):
                self._changed()

    async def _shown(self, known: KnownOrder) -> Observation:
        """By its reference where the vendor lists orders: one that cannot be had so would be looked for in a whole list."""
        number, reference = known.view.number, known.view.reference
        if self._lists and reference is not None:
            seen = await self._desk.backend.adapter.read(reference)
            if seen.key.number == number:
                return seen
        return await self._desk.backend.adapter.read(number)

    def _answered(self) -> None:
        self._failed = 0
        self._desk.backend.health.well(now=self._desk.clock())

    def _failed_with(self, error: GatewayError, number: str) -> None:
        backend = self._desk.backend
        log.info("could not look at an order", backend=backend.name, work_order=number, reason=error.detail)
        if isinstance(error, VendorTrouble):
            backend.note_read(error, number, now=self._desk.clock())
            if error.one_order:
                return
        self._failed += 1
        if self._failed >= ENOUGH or isinstance(error, BackendMisconfigured):
            self._trouble = error
