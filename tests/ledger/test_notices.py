"""Notices between processes on one PostgreSQL: heard by all others, got over when the connection is lost, and never relied on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ClassVar

import asyncpg
import pytest
from structlog.testing import capture_logs

from app import lasting
from app.ledger import notices
from app.ledger.notices import Notices


async def until(true: Callable[[], bool], *, within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def bystander(url: str) -> AsyncIterator[list[str]]:
    """What is said by all, as a connection hears it that no `cut` ends."""
    heard: list[str] = []
    connection = await asyncpg.connect(url)
    await connection.add_listener(notices.CHANNEL, lambda _connection, _pid, _channel, words: heard.append(words))
    yield heard
    await connection.close()


@asynccontextmanager
async def process(url: str, sender: str) -> AsyncIterator[tuple[Notices, list[str]]]:
    """One that listens, and what it has heard."""
    heard: list[str] = []
    made = Notices(url, sender=sender)
    made.listen(heard.append)
    made.start()
    try:
        yield made, heard
    finally:
        await made.stop()


async def connected(*processes: tuple[Notices, list[str]]) -> None:
    """Everybody hears everybody else."""
    for mine, heard in processes:
        others = [other for other, _ in processes if other is not mine]
        words = f"hello {id(mine)}"
        async with asyncio.timeout(10):
            while words not in heard:
                for other in others:
                    other.say(words)
                await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    for _, heard in processes:
        heard.clear()


async def cut(url: str) -> int:
    """End every connection on which notices go, as a failover does."""
    admin = await asyncpg.connect(url)
    ended = await admin.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'orderbridge notices'"
    )
    await admin.close()
    return len(ended)


async def test_what_one_says_all_others_hear_and_it_does_not_itself(postgres_database: str) -> None:
    async with (
        process(postgres_database, "a") as a,
        process(postgres_database, "b") as b,
        process(postgres_database, "c") as c,
    ):
        await connected(a, b, c)
        a[0].say("queue civica-cx")
        a[0].say("operation op_1")
        await until(lambda: len(b[1]) == len(c[1]) == 2)
        assert sorted(b[1]) == sorted(c[1]) == ["operation op_1", "queue civica-cx"]
        assert a[1] == []


async def test_a_notice_is_heard_within_a_moment(postgres_database: str) -> None:
    async with process(postgres_database, "a") as a, process(postgres_database, "b") as b:
        await connected(a, b)
        loop = asyncio.get_running_loop()
        began = loop.time()
        a[0].say("queue civica-cx")
        await until(lambda: bool(b[1]))
        took = loop.time() - began
        print(f"heard after {took * 1000:.0f} ms")
        assert took < 0.5


async def test_a_burst_is_heard_in_full_and_what_is_said_twice_at_once_but_once(postgres_database: str) -> None:
    async with process(postgres_database, "a") as a, process(postgres_database, "b") as b:
        await connected(a, b)
        for n in range(3_000):
            a[0].say(f"operation op_{n}")
            a[0].say("queue civica-cx")
        await until(lambda: len(b[1]) >= 3_001)
        await asyncio.sleep(0.1)
        assert sorted(b[1]) == sorted([*(f"operation op_{n}" for n in range(3_000)), "queue civica-cx"])


async def test_a_lost_connection_comes_back_and_what_is_said_meanwhile_goes_out_then(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AGAIN_S", 0.2)
    async with (
        process(postgres_database, "a") as a,
        process(postgres_database, "b") as b,
        bystander(postgres_database) as said,
    ):
        await connected(a, b)
        assert await cut(postgres_database) == 2
        b[0].say("queue civica-cx")
        await until(lambda: "b queue civica-cx" in said)
        await connected(a, b)
        b[0].say("operation op_1")
        await until(lambda: a[1] == ["operation op_1"])


class Ending:
    """A connection on which nothing can be said: the first ends by itself, the second breaks under what is said."""

    made: ClassVar[list[Ending]] = []

    def __init__(self) -> None:
        self.said: list[str] = []
        self.made.append(self)

    def add_termination_listener(self, end: Callable[[object], None]) -> None:
        self.end = end

    async def add_listener(self, channel: str, hear: object) -> None:
        """It hears nothing."""

    async def execute(self, _statement: str, _channel: str, payloads: list[str]) -> None:
        if len(self.made) < 3:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        self.said += payloads

    def terminate(self) -> None:
        """It has ended."""


async def test_what_is_said_as_a_connection_ends_goes_out_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(_url: str, **_settings: object) -> Ending:
        return Ending()

    monkeypatch.setattr(Ending, "made", [])
    monkeypatch.setattr(notices, "AGAIN_S", 0.01)
    monkeypatch.setattr(asyncpg, "connect", connect)
    made = Notices("", sender="a")
    made.start()
    await until(lambda: bool(Ending.made))
    made.say("queue civica-cx")
    Ending.made[0].end(Ending.made[0])
    await until(lambda: len(Ending.made) == 3 and Ending.made[2].said == ["a queue civica-cx"])
    await made.stop()


async def test_a_fault_of_ours_in_the_loop_is_told_and_it_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(_url: str, **_settings: object) -> Ending:
        if not Ending.made:
            Ending()
            raise RuntimeError("a fault of ours")
        return Ending()

    monkeypatch.setattr(Ending, "made", [])
    monkeypatch.setattr(lasting, "AGAIN_S", 0.01)
    monkeypatch.setattr(notices, "AGAIN_S", 0.01)
    monkeypatch.setattr(asyncpg, "connect", connect)
    made = Notices("", sender="a")
    with capture_logs() as logs:
        made.start()
        made.say("queue civica-cx")
        await until(lambda: len(Ending.made) == 3 and Ending.made[2].said == ["a queue civica-cx"])
        await made.stop()
    assert ("a loop failed, and is begun again", "notices") in [(one["event"], one.get("loop")) for one in logs]


async def test_what_is_said_before_there_is_a_connection_waits_for_one(postgres_database: str) -> None:
    async with process(postgres_database, "b") as b:
        early = Notices(postgres_database, sender="a")
        early.say("queue civica-cx")
        await asyncio.sleep(0.3)
        early.start()
        try:
            await until(lambda: b[1] == ["queue civica-cx"])
        finally:
            await early.stop()


async def test_while_the_database_is_away_only_the_latest_are_kept(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST", 3)
    silent = Notices(postgres_database, sender="a")
    for n in range(10):
        silent.say(f"operation op_{n}")
    async with process(postgres_database, "b") as b:
        await asyncio.sleep(0.3)
        silent.start()
        try:
            await until(lambda: len(b[1]) == 3)
        finally:
            await silent.stop()
        assert b[1] == ["operation op_7", "operation op_8", "operation op_9"]


async def test_a_database_that_cannot_be_reached_stops_nobody(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AGAIN_S", 0.05)
    nowhere = tmp_path_factory.mktemp("no-socket")
    lost = Notices(f"postgresql://postgres@/gone?host={nowhere}", sender="a")
    with capture_logs() as logs:
        lost.start()
        for n in range(3):
            lost.say(f"operation op_{n}")
        await until(lambda: len(logs) >= 3)  # it goes on trying
        await asyncio.wait_for(lost.stop(), 1)
    assert {one["event"] for one in logs} == {"notices between gateways are interrupted"}
