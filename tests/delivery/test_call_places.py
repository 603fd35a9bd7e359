"""Places among a backend's calls: given out in turn, waited for briefly; while queues wait, some are kept for them."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.delivery import call_places
from app.delivery.call_places import KEPT_OF, CallPlaces


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


async def test_who_has_given_up_counts_for_nobody(places: CallPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two places, each held for almost as long as patience lasts: the next caller waits, however many have gone."""
    monkeypatch.setattr(call_places, "PATIENCE_S", 0.05)
    impatient, leaving = await waiting(places, 1), await waiting(places, 3)
    for caller in leaving:
        caller.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    assert await asyncio.gather(*impatient) == [False]
    for _ in range(100):
        places.was_held(1.9 * call_places.PATIENCE_S)
    (last,) = await waiting(places, 1)
    places.give_back()
    assert (await last, places.taken) == (True, 2)


async def test_a_vendor_that_takes_long_is_not_waited_for(places: CallPlaces) -> None:
    for _ in range(100):
        places.was_held(10 * call_places.PATIENCE_S)
    assert not await asyncio.wait_for(places.wait(), 0.05)


async def test_who_waits_in_memory_leaves_the_kept_place_to_the_queues(places: CallPlaces) -> None:
    places.behind = True
    turns = await waiting(places, KEPT_OF)
    for _ in range(KEPT_OF):
        places.give_back()
    await asyncio.sleep(0)
    assert [turn.done() for turn in turns] == [*(KEPT_OF - 1) * [True], False]
    places.none_queue(unless=False)
    assert (await turns[-1], places.taken) == (True, KEPT_OF - 2)


async def test_who_comes_anew_does_not_take_every_place_while_queues_wait(places: CallPlaces) -> None:
    places.behind = True
    took = []
    for _ in range(2 * KEPT_OF):
        places.give_back()
        took.append(places.take())
        if not took[-1]:
            places.take_for_queues(places.free)
    assert took == 2 * [*(KEPT_OF - 1) * [True], False]
    assert places.free == 0


async def test_a_place_that_is_kept_is_anybodys_once_no_queue_waits(places: CallPlaces) -> None:
    places.behind = True
    for _ in range(KEPT_OF - 1):
        places.give_back()
        assert places.take()
    places.give_back()
    assert (places.free, places.take()) == (1, False)
    places.none_queue(unless=False)
    assert (places.take(), places.free) == (True, 0)


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
