"""What a stretch of work cost: our CPU, PostgreSQL's CPU, its WAL, its transactions, and what others used meanwhile."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg

from benchmarks.postgres import Postgres

TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
READ = (
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS wal,"
    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS transactions"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The counters at one moment, or what lies between two."""

    wall_s: float
    cpu_s: float
    db_cpu_s: float
    busy_s: float
    """Of all cores, whoever it was."""
    wal_bytes: float
    transactions: float

    def __sub__(self, before: Self) -> Self:
        return type(self)(**{name: getattr(self, name) - getattr(before, name) for name in self.__slots__})

    @property
    def others(self) -> float:
        """The share of the machine that neither we nor the database used."""
        return max(0.0, self.busy_s - self.cpu_s - self.db_cpu_s) / (self.wall_s * CORES)


@dataclass(frozen=True, kw_only=True)
class Meter:
    """Reads the counters; the whole server's, so nobody else may use it."""

    server: Postgres
    connection: asyncpg.Connection

    async def read(self) -> Reading:
        row = await self.connection.fetchrow(READ)
        return Reading(
            wall_s=time.perf_counter(),
            cpu_s=time.process_time(),
            db_cpu_s=self.server.cpu_s(),
            busy_s=_busy_s(),
            wal_bytes=row["wal"],
            transactions=row["transactions"],
        )


def _busy_s() -> float:
    """What all cores have worked since the machine started; waiting for disks is no work."""
    user, nice, system, _idle, _waiting, hard, soft, *_ = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + hard + soft) / TICKS
