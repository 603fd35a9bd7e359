"""What the two stores have in common: they run units, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

from app.ledger.horizon import Standing
from app.ledger.records import Acceptance, Decide, Draft, Lease, Settled, Settlement
from app.ledger.sql import Unit

T = TypeVar("T")
Over: TypeAlias = "Callable[[Acceptance | None], None]"
NOT_OPEN = "the store is not open"


def nothing_more(_acceptance: Acceptance | None) -> None:
    """For an acceptance that nothing follows."""


class StoreUnavailable(Exception):
    """The database cannot be reached or will not answer; nothing was written, or nobody can say, and a repeat is safe."""


class Store(Protocol):
    """A database that runs units. Raises StoreUnavailable, and whatever the unit raises, with nothing written."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def write(self, unit: Unit[T]) -> T:
        """Run the unit in one durable transaction. A cancelled caller may find that it was written all the same."""

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads, all of it at one moment: what others commit between its statements is not seen."""

    async def look(self, unit: Unit[T]) -> T:
        """The same for a unit of at most one statement that finds a row or two by its key: many share what a read costs."""

    async def accept(self, draft: Draft, decide: Decide, lease: Lease | None, over: Over = nothing_more) -> Acceptance:
        """`accept.accept`, by the store's quickest way. `decide` may be asked more than once.

        `over` is called once, in the caller's context: with what came of it as soon as it is written, or with None when it
        failed; also after the caller was cancelled, which stops nothing.
        """

    async def settle(self, settlement: Settlement) -> Settled:
        """`settle.settle`, by the store's quickest way."""

    async def ping(self) -> None:
        """A row that is written, durably, and means nothing: for /readyz."""

    async def horizon(self) -> Standing:
        """How far the event feed may be read; `feed.Horizon` is the cheap way to ask often."""

    def now(self) -> int:
        """The time by which everything in this store is dated, in microseconds since 1970."""

    def listen(self, hear: Callable[[str], None]) -> None:
        """Have `hear` called with what other processes on this store say."""

    def say(self, words: str) -> None:
        """Tell the other processes on this store, soon: a hint, which may be lost."""

    @property
    def sole_owner(self) -> bool:
        """Whether no other process can be at work on this store's queues."""
