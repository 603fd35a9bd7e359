"""A list's orders are looked up by their keys, however many the backend has and whatever PostgreSQL believes of that."""

from __future__ import annotations

import json
import re

import asyncpg
import pytest

from app.ledger import listed_sql
from app.ledger.sql import Sql, Value
from tests.ledger.scenes import NOW

FILL = (
    "INSERT INTO work_order (backend, number, vendor_ids, fields, late, changed_at, version, last_seq, open_count, held,"
    " lease_until, fence, event_seq, observed_at, mark, marked_version, stands)"
    f" SELECT 'cx', n::text, '{{}}', repeat('x', 500), 0, {NOW}, 1, 0, 0, 0, 0, 0, 0, {NOW}, 'm', 1, 1"
    " FROM generate_series(1, 20000) AS n"
)
ROWS = json.dumps([{"number": str(n), "mark": "m", "version": 1, "at": NOW} for n in range(1, 201)])
STEPS = {
    "standing": listed_sql.STANDING,
    "leave": listed_sql.LEAVE,
    "beside": listed_sql.BESIDE,
    "seen": listed_sql.SEEN_MANY,
    "changed": listed_sql.CHANGED_MANY,
}


@pytest.mark.parametrize("analyzed", [False, True])
async def test_no_step_reads_the_whole_backend(postgres_database: str, *, analyzed: bool) -> None:
    connection = await asyncpg.connect(postgres_database)
    await connection.execute("ALTER TABLE work_order SET (autovacuum_enabled = off)")
    await connection.execute(FILL)
    if analyzed:
        await connection.execute("ANALYZE work_order")
    for name, step in STEPS.items():
        plan = await _plan(connection, step)
        looked_up = set(re.findall(r"Index Scan using (\w+) on work_order", plan))
        assert looked_up <= {"pk_work_order", "ix_work_order_stands"}, f"{name}\n{plan}"
        assert looked_up, f"{name}\n{plan}"
        assert re.search(r"(Seq|Bitmap Heap) Scan on work_order", plan) is None, f"{name}\n{plan}"
    await connection.close()


async def _plan(connection: asyncpg.Connection, step: Sql) -> str:
    params: dict[str, Value] = {
        "of_backend": "cx",
        "rows": ROWS,
        "listed": NOW,
        "ahead": NOW,
        "now": NOW,
        "turn_of": "here",
        "turn": 1,
        "after": "",
        "most": 1000,
    }
    known = {name: params[name] for name in step.order if name in params}
    rows = await connection.fetch(f"EXPLAIN {step.postgres}", *step.positional(known))
    return "\n".join(row[0] for row in rows)
