"""The feed and the stream of a gateway process over real HTTP: killed and started again in the middle, and stopped."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.ledger import feed
from app.ledger.feed import EventFilter
from app.ledger.open import open_store
from tests.delivery.bench import until
from tests.feed.listening import parsed
from tests.gateway import CX, simulator
from tests.running.gateways import BACKEND, Gateway, add_caller, configure, gateways, log_in

ORDERS, CODES = 12, ["11", "12", "11", "13", "11"]


@dataclass(kw_only=True)
class Caller:
    """A client that keeps its cursor and comes back whenever the gateway is gone."""

    api: httpx.AsyncClient
    at: str | None = None
    given: list[dict[str, Any]] = field(default_factory=list)
    cut: int = 0
    """How often it lost its connection."""

    async def poll(self) -> int:
        """One page of the feed; gives how many events it held."""
        params = {"limit": "7", **({} if self.at is None else {"after": self.at})}
        try:
            answer = await self.api.get("/v1/events", params=params)
        except httpx.TransportError:
            self.cut += 1
            return 0
        if answer.status_code == 503:
            return 0
        assert answer.status_code == 200, answer.text
        page = answer.json()
        self.given += page["items"]
        self.at = page["next"]
        return len(page["items"])

    async def keep_polling(self) -> None:
        while True:
            await self.poll()
            await asyncio.sleep(0.02)

    async def keep_listening(self) -> None:
        while True:
            with suppress(httpx.TransportError):
                await self.listen()
            self.cut += 1
            await asyncio.sleep(0.1)

    async def listen(self) -> None:
        """The stream until it ends; an event counts when its empty line has come."""
        headers = {} if self.at is None else {"Last-Event-ID": self.at}
        async with self.api.stream("GET", "/v1/events/stream", headers=headers) as answer:
            assert answer.status_code == 200
            block = ""
            async for line in answer.aiter_lines():
                block += line + "\n"
                if line == "":
                    self.given += parsed(block)
                    self.at = self.given[-1]["cursor"] if self.given else None
                    block = ""


@asynccontextmanager
async def caller(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20, trust_env=False) as api:
        await log_in(api)
        yield api


@pytest.fixture
def vendor_url() -> Iterator[str]:
    with simulator(CX) as url:
        yield url


@pytest.fixture
async def gateway(database: str, vendor_url: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    configure(tmp_path, database=database, vendor_url=vendor_url, server={"drain_s": 0})
    await add_caller(database)
    with gateways(tmp_path) as (one,):
        yield one


async def move(api: httpx.AsyncClient, number: str) -> None:
    """Move an order through its codes; each request is repeated until it is answered."""
    for n, code in enumerate(CODES):
        sent = {"vendor_code": code, "occurred_at": "2026-11-20T20:40:00Z"}
        while True:
            try:
                answer = await api.post(
                    f"/v1/backends/{BACKEND}/work-orders/{number}/status-updates",
                    json=sent,
                    headers={"Idempotency-Key": f"moving-{number}-{n:08}"},
                )
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code in (200, 201):
                break
            assert answer.status_code in (202, 503), answer.text
            await asyncio.sleep(0.1)


async def stored(database: str) -> dict[tuple[str, int], str]:
    """Every event that a client of the tenant may see, by order and number."""
    store = open_store(database, folder=Path(), owner=False)
    await store.open()
    mine = EventFilter(tenant="acme", backends=frozenset({BACKEND}))
    found = await store.read(feed.events(mine, after=0, upto=10**12, most=100_000))
    await store.close()
    return {(one.work_order, one.seq): f"evt_{one.id}" for one in found}


async def test_a_kill_in_the_middle_loses_and_repeats_nothing(gateway: Gateway, database: str, vendor_url: str) -> None:
    added = httpx.post(f"{vendor_url}/_sim/orders", json={"count": ORDERS}, trust_env=False).json()
    numbers = [str(added["first"] + n) for n in range(ORDERS)]
    async with caller(gateway) as api, caller(gateway) as other:
        polling, listening = Caller(api=api), Caller(api=other)
        background = [
            asyncio.create_task(polling.keep_polling()),
            asyncio.create_task(listening.keep_listening()),
        ]
        moving = asyncio.gather(*[move(api, number) for number in numbers])
        for _ in range(2):
            await asyncio.sleep(1)
            gateway.kill()
            gateway.start()
            await asyncio.to_thread(gateway.wait_until_ready)
        await moving
        expected = await stored(database)
        try:
            for one in (polling, listening):
                await until(lambda one=one: len(one.given) >= len(expected), within_s=5)  # type: ignore[misc]
        finally:
            for task in background:
                task.cancel()
        expected = await stored(database)
        assert len(expected) >= ORDERS * (len(CODES) + 1)
        for one in (polling, listening):
            assert one.cut > 0
            assert len(one.given) == len(expected)
            assert {(str(e["work_order"]), e["seq"]): e["id"] for e in one.given} == expected
            for number in numbers:
                numbered = [e["seq"] for e in one.given if e["work_order"] == number]
                assert numbered == list(range(1, len(numbered) + 1))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_stop_does_not_wait_for_a_stream_and_ends_it_cleanly(gateway: Gateway) -> None:
    async with caller(gateway) as api, api.stream("GET", "/v1/events/stream", params={"after": "now"}) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        begun = time.monotonic()
        gateway.tell(signal.SIGTERM)
        rest = [line async for line in lines]  # a cut connection would raise
        assert await asyncio.to_thread(gateway.ended) == 0
        assert time.monotonic() - begun < 5
        assert rest == ["", ": the gateway stops; come back", ""]
    assert [line for line in gateway.err.read_text().splitlines() if json.loads(line)["level"] == "error"] == []
