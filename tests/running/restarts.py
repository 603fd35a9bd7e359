"""Restarts of one gateway after the other under load, and the proof that nobody noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, or_, select

from app.ledger.open import open_store
from app.ledger.sql import Row, Sql, Unit
from app.ledger.tables import ATTEMPT, OPERATION
from tests.running.gateways import Gateway
from tests.running.load import FIRST_ORDER, Load

OPEN = Sql(select(func.count().label("n")).where(OPERATION.c.finished_at.is_(None)))
ACCEPTED = Sql(
    select(OPERATION.c.work_order, OPERATION.c.target_code).order_by(OPERATION.c.work_order, OPERATION.c.seq)
)
NOT_APPLIED = Sql(
    select(ATTEMPT.c.operation_id, ATTEMPT.c.outcome).where(
        or_(ATTEMPT.c.outcome.is_(None), ATTEMPT.c.outcome != "applied")
    )
)


def add_orders(vendor_url: str, *, count: int) -> None:
    answer = httpx.post(f"{vendor_url}/_sim/orders", json={"count": count, "first": FIRST_ORDER}, trust_env=False)
    assert answer.status_code == 201, answer.text


async def restarted_under(load: Load, gateways: Sequence[Gateway], *, rounds: int, rest_s: float) -> list[int]:
    """Restart each gateway in turn, `rounds` times, while the load goes on; gives the exit codes."""
    stop = asyncio.Event()
    running = asyncio.create_task(load.run(stop))
    codes: list[int] = []
    try:
        for _ in range(rounds):
            for gateway in gateways:
                await asyncio.sleep(rest_s)
                codes.append(await gateway.stop_and_start())
        await asyncio.sleep(rest_s)
    finally:
        stop.set()
        await running
    return codes


async def nobody_noticed(load: Load, *, database: str, vendor_url: str) -> None:
    """No request failed, no outcome was lost, and the vendor made each acknowledged change once, in order."""
    assert load.failed == [], "\n".join(load.failed[:10])
    store = open_store(database, folder=Path(), owner=False)
    await store.open()
    try:
        async with asyncio.timeout(20):
            while (await store.read(_rows(OPEN)))[0]["n"]:
                await asyncio.sleep(0.1)
        assert [dict(row) for row in await store.read(_rows(NOT_APPLIED))] == []
        accepted = [(row["work_order"], int(row["target_code"])) for row in await store.read(_rows(ACCEPTED))]
    finally:
        await store.close()
    assert set(load.written.values()) <= set(accepted)
    made: list[tuple[str, int]] = []
    for effect in httpx.get(f"{vendor_url}/_sim/effects", trust_env=False).json()["effects"]:
        made.append((effect["order"], effect["detail"]["StatusCodeId"]))
    # Sorted by the order alone, the effects of one order stay as the vendor made them.
    assert sorted(made, key=itemgetter(0)) == accepted


def _rows(statement: Sql) -> Unit[Sequence[Any]]:
    rows: Sequence[Row] = yield statement, {}
    return rows
