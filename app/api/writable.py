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
        self._asking = asyncio.Lock()
        self._good_at = -math.inf

    async def ask(self) -> bool:
        try:
            async with asyncio.timeout(WITHIN_S), self._asking:
                if time.monotonic() - self._good_at >= FRESH_S:
                    await self._store.ping()
                    self._good_at = time.monotonic()
        except (StoreUnavailable, TimeoutError):
            return False
        return True
