"""What the ledger holds, read from the database itself with plain SQL: the checker must not trust the gateway's own queries."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from tests.chaos.history import Event, Hold, Kept, mark_in

OPERATIONS = "SELECT id, backend, work_order, seq, state, attempts, body FROM operation"
ATTEMPTS = "SELECT operation_id, outcome FROM attempt ORDER BY operation_id, n"
HOLDS = "SELECT backend, work_order, operation_id, opened_at, closed_at, made_operation FROM order_hold"
EVENTS = "SELECT backend, work_order, seq, type, operation_id FROM event ORDER BY id"
UNDER_WAY = """
SELECT count(*) AS open FROM operation o JOIN work_order w ON w.backend = o.backend AND w.number = o.work_order
WHERE o.finished_at IS NULL AND o.state <> 'held' AND NOT (o.state = 'queued' AND w.held = 1)
"""
"""Neither final nor held, nor waiting behind a hold."""
SECOND = 1_000_000
Rows = Sequence[Mapping[str, Any]]


async def query(database: str, *statements: str) -> list[Rows]:
    """The rows of each statement. Raises OSError or the driver's error while the database is away."""
    if database.startswith("sqlite"):
        return await asyncio.to_thread(_from_sqlite, database.removeprefix("sqlite:///"), statements)
    connection = await asyncpg.connect(database)
    try:
        return [await connection.fetch(statement) for statement in statements]
    finally:
        await connection.close()


def _from_sqlite(path: str, statements: Sequence[str]) -> list[Rows]:
    connection = sqlite3.connect(path, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        return [[dict(row) for row in connection.execute(statement)] for statement in statements]
    finally:
        connection.close()


async def under_way(database: str) -> int:
    """How many operations are neither final nor held."""
    ((row,),) = await query(database, UNDER_WAY)
    return int(row["open"])


async def mark_of(database: str, operation: str) -> str | None:
    """The mark of one operation; its id is one of our own, and may stand in the text."""
    ((row,),) = await query(database, f"SELECT body FROM operation WHERE id = '{operation}'")
    return mark_in(row["body"])


async def kept(database: str) -> list[Kept]:
    operations, attempts = await query(database, OPERATIONS, ATTEMPTS)
    outcomes: defaultdict[str, list[str | None]] = defaultdict(list)
    for row in attempts:
        outcomes[row["operation_id"]].append(row["outcome"])
    return [
        Kept(
            id=row["id"],
            backend=row["backend"],
            order=row["work_order"],
            seq=row["seq"],
            state=row["state"],
            mark=mark_in(row["body"]),
            attempts=row["attempts"],
            outcomes=tuple(outcomes[row["id"]]),
        )
        for row in operations
    ]


async def holds(database: str) -> list[Hold]:
    (rows,) = await query(database, HOLDS)
    return [
        Hold(
            backend=row["backend"],
            order=row["work_order"],
            operation=row["operation_id"],
            opened=row["opened_at"] / SECOND,
            closed=None if row["closed_at"] is None else row["closed_at"] / SECOND,
            made=row["made_operation"],
        )
        for row in rows
    ]


async def events(database: str) -> list[Event]:
    (rows,) = await query(database, EVENTS)
    return [
        Event(
            backend=row["backend"],
            order=row["work_order"],
            seq=row["seq"],
            type=row["type"],
            operation=row["operation_id"],
        )
        for row in rows
    ]


async def keys(database: str) -> int:
    """How many idempotency keys there are."""
    ((row,),) = await query(database, "SELECT count(*) AS kept FROM idempotency_key")
    return int(row["kept"])


async def orders(database: str) -> int:
    """How many orders are known."""
    ((row,),) = await query(database, "SELECT count(*) AS known FROM work_order")
    return int(row["known"])


WORK = {
    "operation": "SELECT * FROM operation",
    "attempt": "SELECT * FROM attempt",
    "order_hold": "SELECT * FROM order_hold",
    "idempotency_key": "SELECT * FROM idempotency_key",
    "event": "SELECT * FROM event WHERE type NOT LIKE 'work_order.%'",
    "work_order": "SELECT backend, number, last_seq, open_count, fence, lease_owner, blocked_by, held FROM work_order"
    " WHERE last_seq > 0",
}
"""What writes leave; what a list of the vendor's shows meanwhile is no part of it."""


async def everything(database: str) -> dict[str, list[str]]:
    """Every row of what writes leave, as text: two that are equal say that nothing was written in between."""
    found = await query(database, *WORK.values())
    return {table: sorted(str(dict(row)) for row in rows) for table, rows in zip(WORK, found, strict=True)}
