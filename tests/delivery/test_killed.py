"""Gateways killed in the middle of their work (kill -9), again and again: nothing acknowledged is lost, nothing happens twice.

The witness is the vendor's own list of effects. `pytest -k killed` runs these alone.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.delivery import doomed
from tests.delivery.bench import Simulated, until
from tests.forks import FORKS
from tests.gateway import CX, SECRET
from tests.ports import free_port

ORDERS_URL = f"/v1/backends/{CX.sandbox.backend}/work-orders"
ORDERS_OF_ONE, WRITERS = 20, 4
FIRST = 300_000
"""A gateway's modules are loaded once, and each gateway is forked from there."""


@dataclass(kw_only=True)
class History:
    """What the callers were told: by the mark that each update carries in its comments."""

    url: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Mark -> the last status it was answered with."""
    stopped: bool = False


async def write(history: History, writer: int) -> None:
    """Send one update after the other, each with its key until it is answered."""
    orders = [FIRST + writer * ORDERS_OF_ONE + n for n in range(ORDERS_OF_ONE)]
    async with httpx.AsyncClient(base_url=history.url, trust_env=False, timeout=10, verify=False) as api:
        for n in itertools.count():
            number = orders[n % ORDERS_OF_ONE]
            mark = f"{number}-{n // ORDERS_OF_ONE:05d}"
            code = "11" if (n // ORDERS_OF_ONE) % 2 == 0 else "9"
            body = {
                "vendor_code": code,
                "occurred_at": "2026-11-20T20:40:00Z",
                "comments": mark,
                "client_reference": mark,
            }
            if not await answered(history, api, number, mark, body):
                return


async def answered(history: History, api: httpx.AsyncClient, number: int, mark: str, body: dict[str, str]) -> bool:
    """Repeat the update until it is answered; False when the time is over before that."""
    while not history.stopped:
        try:
            answer = await api.post(
                f"{ORDERS_URL}/{number}/status-updates",
                json=body,
                headers={
                    "Idempotency-Key": f"the-key-of-{mark}",
                    "Authorization": f"Bearer {await token(api)}",
                    "Prefer": "wait=1",
                },
            )
        except httpx.TransportError:
            await asyncio.sleep(0.05)
            continue
        assert answer.status_code < 500, answer.text
        history.acknowledged[mark] = answer.status_code
        return True
    return False


async def token(api: httpx.AsyncClient) -> str:
    held: str | None = api.headers.get("x-held-token")
    if held is None:
        answer = await api.post(
            "/oauth/token", data={"grant_type": "client_credentials", "client_id": "tester", "client_secret": SECRET}
        )
        held = str(answer.json()["access_token"])
        api.headers["x-held-token"] = held
    return held


@asynccontextmanager
async def gateway(
    database: str, vendor_url: str, port: int, folder: Path, *, slug: str = CX.slug
) -> AsyncIterator[None]:
    """The gateway in a process of its own, once it answers; killed with SIGKILL at the end."""
    said = folder / "gateway.out"
    process = FORKS.Process(target=doomed.main, args=(database, vendor_url, port, str(said), slug))
    process.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as api:
            while not await answers(api):
                assert process.is_alive(), said.read_text()
                await asyncio.sleep(0.02)
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        process.close()


async def answers(api: httpx.AsyncClient) -> bool:
    try:
        return (await api.get("/livez")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.xdist_group("killed")
async def test_a_gateway_killed_at_random_moments_loses_nothing_and_repeats_nothing(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    kills = 8 if database.startswith("sqlite") else 4
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    port = free_port()
    history = History(url=f"http://127.0.0.1:{port}")
    with httpx.Client(base_url=vendor.url, trust_env=False) as simulated:
        simulated.post("/_sim/orders", json={"count": WRITERS * ORDERS_OF_ONE, "first": FIRST}).raise_for_status()
        writers = [asyncio.create_task(write(history, n)) for n in range(WRITERS)]
        try:
            for _ in range(kills):
                async with gateway(database, vendor.url, port, tmp_path):
                    await asyncio.sleep(dice.uniform(0.05, 0.7))
            async with gateway(database, vendor.url, port, tmp_path):
                await until(lambda: len(history.acknowledged) >= 100, within_s=30)
                history.stopped = True
                await asyncio.gather(*writers)
                states = await settled(history, within_s=30)
        finally:
            for task in writers:
                task.cancel()
        effects = [one for one in simulated.get("/_sim/effects").json()["effects"] if one["kind"] == "status_change"]
    made = Counter(one["detail"]["Comments"] for one in effects)
    told = f"seed {seed}, {len(history.acknowledged)} answered, {len(effects)} effects"
    assert len(history.acknowledged) >= 100, told
    assert [mark for mark, times in made.items() if times > 1] == [], told
    assert [mark for mark, status in history.acknowledged.items() if status == 201 and made[mark] != 1] == [], told
    assert [mark for mark, state in states.items() if (state == "applied") != (made[mark] == 1)] == [], told
    assert set(states.values()) <= {"applied", "refused", "held", "cancelled"}, told
    assert set(made) <= set(states), told
    for number in {one["order"] for one in effects}:
        marks = [one["detail"]["Comments"] for one in effects if one["order"] == number]
        assert marks == sorted(marks), told


async def settled(history: History, *, within_s: float) -> dict[str, str]:
    """Every operation's state by its mark, once none is open."""
    ends = time.monotonic() + within_s
    states: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=history.url, trust_env=False, timeout=10, verify=False) as api:
        headers = {"Authorization": f"Bearer {await token(api)}"}
        while True:
            states, cursor = {}, None
            while True:
                params = {"limit": "200", **({"cursor": cursor} if cursor else {})}
                page = (await api.get("/v1/operations", params=params, headers=headers)).json()
                states.update({one["client_reference"]: one["state"] for one in page["items"]})
                cursor = page["next"]
                if cursor is None:
                    break
            still_open = {
                mark for mark, state in states.items() if state in ("queued", "sending", "unknown", "verifying")
            }
            held = {mark.partition("-")[0] for mark, state in states.items() if state == "held"}
            if all(mark.partition("-")[0] in held for mark in still_open):
                return {mark: state for mark, state in states.items() if mark not in still_open}
            assert time.monotonic() < ends, f"still open: {sorted(still_open)[:20]}"
            await asyncio.sleep(0.2)
