"""Bring a database's tables to the version that this code needs, and tell when they are not.

Alembic is loaded only to migrate: every start looks at the version, and loading it takes as long as all the rest of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, create_engine, event, inspect, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from app.failpoints import reach
from app.ledger.addresses import for_asyncpg
from app.ledger.store import StoreUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

ONE_AT_A_TIME = 7238164
"""PostgreSQL's lock for migrations, so that gateways that start together do not make the same tables."""
SCRIPTS = Path(__file__).parent.parent.parent / "migrations"
VERSION_TABLE = "alembic_version"


def migrate(url: str) -> str:
    """Apply every migration that the database lacks; returns the version it then has."""
    return _with_connection(url, _upgrade)


def schema_version(url: str) -> str | None:
    """The version that the database has; None for one without tables, and for an SQLite file that is not there."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" and not Path(parts.database or "").exists():
        return None  # to look would make it
    return _with_connection(url, _version)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()
    return found


def client_secrets(url: str) -> Mapping[tuple[str, str], str]:
    """The digests of the secrets in the database, whatever its version, by client and tenant; none where there are no tables."""
    return {} if schema_version(url) is None else _with_connection(url, _client_secrets)


def _client_secrets(connection: Connection) -> Mapping[tuple[str, str], str]:
    rows = connection.exec_driver_sql("SELECT id, tenant, secret_sha256 FROM client")
    return {(row.id, row.tenant): row.secret_sha256 for row in rows}


def needed_version() -> str:
    """The version that this code needs."""
    return max(_versions())


def is_known(version: str) -> bool:
    """Whether this code has that version's migration; a version that it has not was made by a newer one."""
    return version in _versions()


def _versions() -> list[str]:
    """The versions of the one line of migrations: each one's file begins with its version."""
    return [script.name.partition("_")[0] for script in (SCRIPTS / "versions").glob("[0-9]*_*.py")]


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, for a connection that is open already."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def _upgrade(connection: Connection) -> str:
    from alembic import command

    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
    command.upgrade(config(connection), "head")
    reach("F15")
    return needed_version()


def _with_connection(url: str, use: Callable[[Connection], T]) -> T:
    try:
        if make_url(url).get_backend_name() == "sqlite":
            return _on_sqlite(url, use)
        return asyncio.run(_on_postgres(url, use))
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error


def _on_sqlite(url: str, use: Callable[[Connection], T]) -> T:
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "connect", _driver_begins_nothing)
    event.listen(engine, "begin", _begin_immediate)
    try:
        with engine.begin() as connection:
            return use(connection)
    except DBAPIError as error:  # SQLite's own words: SQLAlchemy adds the statement and an address, and not the file
        raise StoreUnavailable(f"{make_url(url).database} (database.url): {error.orig}") from error


def _driver_begins_nothing(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]


def _begin_immediate(connection: Connection) -> None:
    """Without it a reader that turns writer loses updates in silence; with it DDL and data move in one transaction."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _on_postgres(url: str, use: Callable[[Connection], T]) -> T:
    """On a connection that asyncpg makes from the address, as it does for the store: SQLAlchemy reads parameters its own way."""
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine

    address, connect_s = for_asyncpg(url)

    async def connect() -> asyncpg.Connection:
        try:
            return await asyncpg.connect(address, timeout=connect_s)
        except TimeoutError as error:
            raise StoreUnavailable(f"no answer within {connect_s:g} s") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, OverflowError) as error:
            raise StoreUnavailable(f"{type(error).__name__}: {error}") from error

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.begin() as connection:
        return await connection.run_sync(use)
