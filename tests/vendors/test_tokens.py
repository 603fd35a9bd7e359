"""The token: reused until shortly before it expires, renewed once for everybody, and asked for anew once it is refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable, VendorSaid
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.tokens import NotApplied, Token, Tokens, early, not_logged_in

NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
LIFE = timedelta(minutes=10)


class Log:
    """Counts log-ins; each takes a moment and gives a token for ten minutes, or one for ever."""

    def __init__(self) -> None:
        self.now = NOW
        self.count = 0
        self.life: timedelta | None = LIFE
        self.fault: NotSent | None = None

    async def log_in(self) -> Token:
        self.count += 1
        await asyncio.sleep(0.01)
        if self.fault is not None:
            raise self.fault
        return Token(text=f"token-{self.count}", use_until=None if self.life is None else self.now + self.life)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def tokens(log: Log) -> Tokens:
    return Tokens(log.log_in, lambda: log.now)


async def test_one_log_in_serves_until_its_time(log: Log, tokens: Tokens) -> None:
    first = await tokens.get()
    log.now += LIFE - timedelta(microseconds=1)
    assert (await tokens.get() is first, log.count) == (True, 1)
    log.now += timedelta(microseconds=1)
    assert ((await tokens.get()).text, log.count) == ("token-2", 2)


async def test_a_token_whose_life_nobody_knows_is_used_until_it_is_refused(log: Log, tokens: Tokens) -> None:
    log.life = None
    first = await tokens.get()
    log.now += timedelta(days=365)
    assert (await tokens.get() is first, log.count) == (True, 1)
    tokens.refused(first)
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
    log.fault = NotSent(BackendMisconfigured, "The vendor refused our log-in.")
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


async def test_closing_ends_a_log_in_that_runs(tokens: Tokens) -> None:
    waiting = asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    await tokens.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_token_does_not_show_its_text() -> None:
    assert "secret" not in repr(Token(text="secret", use_until=NOW))


# --- a call that carries one


async def carried(tokens: Tokens, *refused: str, fault: NotSent | None = None, left_s: float = 5.0) -> list[str]:
    """The tokens with which the vendor was asked; `fault` is what the second try meets."""
    asked: list[str] = []

    async def call(token: Token) -> str:
        asked.append(token.text)
        if fault is not None and len(asked) == 2:
            raise fault
        return token.text

    ends = asyncio.get_running_loop().time() + left_s
    heard = await tokens.carried(call, is_refused=lambda text: text in refused, ends=ends)
    assert heard == asked[-1]
    return asked


async def test_a_call_carries_the_token_that_there_is(log: Log, tokens: Tokens) -> None:
    assert [await carried(tokens), await carried(tokens), log.count] == [["token-1"], ["token-1"], 1]


async def test_a_call_whose_token_is_refused_is_made_once_more(log: Log, tokens: Tokens) -> None:
    assert (await carried(tokens, "token-1"), log.count) == (["token-1", "token-2"], 2)


async def test_a_call_is_never_made_a_third_time(log: Log, tokens: Tokens) -> None:
    assert await carried(tokens, "token-1", "token-2") == ["token-1", "token-2"]
    assert ((await tokens.get()).text, log.count) == ("token-3", 3)


async def test_a_call_before_whose_log_in_the_deadline_passes_was_not_sent(tokens: Tokens) -> None:
    with pytest.raises(NotSent) as caught:
        await carried(tokens, left_s=0.001)
    assert (type(caught.value), caught.value.trouble) == (NotSent, BackendTimeout)


async def test_a_second_try_that_cannot_be_sent_leaves_a_first_one_that_was_not_applied(tokens: Tokens) -> None:
    said = VendorSaid(code="7", message="later", status=429)
    fault = NotSent(BackendUnavailable, "No connection was free.", said=said, retry_after_s=7.0)
    with pytest.raises(NotApplied) as caught:
        await carried(tokens, "token-1", fault=fault)
    told = caught.value
    assert (told.trouble, told.detail, told.said, told.retry_after_s) == (
        BackendUnavailable,
        "No connection was free.",
        said,
        7.0,
    )


@dataclass(frozen=True, kw_only=True)
class Life:
    id: str
    told_s: float
    used_s: float


LIVES = [
    Life(id="a minute early", told_s=3600, used_s=3540),
    Life(id="a tenth early", told_s=300, used_s=270),
    Life(id="both at once", told_s=600, used_s=540),
    Life(id="over already", told_s=-5, used_s=1),
]


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.id)
def test_a_token_is_used_until_a_minute_or_a_tenth_of_its_life_before_it_expires(life: Life) -> None:
    assert early(timedelta(seconds=life.told_s)) == timedelta(seconds=life.used_s)


@pytest.mark.parametrize(("late", "trouble"), [(True, BackendTimeout), (False, BackendUnavailable)])
def test_a_log_in_without_an_answer_sends_nothing(
    late: bool, trouble: type[BackendUnavailable | BackendTimeout]
) -> None:
    told = not_logged_in(Unanswered("The network failed.", late=late))
    assert (told.trouble, told.detail) == (trouble, "The log-in was not answered: The network failed.")
