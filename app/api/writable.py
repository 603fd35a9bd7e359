"""Whether the database takes a write: asked at most once a second, however many probes there are, and never for long."""

from __future__ import annotations

import asyncio
import math
import time

from app.ledger.store import Store, StoreUnavailable

FRESH_S = 1.0
"""How long a good answer holds: each costs the database a durable write. A bad one is asked anew."""
WITHIN_S = 3.0
"""How long a write may take; a balancer that waits has no use for the answer."""


class Writable:
    """One per process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asking: asyncio.Task[bool] | None = None
        self._good_at = -math.inf

    async def ask(self) -> bool:
        if time.monotonic() - self._good_at < FRESH_S:
            return True
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="a write to see whether there can be any")
        asking = self._asking  # it is not cancelled when it is late: the driver would tell the server, and wait
        await asyncio.wait([asking], timeout=WITHIN_S)
        return asking.done() and asking.result()

    async def close(self) -> None:
        """Nobody asks any more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _ask(self) -> bool:
        try:
            await self._store.ping()
        except (StoreUnavailable, TimeoutError):
            return False
        self._good_at = time.monotonic()
        return True
