"""The holds of one order are found by its number, however many the tenant has and whatever PostgreSQL believes of that."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from itertools import product

import asyncpg
import pytest

from app.ledger import holds
from app.ledger.holds import HoldFilter
from benchmarks.scaling.plans import literal

FILL = (
    "INSERT INTO order_hold (id, tenant, backend, work_order, operation_id, cause, opened_at, closed_at)"
    " SELECT 'hold_' || lpad(n::text, 8, '0'), CASE WHEN n % 97 = 0 THEN NULL WHEN n % 10 = 0 THEN 'other' ELSE 'acme' END,"
    " CASE WHEN n % 5 = 0 THEN 'overit' ELSE 'civica-cx' END, (n / 3)::text, 'op_' || n, 'vendor-refused', n,"
    " CASE WHEN n % 150 = 0 THEN NULL ELSE n END FROM generate_series(1, 20000) AS n"
)
"""Three holds to an order, nearly all of them closed and of one tenant."""
FOUND_BY = {"ix_order_hold_work_order", "uq_order_hold_open"}


def lists() -> Iterator[HoldFilter]:
    """Every way to ask for the holds of an order, by a tenant that has most of all holds and by one that has none."""
    here = frozenset({"civica-cx"})
    for tenant, backends, open_, before in product(
        ("acme", "nobody"), (here, here | {"overit"}), (None, True, False), (None, "hold_00015000")
    ):
        yield HoldFilter(tenant=tenant, backends=backends, work_order="4000", open=open_, before=before)


@pytest.fixture
async def full_postgres(postgres_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_database)
    await connection.execute("ALTER TABLE order_hold SET (autovacuum_enabled = off)")
    await connection.execute(FILL)
    yield connection
    await connection.close()


@pytest.mark.parametrize("analyzed", [False, True])
async def test_the_holds_of_an_order_are_found_by_its_number(
    full_postgres: asyncpg.Connection, *, analyzed: bool
) -> None:
    """With the values looked at, and once it has run so often that they are not."""
    if analyzed:
        await full_postgres.execute("ANALYZE order_hold")
    for mode in ("force_custom_plan", "force_generic_plan"):
        await full_postgres.execute(f"SET plan_cache_mode = {mode}")
        for narrowed in lists():
            plan = await _plan(full_postgres, narrowed)
            looked_into = set(re.findall(r"Index Scan(?: Backward)? (?:using|on) (\w+)", plan))
            assert looked_into, f"{mode} {narrowed}\n{plan}"
            assert looked_into <= FOUND_BY, f"{mode} {narrowed}\n{plan}"
            assert "Seq Scan" not in plan, f"{mode} {narrowed}\n{plan}"
            assert all("work_order =" in each for each in re.findall(r"Index Cond: .*", plan)), plan


async def _plan(connection: asyncpg.Connection, narrowed: HoldFilter) -> str:
    statement, params = next(holds.list_holds(narrowed, most=51))
    await connection.execute(f"PREPARE list AS {statement.postgres}")
    values = ", ".join(literal(value) for value in statement.positional(params))
    rows = await connection.fetch(f"EXPLAIN EXECUTE list({values})")
    await connection.execute("DEALLOCATE list")
    return "\n".join(row[0] for row in rows)
