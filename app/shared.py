"""One run of a job at a time: whoever asks while it runs gets the same result, or the same error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """A caller who is cancelled leaves the job to the others."""

    def __init__(self, job: Callable[[], Coroutine[None, None, T]]) -> None:
        self._job = job
        self._running: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._job())
            self._running.add_done_callback(_heard)
        return await asyncio.shield(self._running)

    async def aclose(self) -> None:
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait([self._running])


def _heard(task: asyncio.Task[T]) -> None:
    """An error that nobody waits for any more is no news to asyncio."""
    if not task.cancelled():
        task.exception()
