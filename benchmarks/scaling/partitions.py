"""The ledger's tables as partitioned tables, in place: what an operator would do once they have become too large for one each.

Native partitions of one PostgreSQL. The same keys would spread the tables over several servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import asyncpg


@dataclass(frozen=True, kw_only=True, slots=True)
class ByHash:
    """Rows whose column has the same value lie together."""

    column: str

    clause = "HASH"

    def bounds(self, count: int) -> Iterator[str]:
        return (f"WITH (MODULUS {count}, REMAINDER {n})" for n in range(count))


@dataclass(frozen=True, kw_only=True, slots=True)
class ByRange:
    """Rows lie together from one of these values to the next; the first and the last part have no end."""

    column: str
    values: Sequence[str]

    clause = "RANGE"

    def bounds(self, count: int) -> Iterator[str]:
        edges = ["MINVALUE", *(f"'{value}'" for value in self.values[: count - 1]), "MAXVALUE"]
        return (f"FROM ({low}) TO ({high})" for low, high in pairwise(edges))


Division = ByHash | ByRange
Layout = Mapping[str, Division]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def first_id(year: int, month: int) -> str:
    """The least id that an operation of that month can have: an id begins with the time at which it was made."""
    value = int(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000) << 80
    return "op_" + "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


MONTHS = tuple(first_id(2026 + month // 12, month % 12 + 1) for month in range(24))
BLOCKS = tuple(str(n * 1_500_000_000) for n in range(1, 25))
"""Events are numbered as they come: a block of them is a month's."""

BY_BACKEND: Layout = {
    "work_order": ByHash(column="backend"),
    "operation": ByHash(column="backend"),
    "attempt": ByHash(column="operation_id"),
    "event": ByHash(column="backend"),
    "order_hold": ByHash(column="backend"),
    "idempotency_key": ByHash(column="client_id"),
}
"""An order's queue, its operations, events and holds lie with its backend. A key belongs to a client, who may have several
backends; an attempt is only ever looked for by its operation."""
BY_MONTH: Layout = {
    "operation": ByRange(column="id", values=MONTHS),
    "attempt": ByRange(column="operation_id", values=MONTHS),
    "event": ByRange(column="id", values=BLOCKS),
    "idempotency_key": ByHash(column="client_id"),
}
"""What only grows lies by its age, so that the oldest is dropped or moved away as a whole; orders stay one table."""
LAYOUTS: Mapping[str, Layout] = {"by backend": BY_BACKEND, "by month": BY_MONTH}

INDEXES = (
    "SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'public' AND tablename = $1"
)
TRIGGERS = (
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal ORDER BY tgname"
)
SEQUENCES = (
    "SELECT a.attname AS column, pg_get_serial_sequence($1, a.attname) AS sequence FROM pg_attribute a"
    " WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND pg_get_serial_sequence($1, a.attname) IS NOT NULL"
)


async def partition(connection: asyncpg.Connection, layout: Layout, *, count: int) -> list[str]:
    """Divide each table of the layout into so many partitions, its rows with it, in one transaction.

    Returns the unique indexes that had to take the dividing column in, because a partitioned table cannot promise more: what
    they named alone is from now on unique within each value of that column only.
    """
    async with connection.transaction():
        widened = [
            name for table, division in layout.items() for name in await _divide(connection, table, division, count)
        ]
    await connection.execute("ANALYZE", timeout=600)
    return sorted(widened)


async def _divide(connection: asyncpg.Connection, table: str, division: Division, count: int) -> Sequence[str]:
    indexes = await connection.fetch(INDEXES, table)
    triggers = [row[0] for row in await connection.fetch(TRIGGERS, table)]
    sequences = await connection.fetch(SEQUENCES, table)
    wider = {row["name"]: with_column(row["definition"], division.column) for row in indexes}
    like = f"(LIKE whole_{table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
    for statement in (
        f"ALTER TABLE {table} RENAME TO whole_{table}",
        f"CREATE TABLE {table} {like} PARTITION BY {division.clause} ({division.column})",
        *(
            f"CREATE TABLE {table}_{n} PARTITION OF {table} FOR VALUES {bounds}"
            for n, bounds in enumerate(division.bounds(count))
        ),
        f"INSERT INTO {table} SELECT * FROM whole_{table}",
        *(f"ALTER SEQUENCE {row['sequence']} OWNED BY {table}.{row['column']}" for row in sequences),
        f"DROP TABLE whole_{table}",
        *wider.values(),
        *triggers,
    ):
        await connection.execute(statement, timeout=600)
    return [row["name"] for row in indexes if wider[row["name"]] != row["definition"]]


def with_column(definition: str, column: str) -> str:
    """The definition of an index as a partitioned table takes it: a unique one must hold the dividing column."""
    columns = re.search(r"USING btree \(([^)]*)\)", definition)
    assert columns is not None, definition
    if not definition.startswith("CREATE UNIQUE") or column in columns.group(1).split(", "):
        return definition
    return definition.replace(f"({columns.group(1)})", f"({columns.group(1)}, {column})", 1)
