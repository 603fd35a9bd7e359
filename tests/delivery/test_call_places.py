"""Places among a backend's calls: given out in turn, waited for briefly, and for the ledger's queues first."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.delivery import call_places
from app.delivery.call_places import CallPlaces


@pytest.fixture
def places() -> CallPlaces:
    """Two, both taken; no queue waits."""
    made = CallPlaces(2)
    made.behind = False
    assert (made.take(), made.take(), made.take(), made.free) == (True, True, False, 0)
    return made


async def waiting(places: CallPlaces, most: int) -> list[asyncio.Task[bool]]:
    turns = [asyncio.create_task(places.wait()) for _ in range(most)]
    await asyncio.sleep(0)
    return turns


async def test_whoever_waits_gets_the_place_that_comes_free_in_turn(places: CallPlaces) -> None:
    first, second, third = await waiting(places, 3)
    places.give_back()
    await asyncio.sleep(0)
    assert (first.done(), second.done(), places.taken) == (True, False, 2)
    places.give_back()
    places.give_back()
    assert [await first, await second, await third] == [True, True, True]
    assert places.taken == 2


async def test_nobody_waits_for_longer_than_patience_lasts(places: CallPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_places, "PATIENCE_S", 0.05)
    began = time.monotonic()
    assert not await places.wait()
    assert time.monotonic() - began >= 0.05
    places.give_back()
    assert (places.taken, places.take(), places.take()) == (1, True, False)


async def test_a_vendor_that_takes_long_is_not_waited_for(places: CallPlaces) -> None:
    for _ in range(100):
        places.was_held(2.0)
    assert not await asyncio.wait_for(places.wait(), 0.05)


async def test_a_place_is_for_the_queues_first(places: CallPlaces) -> None:
    [turn] = await waiting(places, 1)
    places.behind = True
    places.give_back()
    await asyncio.sleep(0)
    assert (turn.done(), places.free, await places.wait()) == (False, 1, False)
    places.behind = False
    places.hand_out()
    assert (await turn, places.free) == (True, 0)


async def test_who_is_cancelled_as_the_place_comes_leaves_it_to_the_next(places: CallPlaces) -> None:
    first, second = await waiting(places, 2)
    places.give_back()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second, places.taken) == (True, 2)


async def test_who_is_cancelled_while_waiting_takes_nothing(places: CallPlaces) -> None:
    first, second = await waiting(places, 2)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    places.give_back()
    assert (await second, places.taken) == (True, 2)


async def test_nobody_waits_at_the_end(places: CallPlaces) -> None:
    turns = await waiting(places, 3)
    places.close()
    assert await asyncio.gather(*turns) == [False, False, False]
