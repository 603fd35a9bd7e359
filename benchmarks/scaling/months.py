"""Divide a table by month without copying it: the table as it is becomes the partition of all that was until a month begins."""

from __future__ import annotations

import asyncpg

from benchmarks.scaling.partitions import INDEXES, SEQUENCES, TRIGGERS, ByRange, with_column


async def prepare(connection: asyncpg.Connection, table: str, division: ByRange) -> None:
    """What takes long, while the gateways go on: the proof that no row is later, and the indexes that the change needs."""
    until = f"until_{table}"
    await connection.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT {until} CHECK ({division.column} < '{division.values[0]}') NOT VALID"
    )
    await connection.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {until}", timeout=None)
    for row in await connection.fetch(INDEXES, table):
        wider = with_column(row["definition"], division.column)
        if wider != row["definition"]:
            built = wider.replace(f"INDEX {row['name']} ", f"INDEX CONCURRENTLY wide_{row['name']} ")
            await connection.execute(built, timeout=None)


async def attach(connection: asyncpg.Connection, table: str, division: ByRange) -> None:
    """The change itself, which nobody sees but as a short wait: nothing is copied, and no index is built."""
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        indexes = await connection.fetch(INDEXES, table)
        triggers = [row[0] for row in await connection.fetch(TRIGGERS, table)]
        sequences = await connection.fetch(SEQUENCES, table)
        first, *others = division.bounds(len(division.values) + 1)
        ours = [row for row in indexes if not row["name"].startswith("wide_")]
        for statement in (
            f"ALTER TABLE {table} RENAME TO {table}_0",
            *(f"ALTER INDEX {row['name']} RENAME TO {row['name']}_0" for row in ours),
            f"CREATE TABLE {table} (LIKE {table}_0 INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
            f" PARTITION BY RANGE ({division.column})",
            f"ALTER TABLE {table} DROP CONSTRAINT until_{table}",
            *(f"ALTER SEQUENCE {row['sequence']} OWNED BY {table}.{row['column']}" for row in sequences),
            *(with_column(row["definition"], division.column) for row in ours),
            f"ALTER TABLE {table} ATTACH PARTITION {table}_0 FOR VALUES {first}",
            *(
                f"CREATE TABLE {table}_{n} PARTITION OF {table} FOR VALUES {bounds}"
                for n, bounds in enumerate(others, start=1)
            ),
        ):
            await connection.execute(statement)
        for statement in triggers:
            name = statement.split()[2]
            await connection.execute(f"DROP TRIGGER {name} ON {table}_0")
            await connection.execute(statement)
