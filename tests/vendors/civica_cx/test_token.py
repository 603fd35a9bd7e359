"""The token: reused until shortly before it expires, renewed once for everybody, and never older than Cx allows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors import BackendMisconfigured
from app.vendors.civica_cx.answers import Result, read_answer
from app.vendors.civica_cx.contract import Names
from app.vendors.civica_cx.token import Token, Tokens, token_from
from app.vendors.transport import NotSent
from tests.vendors.civica_cx.messages import sample, token_given

LONDON = ZoneInfo("Europe/London")
ISSUED = datetime(2023, 6, 1, 17, 0, tzinfo=UTC)


class Log:
    """Counts log-ins; each takes a moment and gives a token for ten minutes."""

    def __init__(self) -> None:
        self.now = ISSUED
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


async def test_under_load_there_is_one_log_in_at_a_time(log: Log, tokens: Tokens) -> None:
    got = await asyncio.gather(*[tokens.get() for _ in range(50)])
    assert ({token.text for token in got}, log.count) == ({"token-1"}, 1)


async def test_everybody_who_calls_one_token_invalid_gets_one_new_one(log: Log, tokens: Tokens) -> None:
    old = await tokens.get()

    async def again() -> str:
        tokens.refused(old)
        return (await tokens.get()).text

    assert (set(await asyncio.gather(*[again() for _ in range(50)])), log.count) == ({"token-2"}, 2)


async def test_a_late_complaint_about_an_old_token_keeps_the_new_one(log: Log, tokens: Tokens) -> None:
    old = await tokens.get()
    tokens.refused(old)
    new = await tokens.get()
    tokens.refused(old)
    assert (await tokens.get() is new, log.count) == (True, 2)


async def test_a_refused_log_in_reaches_everybody_who_waits_and_is_tried_again_later(log: Log, tokens: Tokens) -> None:
    log.fault = NotSent(BackendMisconfigured, "Cx refused our log-in.")
    got = await asyncio.gather(*[tokens.get() for _ in range(5)], return_exceptions=True)
    assert (set(map(type, got)), log.count) == ({NotSent}, 1)
    log.fault = None
    assert (await tokens.get()).text == "token-2"


async def test_who_stops_waiting_does_not_stop_the_log_in_of_the_others(log: Log, tokens: Tokens) -> None:
    impatient = asyncio.create_task(tokens.get())
    patient = asyncio.create_task(tokens.get())
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


def parsed(message: bytes) -> Result:
    result = read_answer(message, "GetUserWSToken", Names())
    assert isinstance(result, Result)
    return result


def test_the_documented_token_lives_until_a_minute_before_seven_in_the_evening() -> None:
    token = token_from(parsed(sample("token_given.xml")), Names(), now=ISSUED, zone=LONDON)
    assert token == Token(text="diys1t3r0iadxe", use_until=datetime(2023, 6, 1, 17, 59, 16, 571865, tzinfo=UTC))


@pytest.mark.parametrize(
    ("expiry", "use_until"),
    [
        ("2023-06-01T18:05:00+01:00", ISSUED + timedelta(seconds=270)),
        ("2023-06-01T18:05:00", ISSUED + timedelta(seconds=270)),
        ("2023-06-01T17:05:00Z", ISSUED + timedelta(seconds=270)),
        ("2023-06-02T17:00:00Z", ISSUED + timedelta(hours=23, minutes=59)),
        ("2023-06-01T16:00:00Z", ISSUED + timedelta(seconds=1)),
        ("", ISSUED + timedelta(seconds=54)),
        ("later", ISSUED + timedelta(seconds=54)),
    ],
    ids=[
        "a tenth early",
        "on the clients clock",
        "in UTC",
        "at most a minute early",
        "expired already",
        "none",
        "no time",
    ],
)
def test_a_token_is_used_until_a_minute_or_a_tenth_of_its_life_before_it_expires(
    expiry: str, use_until: datetime
) -> None:
    token = token_from(parsed(token_given(expiry=expiry)), Names(), now=ISSUED, zone=LONDON)
    assert token == Token(text="diys1t3r0iadxe", use_until=use_until)


def test_an_answer_without_a_token_is_none() -> None:
    assert token_from(parsed(token_given(text="")), Names(), now=ISSUED, zone=LONDON) is None


def test_a_token_does_not_show_its_text() -> None:
    assert "secret" not in repr(Token(text="secret", use_until=ISSUED))
