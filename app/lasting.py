"""Loops that last as long as the gateway: one that fails by a fault of ours is logged and begun again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

log = structlog.get_logger(__name__)

AGAIN_S = 1.0


async def lasting(loop: Callable[[], Coroutine[None, None, None]], *, what: str) -> None:
    """Run `loop` until it returns or is cancelled. Without its worker a backend's queues would rest for ever."""
    while True:
        (failed,) = await asyncio.gather(loop(), return_exceptions=True)
        if not isinstance(failed, Exception):
            return
        log.error("a loop failed, and is begun again", loop=what, exc_info=failed)
        await asyncio.sleep(AGAIN_S)
