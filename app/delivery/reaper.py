"""Clears up what the ledger has kept long enough, in small steps, and counts what is left of keys, every minute or so."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import structlog

from app.lasting import lasting
from app.ledger.key_room import KeyRoom
from app.ledger.retention import Retention
from app.ledger.store import Store, StoreUnavailable

log = structlog.get_logger(__name__)

ROUND_S = 60.0
MOST = 50
"""Rows in one transaction. On SQLite nothing else is written meanwhile: with two hundred, the p99 of updates to a ledger with
5 million operations doubled."""
REST_S = 0.01
"""After each full transaction, so that requests come between them."""


class Reaper:
    """One per process. `clock` gives microseconds since 1970."""

    def __init__(self, store: Store, retention: Retention, keys: KeyRoom, *, clock: Callable[[], int]) -> None:
        self._store = store
        self._retention = retention
        self._keys = keys
        self._clock = clock
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._loops = [
            asyncio.create_task(lasting(self._keep_clearing, what="retention"), name="retention"),
            asyncio.create_task(lasting(self._keep_counting, what="key counts"), name="key counts"),
        ]

    async def stop(self) -> None:
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def _keep_counting(self) -> None:
        """Beside the clearing, which may go on for long: a client that was refused is to have the room that it makes."""
        while True:
            await _until_next_round()
            await self._keys.count()

    async def _keep_clearing(self) -> None:
        while True:
            await _until_next_round()
            try:
                cleared = await self.clear()
            except StoreUnavailable as error:
                log.error("the ledger cannot be reached", reason=str(error))
            else:
                if cleared:
                    log.info("cleared up", **cleared)

    async def clear(self) -> Counter[str]:
        """One round: everything that is over by now, of each kind until a transaction is not full."""
        cleared: Counter[str] = Counter()
        full = True
        while full:
            full = False
            for kind, unit in self._retention.units(now=self._clock(), most=MOST).items():
                count = await self._store.write(unit)
                if count:
                    cleared[kind] += count
                if count == MOST:
                    full = True
                    await asyncio.sleep(REST_S)
        return cleared


async def _until_next_round() -> None:
    await asyncio.sleep(ROUND_S * random.uniform(0.75, 1.25))  # several gateways take turns
