"""Look at the plans of the hot statements on each layout of partitions, and write down what they read."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import asyncpg

from app.domain.times import now_micros
from app.ledger.migrate import migrate
from app.ledger.postgres import PostgresStore
from benchmarks.disk import folder_on_disk
from benchmarks.postgres import postgres
from benchmarks.scaling.costs import RESULTS
from benchmarks.scaling.hot import catching, everything
from benchmarks.scaling.ledger import Ledger
from benchmarks.scaling.partitions import LAYOUTS, partition
from benchmarks.scaling.past import load
from benchmarks.scaling.plans import Read, partitions_read

PLANS = RESULTS / "scaling-plans.json"
COUNT = 8
ORDERS, BACKENDS = 2_000, 40


async def explain() -> dict[str, dict[str, Read]]:
    """By layout, then by statement: the partitions of each table that the generic plan reads."""
    found: dict[str, dict[str, Read]] = {}
    with tempfile.TemporaryDirectory(prefix="orderbridge-scaling-", dir=folder_on_disk()) as folder:
        async with postgres(Path(folder)) as server:
            for name, layout in LAYOUTS.items():
                url = await server.new_database()
                await asyncio.to_thread(migrate, url)
                connection = await asyncpg.connect(url)
                store = PostgresStore(url)
                await load(connection, orders=ORDERS, backends=BACKENDS, updates=ORDERS, now=now_micros())
                await partition(connection, layout, count=COUNT)
                await store.open()
                with catching() as caught:
                    await everything(Ledger(store=store, orders=ORDERS, backends=BACKENDS))
                await store.close()
                found[name] = await partitions_read(connection, caught, generic=True)
                await connection.close()
    return found


def keep(plans: dict[str, dict[str, Read]], path: Path = PLANS) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(plans, indent=2) + "\n", encoding="utf-8")


def kept(path: Path = PLANS) -> dict[str, dict[str, Read]]:
    """As they were seen last; empty if never."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
