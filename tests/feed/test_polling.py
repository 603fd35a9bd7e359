"""The one look at the database for all who listen: it outlasts a fault of ours, and ends when nobody listens."""

from __future__ import annotations

import pytest

from app import lasting
from app.api import streams
from app.api.streams import Feed
from app.ledger.horizon import Standing
from tests.delivery.bench import until


class Looks:
    """A store whose horizon can be looked at; the second look fails by a fault of ours."""

    def __init__(self) -> None:
        self.made = 0

    async def horizon(self) -> Standing:
        self.made += 1
        if self.made == 2:
            raise RuntimeError("a fault of ours")
        return Standing(settled=0, drawn=0)


async def test_a_look_that_fails_by_a_fault_of_ours_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "AGAIN_S", 0.01)
    monkeypatch.setattr(streams, "POLL_S", 0.01)
    looks = Looks()
    feed = Feed(looks)  # type: ignore[arg-type]  # nothing else of a store is asked
    with feed.listening("acme-app"):
        await until(lambda: looks.made >= 4)
    await feed.stop()
    made = looks.made
    with feed.listening("acme-app"):
        await until(lambda: looks.made > made)
        await feed.stop()
