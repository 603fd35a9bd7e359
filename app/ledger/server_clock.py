"""The database server's clock, followed from here: what many hosts share is dated by one clock, whatever theirs say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from app.domain.times import now_micros
from app.lasting import lasting
from app.ledger.store import StoreUnavailable

log = structlog.get_logger(__name__)

AGAIN_S = 1.0
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Where a system does not count the time in which it was suspended, that looks like a clock that was set forward."""
SLOW = 100_000
"""A round trip longer than this, in microseconds, says too little of when the server read its clock."""


def elapsed_micros() -> int:
    """Since the host started, the time in which it was suspended included; setting its clock does not touch it."""
    return time.clock_gettime_ns(_ELAPSED) // 1000


class ServerClock:
    """`ask` reads the server's clock: microseconds since 1970, or None if it tells none."""

    def __init__(self, ask: Callable[[], Awaitable[int | None]]) -> None:
        self._ask = ask
        self._ahead: int | None = None
        """By how much the server's clock is ahead of the time elapsed here."""
        self._keeper: asyncio.Task[None] | None = None

    def now(self) -> int:
        """The server's time, as well as is known here; before the first answer this host's."""
        return now_micros() if self._ahead is None else elapsed_micros() + self._ahead

    async def start(self) -> None:
        """Read it once, and then again and again. Raises StoreUnavailable."""
        await self._look(patient=True)
        self._keeper = asyncio.create_task(lasting(self._keep, what="database clock"), name="database clock")

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_S)
            try:
                await self._look(patient=False)
            except StoreUnavailable as error:
                log.debug("the database's clock cannot be read", reason=str(error))

    async def _look(self, *, patient: bool) -> None:
        before = elapsed_micros()
        server = await self._ask()
        after = elapsed_micros()
        if server is not None and (patient or after - before <= SLOW):
            self._ahead = server - (before + after) // 2
