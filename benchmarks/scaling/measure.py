"""Measure on a real PostgreSQL what an update costs: a few thousand of them, and all that follows until they are forgotten."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.domain.times import now_micros
from app.ledger.migrate import migrate
from benchmarks.disk import folder_on_disk, fsync_ms
from benchmarks.postgres import postgres
from benchmarks.processes import ROOT, environment
from benchmarks.scaling.costs import Source, Value
from benchmarks.scaling.meter import Meter
from benchmarks.scaling.past import load
from benchmarks.scaling.pieces import PIECES, Size, divided
from benchmarks.scaling.stretches import BACKENDS, Bench

QUIET = 0.10
"""A machine is quiet while everything else uses no more than this share of it."""

TIMES = ("cpu_s", "cpu_s_per_byte", "flush_s")
"""How the names of costs end that are times."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured, by the names of `Costs`; the server's version; the share of the machine that others used meanwhile."""

    costs: Mapping[str, float]
    postgres: str
    others: float

    @property
    def values(self) -> dict[str, Value]:
        """Counts and sizes are the same however busy the machine is; times are not."""
        calm = self.others <= QUIET
        return {
            name: Value(value=cost, source=Source.measured, quiet=calm or not name.endswith(TIMES))
            for name, cost in self.costs.items()
        }


async def measure(size: Size, say: Callable[[str], None]) -> Found:
    """About two minutes. Everything is in a folder on disk that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="orderbridge-scaling-", dir=folder_on_disk()) as folder:
        costs = {"flush_s": fsync_ms(Path(folder)) / 1000}
        async with postgres(Path(folder)) as server:
            url = await server.new_database()
            await asyncio.to_thread(migrate, url)
            connection = await asyncpg.connect(url)
            try:
                say(f"filling a ledger with {size.past} operations")
                await load(connection, orders=size.orders, backends=BACKENDS, updates=size.past, now=now_micros())
                await connection.execute("ALTER SYSTEM SET autovacuum = off")
                version = str(await connection.fetchval("SHOW server_version"))
                bench = Bench(
                    server=server, url=url, orders=size.orders, meter=Meter(server=server, connection=connection)
                )
                for part in PIECES:
                    say(part.__doc__ or "")
                    costs |= await part(bench, size)
                say("gateways at which nothing happens")
                costs |= await _idle(bench, size, Path(folder))
                say(divided.__doc__ or "")
                costs |= await divided(bench, size)
            finally:
                await connection.close()
    costs["wal_images_bytes"] -= costs["wal_bytes"]
    costs["dead_rows"] += costs.pop("reap_dead_rows")
    return Found(costs=costs, postgres=version, others=bench.others)


async def _idle(bench: Bench, size: Size, folder: Path) -> dict[str, float]:
    """The difference between a gateway with few backends and one with many."""
    few, many = [await _idle_gateway(bench, count, size.idle_s, folder) for count in size.idle]
    more = size.idle[1] - size.idle[0]
    each = {name: (many[name] - few[name]) / more for name in few}
    return {
        "idle_cpu_s": each["cpu_s"],
        "db_idle_cpu_s": each["db_cpu_s"],
        "backend_bytes": each["rss_bytes"],
        "process_bytes": few["rss_bytes"] - size.idle[0] * each["rss_bytes"],
    }


async def _idle_gateway(bench: Bench, backends: int, seconds: float, folder: Path) -> dict[str, float]:
    result = folder / f"idle-{backends}.json"
    postmaster = bench.server.server.get_postmaster_info().pid
    command = (sys.executable, "-m", "benchmarks.scaling.idle", bench.url, postmaster, backends, seconds, result)
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=ROOT,
        env=environment(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    found: dict[str, float] = json.loads(result.read_text())
    return found
