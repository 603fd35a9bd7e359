"""The token: what a log-in's answer gives, and one log-in for everybody who waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.domain.errors import BackendMisconfigured
from app.domain.json import JsonValue
from app.vendors.transport import NotSent
from app.vendors.unit4_erpx.token import Token, Tokens, token_from
from tests.vendors.unit4_erpx.erpx import NOW


class Log:
    """Counts log-ins; each takes a moment and gives a token for ten minutes."""

    def __init__(self) -> None:
        self.now = NOW
        self.count = 0
        self.fault: NotSent | None = None

    async def log_in(self) -> Token:
        self.count += 1
        await asyncio.sleep(0.01)
        if self.fault is not None:
            raise self.fault
        return Token(text=f"token-{self.count}", use_until=self.now + timedelta(minutes=10))


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def tokens(log: Log) -> Tokens:
    return Tokens(log.log_in, lambda: log.now)


async def test_one_log_in_serves_until_its_time(log: Log, tokens: Tokens) -> None:
    first = await tokens.get()
    log.now += timedelta(minutes=10, microseconds=-1)
    assert (await tokens.get() is first, log.count) == (True, 1)
    log.now += timedelta(microseconds=1)
    assert ((await tokens.get()).text, log.count) == ("token-2", 2)


async def test_everybody_who_calls_one_token_invalid_gets_one_new_one(log: Log, tokens: Tokens) -> None:
    old = await tokens.get()

    async def again() -> str:
        tokens.refused(old)
        return (await tokens.get()).text

    assert (set(await asyncio.gather(*[again() for _ in range(50)])), log.count) == ({"token-2"}, 2)


async def test_a_refused_log_in_reaches_everybody_who_waits_and_is_tried_again_later(log: Log, tokens: Tokens) -> None:
    log.fault = NotSent(BackendMisconfigured, "refused")
    got = await asyncio.gather(*[tokens.get() for _ in range(5)], return_exceptions=True)
    assert (set(map(type, got)), log.count) == ({NotSent}, 1)
    log.fault = None
    assert (await tokens.get()).text == "token-2"


async def test_who_stops_waiting_does_not_stop_the_log_in_of_the_others(log: Log, tokens: Tokens) -> None:
    impatient, patient = (asyncio.create_task(tokens.get()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert ((await patient).text, log.count) == ("token-1", 1)
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_closing_ends_a_log_in_that_runs(log: Log, tokens: Tokens) -> None:
    waiting = asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    await tokens.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(
    ("told", "used_s"),
    [
        (3600, 3540),
        (300, 270),
        ("3600", 3540),
        (0, 1),
        (-5, 1),
        (None, 54),
        ("soon", 54),
        (True, 54),
        (1e300, 86_340),
        (10**400, 54),
    ],
)
def test_a_token_is_used_until_a_minute_or_a_tenth_of_its_life_before_it_expires(
    told: JsonValue, used_s: float
) -> None:
    token = token_from({"access_token": "abc", "expires_in": told}, now=NOW)
    assert token == Token(text="abc", use_until=NOW + timedelta(seconds=used_s))


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"access_token": None}, {"access_token": ""}, {"access_token": "a b"}]
)
def test_an_answer_without_a_token_is_none(answer: JsonValue) -> None:
    assert token_from(answer, now=NOW) is None


def test_a_token_does_not_show_its_text() -> None:
    assert "secret" not in repr(Token(text="secret", use_until=NOW))
