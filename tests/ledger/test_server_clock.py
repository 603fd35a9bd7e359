"""The database server's clock as followed from here: the host's own may be set, and may say anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from app import lasting
from app.domain.times import SECOND
from app.ledger import server_clock
from app.ledger.postgres import PostgresStore
from app.ledger.server_clock import SLOW, ServerClock
from app.ledger.store import StoreUnavailable

HOUR = 3600 * SECOND


@dataclass
class Server:
    """A server whose clock shows `shows`; every round trip takes `trip` microseconds of the time elapsed here."""

    shows: int | None = 1_000 * HOUR
    trip: int = 0
    elapsed: int = 5 * HOUR
    away: bool = False
    fails: bool = False
    asked: int = 0

    async def ask(self) -> int | None:
        self.asked += 1
        if self.fails:
            self.fails = False
            raise RuntimeError("a fault of ours")
        if self.away:
            raise StoreUnavailable("gone")
        self.pass_by(self.trip // 2)
        shows = self.shows
        self.pass_by(self.trip - self.trip // 2)
        return shows

    def pass_by(self, micros: int) -> None:
        self.elapsed += micros
        if self.shows is not None:
            self.shows += micros


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server, and a host whose own clock is an hour behind it."""
    made = Server()
    monkeypatch.setattr(server_clock, "elapsed_micros", lambda: made.elapsed)
    monkeypatch.setattr(server_clock, "now_micros", lambda: 999 * HOUR)
    monkeypatch.setattr(server_clock, "AGAIN_S", 0.01)
    return made


@pytest_asyncio.fixture
async def clock(server: Server) -> AsyncIterator[ServerClock]:
    made = ServerClock(server.ask)
    await made.start()
    yield made
    await made.stop()


async def asked_again(server: Server) -> None:
    """The clock has been read at least once more, whatever came of it."""
    wanted = server.asked + 2
    async with asyncio.timeout(10):
        while server.asked < wanted:
            await asyncio.sleep(0.005)


def test_before_the_first_answer_it_is_the_host_s(server: Server) -> None:
    assert ServerClock(server.ask).now() == 999 * HOUR


async def test_it_tells_the_server_s_time_and_goes_on_with_the_time_that_passes(
    server: Server, clock: ServerClock
) -> None:
    assert clock.now() == server.shows
    server.pass_by(7 * SECOND)
    assert clock.now() == server.shows


async def test_setting_the_host_s_clock_changes_nothing(
    server: Server, clock: ServerClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for host in (0, 10_000 * HOUR):
        monkeypatch.setattr(server_clock, "now_micros", lambda host=host: host)
        assert clock.now() == server.shows
        await asked_again(server)
        assert clock.now() == server.shows


async def test_half_of_a_round_trip_lies_after_the_server_has_looked(server: Server, clock: ServerClock) -> None:
    server.trip = SLOW // 2
    await asked_again(server)
    assert server.shows is not None
    assert abs(clock.now() - server.shows) <= 1


async def test_the_server_s_clock_is_followed_when_it_is_set(server: Server, clock: ServerClock) -> None:
    assert server.shows is not None
    server.shows += HOUR
    await asked_again(server)
    assert clock.now() == server.shows


async def test_an_answer_that_took_long_says_too_little(server: Server, clock: ServerClock) -> None:
    server.trip = SLOW + 1
    assert server.shows is not None
    server.shows += HOUR
    await asked_again(server)
    assert server.shows - clock.now() == HOUR


async def test_at_the_start_even_a_slow_answer_is_better_than_none(server: Server) -> None:
    server.trip = 10 * SLOW
    slow = ServerClock(server.ask)
    await slow.start()
    await slow.stop()
    assert server.shows is not None
    assert abs(slow.now() - server.shows) <= 1


async def test_while_the_database_is_away_it_goes_on_and_then_follows_again(server: Server, clock: ServerClock) -> None:
    server.away = True
    await asked_again(server)
    server.pass_by(3 * SECOND)
    assert clock.now() == server.shows
    assert server.shows is not None
    server.shows += HOUR
    server.away = False
    await asked_again(server)
    assert clock.now() == server.shows


async def test_a_look_that_fails_by_a_fault_of_ours_is_not_the_last(
    server: Server, clock: ServerClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting, "AGAIN_S", 0.01)
    server.fails = True
    await asked_again(server)
    assert server.shows is not None
    server.shows += HOUR
    await asked_again(server)
    assert clock.now() == server.shows


async def test_a_database_that_is_away_at_the_start_is_told(server: Server) -> None:
    server.away = True
    with pytest.raises(StoreUnavailable):
        await ServerClock(server.ask).start()


async def test_a_server_that_tells_no_time_leaves_the_host_s(server: Server) -> None:
    server.shows = None
    none = ServerClock(server.ask)
    await none.start()
    await none.stop()
    assert none.now() == 999 * HOUR


async def test_a_store_on_postgresql_is_dated_by_its_server(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_clock, "now_micros", lambda: 0)
    store = PostgresStore(postgres_database)
    await store.open()
    try:
        told = await store._server_time()
        assert told is not None
        assert abs(store.now() - told) < SECOND
    finally:
        await store.close()
