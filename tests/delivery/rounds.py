"""What the tests of polling share: a desk to poll from, one round at a time, and a vendor that shows what a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.delivery.desk import Desk
from app.delivery.listed import Roll
from app.delivery.polling import one_round, poll
from app.delivery.watchers import Watchers
from app.domain.errors import GatewayError
from app.domain.glimpses import Listed, number_of
from app.domain.ports import VendorAdapter
from app.domain.times import SECOND
from app.domain.work_orders import Observation
from app.ledger import rounds
from app.ledger.rounds import Turn
from tests.delivery.bench import EVENTS, rows
from tests.gateway import Site


def desk_of(made: Site) -> Desk:
    """A desk of the site's backend, beside the one that the gateway itself works at."""
    gateway = made.app.state.gateway
    return Desk(
        store=gateway.store,
        backend=gateway.backends[made.backend],
        owner="test",
        public_url=gateway.public_url,
        deadline_s=5,
        watchers=Watchers(),
    )


async def turn_of(desk: Desk) -> Turn:
    """A round of ours, whoever had the last."""
    now = desk.clock()
    taken = rounds.take(desk.backend.name, owner=desk.owner, now=now, until=now + 60 * SECOND, every=0, alone=True)
    turn = await desk.store.write(taken)
    assert isinstance(turn, Turn)
    return turn


async def polls(desk: Desk) -> int:
    """Take in the vendor's whole list; how many orders differed from what we had."""
    told: list[int] = []
    real = Roll.take_in

    async def counted(roll: Roll, batch: Sequence[Listed]) -> int:
        told.append(await real(roll, batch))
        return told[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Roll, "take_in", counted)
        assert await poll(desk, await turn_of(desk))
    return sum(told)


@dataclass(kw_only=True)
class Rounds:
    """Rounds of polling, each when the test says so."""

    made: Site
    desk: Desk
    changed: int = 0
    """How often the worker would have been woken."""

    async def __call__(self) -> bool:
        """One whole round; whether it saw everything."""
        return await one_round(self.desk, await turn_of(self.desk), self._changed)

    def _changed(self) -> None:
        self.changed += 1


def rounds_of(made: Site) -> Rounds:
    return Rounds(made=made, desk=desk_of(made))


async def told(made: Site, number: str) -> list[tuple[str, str]]:
    """The type and the source of each event of an order."""
    return [(row["type"], row["source"]) for row in await rows(made, EVENTS, of_number=number)]


@dataclass(kw_only=True)
class Shows:
    """What stands between the adapter and the poller: hides orders, cuts the list short, and counts the reads."""

    adapter: VendorAdapter
    unlisted: set[str] = field(default_factory=set)
    breaks_after: int | None = None
    """The list ends in `fault` after so many orders."""
    fault: GatewayError | None = None
    faults: dict[str, Exception] = field(default_factory=dict)
    """What the read of an order, by its number or its reference, ends in."""
    reads: list[str] = field(default_factory=list)
    before_read: Callable[[str], Any] | None = None
    lists: int = 0
    _listing: Callable[[], AsyncIterator[Sequence[Listed]]] = field(init=False)
    _read: Callable[[str], Any] = field(init=False)

    def stand(self, patch: pytest.MonkeyPatch) -> Shows:
        self._listing, self._read = self.adapter.listing, self.adapter.read
        patch.setattr(self.adapter, "listing", self.listing)
        patch.setattr(self.adapter, "read", self.read)
        return self

    async def listing(self) -> AsyncIterator[Sequence[Listed]]:
        self.lists += 1
        given = 0
        async for batch in self._listing():
            for one in batch:
                if number_of(one) in self.unlisted:
                    continue
                if given == self.breaks_after and self.fault is not None:
                    raise self.fault
                given += 1
                yield [one]

    async def read(self, number: str) -> Observation:
        self.reads.append(number)
        if self.before_read is not None:
            await self.before_read(number)
        if number in self.faults:
            raise self.faults[number]
        seen: Observation = await self._read(number)
        return seen


def shows(made: Site, patch: pytest.MonkeyPatch) -> Shows:
    """Stand between the site's adapter and whoever asks it."""
    return Shows(adapter=made.app.state.gateway.backends[made.backend].adapter).stand(patch)
