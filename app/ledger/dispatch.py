"""What the API asks of the delivery worker, as a port: the API accepts writes, the worker alone talks to vendors about them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from app.domain.operations import Operation
from app.ledger.records import Accepted, Lease


class Dispatcher(Protocol):
    """The delivery worker of this process."""

    def beats(self, *, within_s: float) -> bool:
        """Whether the loop of every backend has gone round so lately."""

    def leave(self) -> None:
        """The process has been told to stop: queues are for others now."""

    async def place(self, backend: str, *, patient: bool) -> Lease | None:
        """A place among the backend's calls and a lease for it, if a call may go out at once; else None.

        A `patient` caller also waits a moment, if that is how long it takes until a place is free. Whoever takes one gives
        it back with `release`, or hands the accepted write over.
        """

    def release(self, backend: str) -> None:
        """Give a reserved place back."""

    def hand_over(self, accepted: Accepted) -> None:
        """An accepted write: its first attempt, if it holds a claim and so the reserved place, or its place in a queue."""

    def changed(self, backend: str, operations: Sequence[Operation] = ()) -> None:
        """A person, or a question, has moved these operations or a queue of the backend: wake who waits, and the worker."""

    def watch(self, operation_id: str) -> asyncio.Future[Operation]:
        """Done when the operation next changes in this process."""

    def unwatch(self, operation_id: str, future: asyncio.Future[Operation]) -> None: ...
