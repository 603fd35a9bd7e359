"""Rows into a migrated, empty database, as fast as it takes them: indexes that are not needed meanwhile are made at the end.

Until it is over the database is worth nothing: on SQLite there is no journal, so what is cut short must be thrown away.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from app.ledger.migrate import needed_version, schema_version
from benchmarks.ledger.past import Rows
from benchmarks.ledger.pattern import columns_of

Batches = Iterable[Rows]
WHILE_LOADING = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=OFF",
    "synchronous=OFF",
    "cache_size=-1000000",
    "temp_store=FILE",
    "threads=2",
)
USED = "SELECT EXISTS (SELECT 1 FROM operation) OR EXISTS (SELECT 1 FROM work_order)"


class NotFillable(Exception):
    """The database has other tables than this code needs, or rows of somebody."""


def load(url: str, batches: Batches) -> None:
    """Store the rows of each batch. Raises NotFillable before anything is changed."""
    version = schema_version(url)
    if version != needed_version():
        raise NotFillable(f"the database has version {version}, not {needed_version()}: migrate it first")
    if make_url(url).get_backend_name() == "sqlite":
        _into_sqlite(Path(make_url(url).database or ""), batches)
    else:
        asyncio.run(_into_postgres(url, batches))


def _into_sqlite(path: Path, batches: Batches) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if connection.execute(USED).fetchone()[0]:
            raise NotFillable(f"{path} holds somebody's orders: only an empty ledger is filled")
        for pragma in WHILE_LOADING:
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for rows in batches:
            connection.execute("BEGIN")
            for table, values in rows.items():
                holes = ", ".join("?" * len(columns_of(table)))
                connection.executemany(f"INSERT INTO {table} ({', '.join(columns_of(table))}) VALUES ({holes})", values)
            connection.execute("COMMIT")
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("PRAGMA locking_mode=NORMAL")
        connection.execute("PRAGMA journal_mode=WAL")


async def _into_postgres(url: str, batches: Batches) -> None:
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(USED):
            raise NotFillable("the database holds somebody's orders: only an empty ledger is filled")
        await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        indexes = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['indexname']}")
        for rows in batches:
            for table, values in rows.items():
                await connection.copy_records_to_table(table, records=values, columns=columns_of(table), timeout=600)
        for index in indexes:
            await connection.execute(index["indexdef"], timeout=3600)
        await connection.execute("SELECT setval('event_id_seq', (SELECT max(id) FROM event))")
        await connection.execute("VACUUM (ANALYZE)", timeout=3600)
    finally:
        await connection.close()


async def postgres_bytes(url: str) -> dict[str, int]:
    """How large each table is with its indexes, on PostgreSQL."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        return {row["relname"]: row["size"] for row in rows}
    finally:
        await connection.close()


def sqlite_bytes(path: Path) -> dict[str, int]:
    """How large each table is with its indexes, in whole pages, on SQLite."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            # Not pgsize: that is counted in 32 bits, and wraps round where a table is larger than 2 GiB.
            "SELECT m.tbl_name, sum(s.pageno) * (SELECT page_size FROM pragma_page_size) FROM dbstat AS s"
            " JOIN sqlite_master AS m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY m.tbl_name"
        )
        return {str(table): int(size) for table, size in rows if not re.match("sqlite_", str(table))}
