"""One log-in for everybody: shared while it is under way, kept until it is refused, never tried twice at a time."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.errors import BackendMisconfigured
from app.vendors.nexusfs.token import FixedToken, LoggedInToken
from app.vendors.transport import NotSent


class LogIn:
    """Gives t1, t2, ... as soon as it may."""

    def __init__(self) -> None:
        self.times = 0
        self.may = asyncio.Event()
        self.fails = False

    async def __call__(self) -> str:
        self.times += 1
        await self.may.wait()
        if self.fails:
            raise NotSent(BackendMisconfigured, "no")
        return f"t{self.times}"


async def test_many_callers_share_one_log_in() -> None:
    log_in = LogIn()
    tokens = LoggedInToken(log_in)
    asked = [asyncio.create_task(tokens.get()) for _ in range(20)]
    await asyncio.sleep(0)
    log_in.may.set()
    assert await asyncio.gather(*asked) == ["t1"] * 20
    assert (await tokens.get(), log_in.times) == ("t1", 1)


async def test_a_failed_log_in_fails_everybody_who_waits_and_the_next_tries_anew() -> None:
    log_in = LogIn()
    log_in.fails = True
    tokens = LoggedInToken(log_in)
    asked = [asyncio.create_task(tokens.get()) for _ in range(5)]
    await asyncio.sleep(0)
    log_in.may.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in answers] == [NotSent] * 5
    assert log_in.times == 1
    log_in.fails = False
    assert await tokens.get() == "t2"


async def test_a_caller_who_gives_up_leaves_the_log_in_to_the_others() -> None:
    log_in = LogIn()
    tokens = LoggedInToken(log_in)
    first, second = asyncio.create_task(tokens.get()), asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    log_in.may.set()
    assert await second == "t1"
    assert first.cancelled()


async def test_a_refused_token_is_dropped_but_not_a_newer_one() -> None:
    log_in = LogIn()
    log_in.may.set()
    tokens = LoggedInToken(log_in)
    old = await tokens.get()
    assert tokens.refused(old)
    assert await tokens.get() == "t2"
    assert tokens.refused(old)
    assert await tokens.get() == "t2"


async def test_closing_ends_a_log_in_under_way() -> None:
    tokens = LoggedInToken(LogIn())
    asked = asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    await tokens.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asked


async def test_a_fixed_token_is_the_only_one() -> None:
    tokens = FixedToken("fixed")
    assert (await tokens.get(), tokens.refused("fixed"), await tokens.get()) == ("fixed", False, "fixed")
    await tokens.aclose()
