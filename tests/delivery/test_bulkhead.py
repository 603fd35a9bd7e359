"""One sick vendor takes no more than its own connections, and slows nobody: no other backend, and reads no writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.vendors import backends
from app.vendors.vendor import BackendSettings
from tests.delivery.bench import Simulated, add_orders, body, codes, delivery, finished, operation, send_async
from tests.delivery.recording import LOG_IN
from tests.gateway import CX, Site, add_client, site

AT_MOST = 4
"""Connections to the sick vendor."""


@dataclass(kw_only=True)
class Sick:
    """A vendor that lets us log in and then says nothing more; its connections and calls are counted."""

    url: str = ""
    hangs: bool = True
    open: int = 0
    most_open: int = 0
    calls: int = 0
    """How many came that are no log-ins."""


@asynccontextmanager
async def sick_vendor(simulator_url: str) -> AsyncIterator[Sick]:
    """Stands in front of a simulator, which does what is asked for once `hangs` is false."""
    sick, there = Sick(), urlsplit(simulator_url)
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            if b"HTTP/1.1\r\n" in piece and LOG_IN.encode() not in piece:
                sick.calls += 1
                if sick.hangs:
                    await reader.read()  # until the other side gives up
                    return
            writer.write(piece)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        sick.open += 1
        sick.most_open = max(sick.most_open, sick.open)
        answers, onward = await asyncio.open_connection(there.hostname, there.port)
        back = asyncio.create_task(_copy(answers, writer))
        try:
            await pass_on(reader, onward)
        finally:
            sick.open -= 1
            back.cancel()
            onward.close()
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    sick.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield sick
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)


@dataclass(kw_only=True)
class Two:
    """A gateway with a backend that is well, `civica-cx`, and one that is sick."""

    site: Site
    """Its caller may use both."""
    sick: Sick

    async def write(self, backend: str, number: str, *, prefer: str) -> httpx.Response:
        headers = {"Idempotency-Key": self.site.fresh_key(), "Prefer": prefer}
        path = f"/v1/backends/{backend}/work-orders/{number}/status-updates"
        return await self.site.api.post(path, json=body(11), headers=headers)

    async def read(self, backend: str, number: str) -> httpx.Response:
        return await self.site.api.get(f"/v1/backends/{backend}/work-orders/{number}")


@pytest.fixture
async def two(vendor: Simulated, sqlite_database: str, tmp_path: Path) -> AsyncIterator[Two]:
    other = Simulated(vendor=CX, data=tmp_path / "other")
    other.start()
    async with sick_vendor(other.url) as sick:
        sections: dict[str, Any] = {
            "civica-cx": {**CX.sandbox.section(vendor.url), "poll_s": 3600},
            "sick": {**CX.sandbox.section(sick.url), "poll_s": 1, "max_connections": AT_MOST, "settle_s": 1},
        }
        async with site(
            CX, vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=1.5), backends=sections
        ) as made:
            api = await add_client(made.app, "both", tenant="acme", backends=frozenset(sections))
            made_other = httpx.Client(base_url=other.url, trust_env=False)
            made_other.post("/_sim/orders", json={"count": 60, "first": 300_000}).raise_for_status()
            made_other.close()
            yield Two(site=replace(made, api=api), sick=sick)
            await api.aclose()
    other.stop()


async def median_s(times: int, call: Callable[[int], Awaitable[None]]) -> float:
    """How long the call takes, made one after the other."""
    took = []
    for n in range(times):
        began = time.monotonic()
        await call(n)
        took.append(time.monotonic() - began)
    return sorted(took)[times // 2]


async def test_a_vendor_that_hangs_takes_its_own_connections_and_slows_no_other_backend(two: Two) -> None:
    """Acceptance, latency of the other backend, sockets and calls of the sick one, and its backlog."""
    numbers = add_orders(two.site, 40)

    async def on_the_other(number: str) -> None:
        assert (await two.write("civica-cx", number, prefer="wait=8")).status_code == 201

    before = await median_s(20, lambda n: on_the_other(numbers[n]))
    reads = [asyncio.create_task(two.read("sick", str(300_000 + n))) for n in range(20)]
    written = [await two.write("sick", str(300_000 + n), prefer="respond-async") for n in range(60)]
    assert {one.status_code for one in written} == {202}
    during = await median_s(20, lambda n: on_the_other(numbers[20 + n]))
    assert during < max(3 * before, before + 0.1), f"{during:.3f} s instead of {before:.3f} s"
    assert {(await one).status_code for one in reads} <= {503, 504}
    await asyncio.sleep(4)
    assert two.sick.most_open <= AT_MOST
    backend = two.site.app.state.gateway.backends["sick"]
    assert backend.health.open
    assert two.sick.calls <= 20 + 3 * AT_MOST, "what it takes to open the breaker, and what was under way then"
    two.sick.hangs = False
    backend.health.next_try = two.site.app.state.gateway.clock()
    for one in written:
        assert (await finished(two.site, one.json()["operation_id"], within_s=40))["state"] == "applied"


async def test_reads_that_hang_leave_connections_to_writes(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    few = {"max_connections": 4}
    async with site(CX, vendor.url, sqlite_database, tmp_path, **delivery(), backend=few) as made:
        [slow, *others] = add_orders(made, 11)
        for number in others:
            assert (await made.api.get(made.orders(number))).status_code == 200
        made.fault("hang", on="read", order=slow, rate=1, delay_s=3)
        reads = [asyncio.create_task(made.api.get(made.orders(slow))) for _ in range(12)]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        for number in others:
            assert (await made.update(number, body(11))).status_code == 201
        assert time.monotonic() - began < 2
        for one in reads:
            assert (await one).status_code in (503, 504)


async def test_writes_that_hang_leave_connections_to_reads(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    few = {"max_connections": 4}
    async with site(CX, vendor.url, sqlite_database, tmp_path, **delivery(), backend=few) as made:
        [readable, *others] = add_orders(made, 11)
        for number in others:
            assert (await made.api.get(made.orders(number))).status_code == 200
        made.fault("hang", on="write", rate=1, delay_s=3)
        sent = [await send_async(made, number, 11) for number in others]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        for _ in range(10):
            assert (await made.api.get(made.orders(readable))).status_code == 200
        assert time.monotonic() - began < 2
        states = [(await operation(made, one))["state"] for one in sent]
        assert states.count("sending") == 2
        made.vendor.delete("/_sim/faults")
        for one in sent:
            assert (await finished(made, one, within_s=40))["state"] == "applied"
        assert [codes(made, number) for number in others] == [[11]] * 10


async def test_a_read_waits_for_a_connection_only_so_long(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "PLACE_WITHIN_S", 0.3)
    few = {"max_connections": 1}
    async with site(CX, vendor.url, sqlite_database, tmp_path, **delivery(), backend=few) as made:
        assert (await made.api.get(made.orders("113427"))).status_code == 200
        made.fault("hang", on="read", order="113427", delay_s=2)
        hanging = asyncio.create_task(made.api.get(made.orders("113427")))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        refused = await made.api.get(made.orders("113427"))
        assert time.monotonic() - began < 1
        assert (refused.status_code, refused.json()["code"]) == (503, "backend-unavailable")
        assert refused.json()["detail"] == "Every connection that reads may have is busy."
        assert int(refused.headers["retry-after"]) == 5
        assert (await hanging).status_code in (503, 504)
        assert not made.app.state.gateway.backends[made.backend].health.paused


@pytest.mark.parametrize(
    ("connections", "writes", "reads"),
    [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 2, 2), (8, 6, 5), (16, 14, 11), (256, 239, 191)],
)
def test_connections_are_kept_for_the_other_side_and_one_for_the_list(
    connections: int, writes: int, reads: int
) -> None:
    settings = BackendSettings(vendor="civica_cx", url="http://127.0.0.1", max_connections=connections)
    assert (settings.places, settings.read_places) == (writes, reads)
