"""Who waits for an operation to change: in this process, and in others on the same store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.domain.operations import FINAL, Operation, State


def _nobody(_operation_id: str) -> None:
    """There is no other process."""


def uncounted(_operation: Operation) -> None:
    """Nobody counts what ends."""


class Watchers:
    """Futures by operation; each is done once, by the next change.

    `abroad` is called with the id of an operation that was accepted in another process, once nothing more will happen to it
    by itself: its caller may be waiting there. `changed` is called with each operation that changed in this process.
    """

    def __init__(
        self, *, abroad: Callable[[str], None] = _nobody, changed: Callable[[Operation], None] = uncounted
    ) -> None:
        self._waiting: dict[str, set[asyncio.Future[Operation]]] = {}
        self._ours: set[str] = set()
        self._abroad = abroad
        self._changed = changed

    def accepted_here(self, operation: Operation) -> None:
        self._ours.add(operation.id)

    def settled_abroad(self, operation_id: str) -> bool:
        """Another process has brought it to rest; whether somebody waits for it here."""
        self._ours.discard(operation_id)
        return operation_id in self._waiting

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
        """It has changed here."""
        self._changed(operation)
        self.tell_of(operation)
        if operation.state not in FINAL and operation.state is not State.held:
            return
        if operation.id in self._ours:
            self._ours.discard(operation.id)
        else:
            self._abroad(operation.id)

    def tell_of(self, operation: Operation) -> None:
        """It has changed, here or in another process."""
        for future in self._waiting.pop(operation.id, ()):
            if not future.done():
                future.set_result(operation)
