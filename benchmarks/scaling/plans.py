"""Which partitions each hot statement reads, as PostgreSQL's own plans say."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import asyncpg

from app.ledger.sql import Params, Sql, Value
from benchmarks.scaling.hot import name_of

Read = Mapping[str, int]
"""Of each divided table that a plan reads, how many partitions."""


async def partitions_read(
    connection: asyncpg.Connection, caught: Mapping[Sql, Params], *, generic: bool
) -> dict[str, Read]:
    """For each statement, by its name: planned for the parameters it had, or (`generic`) once for any."""
    divided = {row[0] for row in await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'p'")}
    found: dict[str, Read] = {}
    for statement, params in caught.items():
        plan = await (_generic if generic else _planned)(connection, statement, params)
        found[name_of(statement)] = count_partitions(plan, divided)
    return found


async def _planned(connection: asyncpg.Connection, statement: Sql, params: Params) -> object:
    """The plan for these parameters, as the first executions of a prepared statement have it."""
    return json.loads(
        await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement.postgres}", *statement.positional(params))
    )


async def _generic(connection: asyncpg.Connection, statement: Sql, params: Params) -> object:
    """The plan for any parameters, as it begins to run with these: what it leaves out by them is not in it."""
    values = [literal(value) for value in statement.positional(params)]
    async with connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE hot AS {statement.postgres}")
        plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE hot({', '.join(values)})"))
        await connection.execute("DEALLOCATE hot")
        return plan


def literal(value: Value) -> str:
    """The value as SQL writes it."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | float) else "'" + value.replace("'", "''") + "'"


def count_partitions(plan: object, divided: set[str]) -> dict[str, int]:
    """The partitions of each of these tables that some scan of the plan reads."""
    read: defaultdict[str, set[str]] = defaultdict(set)
    for node in _nodes(plan):
        partition = re.fullmatch(r"(.+)_\d+", str(node.get("Relation Name")))
        if "Scan" in str(node["Node Type"]) and partition is not None and partition.group(1) in divided:
            read[partition.group(1)].add(partition.group(0))
    return {table: len(names) for table, names in sorted(read.items())}


def _nodes(plan: object) -> Iterator[Mapping[str, object]]:
    if isinstance(plan, list):
        for one in plan:
            yield from _nodes(one)
    elif isinstance(plan, dict):
        if "Node Type" in plan:
            yield plan
        for value in plan.values():
            yield from _nodes(value)
