"""How `serve` stops: unready at once, answering for a while, and then gone, with nothing cut off and nothing lost."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.running.gateways import BACKEND, Gateway, add_caller, configure, gateways, log_in

ON_SITE = {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"}
QUIET_S = 20
"""Less than anything here drains that is not meant to end by itself, more than a slow machine needs."""


@pytest.fixture
async def database(folder: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, folder / "orderbridge.db")
    url = f"sqlite:///{folder / 'orderbridge.db'}"
    await add_caller(url)
    return url


@contextmanager
def serving(folder: Path, database: str, vendor_url: str, *, drain_s: float) -> Iterator[Gateway]:
    configure(folder, database=database, vendor_url=vendor_url, server={"drain_s": drain_s})
    with gateways(folder) as (gateway,):
        yield gateway


@asynccontextmanager
async def caller(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=30, trust_env=False, verify=False) as api:
        await log_in(api)
        yield api


async def until_it_says(gateway: Gateway, readiness: tuple[int, str], *, within_s: float = QUIET_S) -> None:
    ends = time.monotonic() + within_s
    while (found := await asyncio.to_thread(gateway.readiness)) != readiness:
        assert time.monotonic() < ends, found
        await asyncio.sleep(0.02)


def update(api: httpx.AsyncClient, key: str = "a-key-of-this-test", **headers: str) -> asyncio.Task[httpx.Response]:
    path = f"/v1/backends/{BACKEND}/work-orders/113427/status-updates"
    return asyncio.create_task(api.post(path, json=ON_SITE, headers={"Idempotency-Key": key, **headers}))


async def state_of(api: httpx.AsyncClient, accepted: httpx.Response) -> str:
    state: str = (await api.get(f"/v1/operations/{accepted.json()['operation_id']}")).json()["state"]
    return state


def slow_vendor(vendor_url: str, *, delay_s: float) -> None:
    fault = {"kind": "latency", "order": "113427", "delay_s": delay_s}
    assert httpx.post(f"{vendor_url}/_sim/faults", json=fault, trust_env=False).status_code == 201


def effects(vendor_url: str) -> list[int]:
    found = httpx.get(f"{vendor_url}/_sim/effects", params={"order": "113427"}, trust_env=False).json()["effects"]
    return [one["detail"]["StatusCodeId"] for one in found]


async def test_after_sigterm_it_is_unready_and_still_answers_everybody(
    folder: Path, database: str, cx_url: str
) -> None:
    with serving(folder, database, cx_url, drain_s=3) as gateway:
        async with caller(gateway) as known, caller(gateway) as stranger:
            begun = time.monotonic()
            gateway.tell(signal.SIGTERM)
            await until_it_says(gateway, (503, "stopping"), within_s=2)
            alive = await known.get("/livez")
            await stranger.aclose()
            async with httpx.AsyncClient(
                base_url=gateway.url, trust_env=False, verify=False, headers=known.headers
            ) as anew:
                written = await update(anew)
            code = await asyncio.to_thread(gateway.ended)
    assert (alive.status_code, alive.headers["connection"]) == (200, "close")
    assert (written.status_code, written.headers["connection"]) == (201, "close")
    assert code == 0
    assert time.monotonic() - begun >= 3
    assert effects(cx_url) == [11]


async def test_ctrl_c_does_not_make_a_person_wait(folder: Path, database: str, cx_url: str) -> None:
    with serving(folder, database, cx_url, drain_s=100) as gateway:
        gateway.tell(signal.SIGINT)
        assert await asyncio.to_thread(gateway.ended, within_s=QUIET_S) == 0


async def test_ctrl_c_ends_the_waiting_of_a_sigterm(folder: Path, database: str, cx_url: str) -> None:
    with serving(folder, database, cx_url, drain_s=100) as gateway:
        gateway.tell(signal.SIGTERM)
        await until_it_says(gateway, (503, "stopping"))
        gateway.tell(signal.SIGINT)
        assert await asyncio.to_thread(gateway.ended, within_s=QUIET_S) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_answer_under_way_is_given_in_full(
    number: signal.Signals, folder: Path, database: str, cx_url: str
) -> None:
    slow_vendor(cx_url, delay_s=2)
    with serving(folder, database, cx_url, drain_s=30) as gateway:
        async with caller(gateway) as api:
            sent = update(api)
            await asyncio.sleep(1)
            gateway.tell(number)
            answer = await sent
        gateway.tell(signal.SIGINT if number is signal.SIGTERM else signal.SIGTERM)
        assert await asyncio.to_thread(gateway.ended, within_s=QUIET_S) == 0
    assert (answer.status_code, answer.json()["state"]) == (201, "applied")
    assert answer.headers["connection"] == "close"
    assert effects(cx_url) == [11]


async def test_a_call_that_nobody_waits_for_ends_before_the_process_does(
    folder: Path, database: str, cx_url: str
) -> None:
    with serving(folder, database, cx_url, drain_s=0.2) as gateway:
        async with caller(gateway) as api:
            await api.get(f"/v1/backends/{BACKEND}/work-orders/113427")
            slow_vendor(cx_url, delay_s=2)
            accepted = await update(api, prefer="respond-async")
        gateway.tell(signal.SIGTERM)
        assert await asyncio.to_thread(gateway.ended) == 0
        assert effects(cx_url) == [11]
        gateway.start()
        await asyncio.to_thread(gateway.wait_until_ready)
        async with caller(gateway) as api:
            found = (await api.get(f"/v1/operations/{accepted.json()['operation_id']}")).json()
    assert accepted.status_code == 202
    assert (found["state"], found["attempts"]) == ("applied", 1)


async def test_a_second_ctrl_c_waits_for_nothing_and_loses_nothing(folder: Path, database: str, cx_url: str) -> None:
    with serving(folder, database, cx_url, drain_s=0) as gateway:
        async with caller(gateway) as api:
            await api.get(f"/v1/backends/{BACKEND}/work-orders/113427")
            slow_vendor(cx_url, delay_s=30)
            accepted = await update(api, prefer="respond-async")
        gateway.tell(signal.SIGINT)
        await asyncio.sleep(0.5)
        gateway.tell(signal.SIGINT)
        assert await asyncio.to_thread(gateway.ended, within_s=QUIET_S) == 130
        gateway.start()
        await asyncio.to_thread(gateway.wait_until_ready)
        async with caller(gateway) as api:
            ends = time.monotonic() + QUIET_S
            while (state := await state_of(api, accepted)) == "sending":  # the new process finds it out after a moment
                assert time.monotonic() < ends
                await asyncio.sleep(0.05)
    assert state in ("unknown", "verifying", "applied")


async def test_a_connection_made_just_before_the_end_is_answered(folder: Path, database: str, cx_url: str) -> None:
    with serving(folder, database, cx_url, drain_s=0) as gateway:
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
            await asyncio.sleep(0.2)
            gateway.tell(signal.SIGTERM)
            await asyncio.sleep(0.4)
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n")
            said = await asyncio.to_thread(_all_of, connection)
        assert await asyncio.to_thread(gateway.ended) == 0
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in said


async def test_whoever_is_let_in_is_answered_and_the_others_are_refused_at_the_door(
    folder: Path, database: str, cx_url: str
) -> None:
    answered, refused, other = 0, 0, list[str]()
    with serving(folder, database, cx_url, drain_s=0.5) as gateway:

        async def knock() -> None:
            nonlocal answered, refused
            while gateway.running.poll() is None and not refused:
                try:
                    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                except ConnectionRefusedError:
                    refused += 1
                    continue
                writer.write(b"GET /livez HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
                try:
                    said = await reader.read()
                except ConnectionError as error:
                    said = repr(error).encode()
                writer.close()
                if said.startswith(b"HTTP/1.1 200 OK\r\n"):
                    answered += 1
                else:
                    other.append(said.decode())

        knocking = [asyncio.create_task(knock()) for _ in range(8)]
        await asyncio.sleep(0.5)
        gateway.tell(signal.SIGTERM)
        await asyncio.gather(*knocking)
        assert await asyncio.to_thread(gateway.ended) == 0
    assert other == []
    assert answered > 20
    assert refused > 0


def _all_of(connection: socket.socket) -> bytes:
    said = b""
    while piece := connection.recv(4096):
        said += piece
    return said
