"""A crowd for one backend waits outside of the ledger, and who leaves it while waiting takes nothing along."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.api.gateway import ACCEPTED_AT_ONCE, Gateway
from app.vendors.registry import VENDORS
from tests.delivery.bench import until
from tests.gateway import site

ARRIVED = {"status": "on_site", "occurred_at": "2026-11-20T10:00:00Z", "vendor_code": "11"}
WAITS = {"prefer": "wait=10"}


async def test_a_caller_who_hangs_up_in_the_crowd_leaves_its_place_among_the_calls(
    cx_url: str, sqlite_database: str, tmp_path: Path
) -> None:
    few = {"max_connections": 3}
    async with site(VENDORS["civica_cx"], cx_url, sqlite_database, tmp_path, backend=few) as cx:
        gateway: Gateway = cx.app.state.gateway
        assert (await cx.api.get(cx.orders("113427"))).status_code == 200
        crowd = gateway.accepting[cx.backend]
        for _ in range(ACCEPTED_AT_ONCE):
            await crowd.acquire()
        left = [asyncio.create_task(cx.update("113427", ARRIVED)) for _ in range(4)]
        await until(lambda: len(crowd._waiters or ()) == len(left))
        assert not any(one.done() for one in left)
        for one in left:
            one.cancel()
        await asyncio.wait(left)
        for _ in range(ACCEPTED_AT_ONCE):
            crowd.release()
        assert (await cx.update("113427", ARRIVED, **WAITS)).status_code == 201
        assert len(cx.effects("113427")) == 1
