"""Rounds of polling: one gateway's at a time, none too soon, and none lost with the gateway that began it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from app.domain.times import SECOND
from app.ledger import rounds
from app.ledger.rounds import NotYet, Turn
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, rows_of

EVERY = 60 * SECOND
LEASE = 15 * SECOND


async def take(
    store: Store, owner: str = "here", *, at_s: int = 0, alone: bool = False, backend: str = BACKEND
) -> Turn | NotYet:
    now = NOW + at_s * SECOND
    return await store.write(rounds.take(backend, owner=owner, now=now, until=now + LEASE, every=EVERY, alone=alone))


async def begun(store: Store, owner: str = "here", *, at_s: int = 0, alone: bool = False) -> Turn:
    turn = await take(store, owner, at_s=at_s, alone=alone)
    assert isinstance(turn, Turn)
    return turn


async def test_the_first_who_asks_has_the_first_round(store: Store) -> None:
    assert await take(store) == Turn(backend=BACKEND, owner="here", started_at=NOW, count=1)
    assert await rows_of(store, "poll_round") == [
        {
            "backend": BACKEND,
            "owner": "here",
            "until": NOW + LEASE,
            "started_at": NOW,
            "completed_at": None,
            "rounds": 1,
            "shown_at": None,
            "shown_round": None,
        }
    ]


async def test_nobody_else_has_it_while_it_lasts(store: Store) -> None:
    await begun(store)
    assert await take(store, "there", at_s=14) == NotYet(started_at=NOW, until=NOW + LEASE)
    assert isinstance(await take(store, "there", at_s=14, backend="another"), Turn)


async def test_the_next_begins_an_interval_after_the_last(store: Store) -> None:
    turn = await begun(store)
    await store.write(rounds.end(turn, completed=NOW + SECOND))
    assert await take(store, "there", at_s=59) == NotYet(started_at=NOW, until=0)
    assert await take(store, "here", at_s=59) == NotYet(started_at=NOW, until=0)
    assert await begun(store, "there", at_s=60) == Turn(backend=BACKEND, owner="there", started_at=NOW + EVERY, count=2)
    [row] = await rows_of(store, "poll_round")
    assert row["completed_at"] == NOW + SECOND


async def test_a_round_that_failed_has_not_completed_and_is_over(store: Store) -> None:
    turn = await begun(store)
    await store.write(rounds.end(turn, completed=None))
    [row] = await rows_of(store, "poll_round")
    assert (row["owner"], row["completed_at"]) == (None, None)
    assert await take(store, "there", at_s=59) == NotYet(started_at=NOW, until=0)


async def test_a_round_whose_gateway_is_gone_is_begun_anew_before_the_interval_is_over(store: Store) -> None:
    await begun(store)
    assert await take(store, "there", at_s=14) == NotYet(started_at=NOW, until=NOW + LEASE)
    assert isinstance(await take(store, "there", at_s=15), Turn)


async def test_a_gateway_that_stops_in_the_middle_leaves_the_round_to_others_at_once(store: Store) -> None:
    await store.write(rounds.leave(await begun(store)))
    assert isinstance(await take(store, "there", at_s=1), Turn)


async def test_on_a_store_of_ones_own_nobody_else_can_be_at_it(store: Store) -> None:
    await begun(store, "before the crash")
    assert isinstance(await take(store, "after it", at_s=1, alone=True), Turn)


async def test_a_long_round_goes_on_and_keeps_others_out(store: Store) -> None:
    turn = await begun(store)
    for at_s in range(10, 300, 10):
        assert await store.write(rounds.go_on(turn, until=NOW + at_s * SECOND + LEASE))
        assert isinstance(await take(store, "there", at_s=at_s), NotYet)


async def test_a_gateway_that_slept_through_its_round_does_not_end_the_next(store: Store) -> None:
    mine = await begun(store)
    theirs = await begun(store, "there", at_s=20)
    assert not await store.write(rounds.go_on(mine, until=NOW + 3600 * SECOND))
    for word in (rounds.end(mine, completed=NOW), rounds.leave(mine)):
        await store.write(word)
    [row] = await rows_of(store, "poll_round")
    assert (row["owner"], row["until"], row["completed_at"]) == ("there", theirs.started_at + LEASE, None)


async def test_after_the_clock_was_set_back_rounds_go_on(store: Store) -> None:
    turn = await begun(store)
    assert isinstance(await take(store, "there", at_s=-3600), Turn), "its end lies far ahead, which cannot be"
    again = await begun(store, "elsewhere", at_s=-7200)
    await store.write(rounds.end(again, completed=None))
    assert isinstance(await take(store, "there", at_s=-10_000), Turn)
    await store.write(rounds.end(turn, completed=None))


async def test_of_many_who_ask_at_once_one_has_the_round(store: Store, peer: Store) -> None:
    started = []
    for at_s in range(0, 600, 60):
        asked = [take(one, f"gateway {n}", at_s=at_s) for n in range(8) for one in (store, peer)]
        won = [turn for turn in await asyncio.gather(*asked) if isinstance(turn, Turn)]
        assert len(won) == 1
        started.append(won[0].started_at)
        await store.write(rounds.end(won[0], completed=None))
    assert [later - earlier for earlier, later in pairwise(started)] == [EVERY] * 9
