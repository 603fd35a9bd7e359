"""Two gateways on one PostgreSQL whose hosts' clocks are an hour apart, one process each: one time rules, the database's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.delivery import doomed
from tests.delivery.bench import AT, Simulated, until
from tests.delivery.test_killed import ORDERS_URL, answers, token
from tests.forks import FORKS
from tests.ports import free_port

APART_S = 3600


def an_hour_off(hours: int, database: str, vendor_url: str, port: int, said: str) -> None:
    """A gateway on a host whose clock is set so much ahead."""
    wall, nanos = time.time, time.time_ns
    time.time = lambda: wall() + hours * APART_S
    time.time_ns = lambda: nanos() + hours * APART_S * 1_000_000_000
    doomed.main(database, vendor_url, port, said)


@asynccontextmanager
async def gateway(hours: int, database: str, vendor_url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of such a gateway, once it answers."""
    port = free_port()
    said = folder / f"gateway-{port}.out"
    process = FORKS.Process(target=an_hour_off, args=(hours, database, vendor_url, port, str(said)))
    process.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as api:
            while not await answers(api):
                assert process.is_alive(), said.read_text()
                await asyncio.sleep(0.05)
            yield api
    finally:
        process.kill()
        process.join()


async def update(api: httpx.AsyncClient, number: int, n: int) -> str:
    body = {"vendor_code": "9" if n % 2 else "11", "occurred_at": AT, "comments": f"{number}-{n}"}
    headers = {"Idempotency-Key": f"the-key-of-{number}-{n:04d}", "Prefer": "respond-async"}
    answer = await api.post(f"{ORDERS_URL}/{number}/status-updates", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["operation-id"])


@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
async def test_gateways_an_hour_apart_neither_send_twice_nor_out_of_order(
    hours: int, vendor: Simulated, postgres_database: str, tmp_path: Path
) -> None:
    with httpx.Client(base_url=vendor.url, trust_env=False) as simulated:
        added = simulated.post("/_sim/orders", json={"count": 4}).json()
        numbers = list(range(added["first"], added["last"] + 1))
        simulated.post("/_sim/faults", json={"kind": "latency", "delay_s": 0.2, "rate": 0.5, "on": "write"})
        simulated.post("/_sim/faults", json={"kind": "lost_answer", "count": 3, "on": "write"})
        async with (
            gateway(0, postgres_database, vendor.url, tmp_path) as right,
            gateway(hours, postgres_database, vendor.url, tmp_path) as wrong,
        ):
            for api in (right, wrong):  # its token is checked by a clock that is not set here
                api.headers["Authorization"] = f"Bearer {await token(right)}"
            sent = [
                (number, await update((right, wrong)[(n + number) % 2], number, n))
                for n in range(6)
                for number in numbers
            ]
            accepted = time.time()
            found: dict[str, dict[str, Any]] = {}

            async def all_ended() -> bool:
                for _, one in sent:
                    if found.get(one, {}).get("finished_at") is None:
                        found[one] = (await right.get(f"/v1/operations/{one}")).json()
                return all(one["finished_at"] for one in found.values()) and len(found) == len(sent)

            await until(all_ended, within_s=90, what=lambda: str([one["state"] for one in found.values()]))
        assert {one["state"] for one in found.values()} == {"applied"}
        for number in numbers:
            effects = simulated.get("/_sim/effects", params={"order": str(number)}).json()["effects"]
            made = [one["detail"]["Comments"] for one in effects if one["kind"] == "status_change"]
            assert made == [f"{number}-{n}" for n in range(6)]
        dated = [datetime.fromisoformat(one["accepted_at"]).timestamp() for one in found.values()]
        assert max(abs(at - accepted) for at in dated) < 60
