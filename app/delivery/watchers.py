"""Who waits in this process for an operation to change."""

from __future__ import annotations

import asyncio

from app.domain.operations import Operation


class Watchers:
    """Futures by operation; each is done once, by the next change."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[Operation]]] = {}

    def watch(self, operation_id: str) -> asyncio.Future[Operation]:
        future: asyncio.Future[Operation] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(operation_id, set()).add(future)
        return future

    def unwatch(self, operation_id: str, future: asyncio.Future[Operation]) -> None:
        waiting = self._waiting.get(operation_id)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._waiting[operation_id]

    def tell(self, operation: Operation) -> None:
        for future in self._waiting.pop(operation.id, ()):
            if not future.done():
                future.set_result(operation)
