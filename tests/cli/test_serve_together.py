"""Several `serve` on one PostgreSQL: each serves, and each stops, without the others."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx

from tests.running.gateways import BACKEND, add_caller, configure, gateways, log_in

UPDATES = [("113427", 11), ("113427", 9)]


async def test_two_that_start_together_on_an_empty_database_both_serve(
    folder: Path, postgres_database: str, cx_url: str
) -> None:
    configure(folder, database=postgres_database, vendor_url=cx_url, server={"drain_s": 0})
    await add_caller(postgres_database)
    with gateways(folder, 2) as both:
        for gateway, (number, code) in zip(both, UPDATES, strict=True):
            async with httpx.AsyncClient(base_url=gateway.url, timeout=30, trust_env=False, verify=False) as api:
                await log_in(api)
                path = f"/v1/backends/{BACKEND}/work-orders/{number}/status-updates"
                sent = {"vendor_code": str(code), "occurred_at": "2026-11-20T20:40:00Z"}
                answer = await api.post(path, json=sent, headers={"Idempotency-Key": f"through-{gateway.port:012}"})
                assert (answer.status_code, answer.json()["state"]) == (201, "applied")
        one, other = both
        one.tell(signal.SIGTERM)
        assert await asyncio.to_thread(one.ended) == 0
        assert other.readiness() == (200, "")
        other.tell(signal.SIGTERM)
        assert await asyncio.to_thread(other.ended) == 0
    found = httpx.get(f"{cx_url}/_sim/effects", params={"order": "113427"}, trust_env=False).json()["effects"]
    assert [one["detail"]["StatusCodeId"] for one in found] == [code for _, code in UPDATES]
