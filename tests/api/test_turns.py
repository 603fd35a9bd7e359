"""Turns: nobody waits where few come, and where many come for one backend, who comes for another goes in between."""

from __future__ import annotations

import asyncio

from app.api.turns import Turns


async def _begin(turns: Turns, wanted: str, begun: list[str]) -> None:
    await turns.mine(wanted)
    begun.append(wanted)


async def test_a_few_begin_without_waiting() -> None:
    begun: list[str] = []
    turns = Turns(at_once=3)
    for _ in range(3):
        await _begin(turns, "cx", begun)
    assert begun == ["cx"] * 3


async def test_one_for_another_backend_goes_in_between_a_crowd() -> None:
    begun: list[str] = []
    turns = Turns(at_once=2)
    crowd = [asyncio.create_task(_begin(turns, "cx", begun)) for _ in range(100)]
    other = asyncio.create_task(_begin(turns, "erpx", begun))
    await other
    assert len(begun) <= 2 + 2, "two at once, and two with it"
    await asyncio.gather(*crowd)
    assert sorted(begun) == ["cx"] * 100 + ["erpx"]


async def test_each_backends_requests_begin_in_the_order_in_which_they_came() -> None:
    begun: list[int] = []
    turns = Turns(at_once=2)

    async def begin(n: int) -> None:
        await turns.mine("cx")
        begun.append(n)

    await asyncio.gather(*(begin(n) for n in range(20)))
    assert begun == list(range(20))


async def test_who_hangs_up_while_waiting_takes_nobodys_turn() -> None:
    begun: list[str] = []
    turns = Turns(at_once=1)
    tasks = [asyncio.create_task(_begin(turns, "cx", begun)) for _ in range(4)]
    await asyncio.sleep(0)
    for task in tasks[1:3]:
        task.cancel()
    await asyncio.wait(tasks, timeout=5)
    assert begun == ["cx", "cx"]
    assert not tasks[3].cancelled()


async def test_a_new_request_does_not_overtake_those_that_wait() -> None:
    begun: list[str] = []
    turns = Turns(at_once=1)
    tasks = [asyncio.create_task(_begin(turns, f"{n}", begun)) for n in range(3)]
    await asyncio.sleep(0)
    late = asyncio.create_task(_begin(turns, "late", begun))
    await asyncio.gather(*tasks, late)
    assert begun == ["0", "1", "2", "late"]
