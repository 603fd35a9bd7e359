"""Clearing up costs what it clears, not what the ledger holds: with 100,000 rows no step reads a whole table."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.delivery.reaper import MOST
from app.domain.times import SECOND
from app.ledger import retention
from app.ledger.sql import Sql
from tests.ledger.scenes import NOW

ROWS = 100_000
SOME = MOST - 10
FILL = (
    "INSERT INTO operation (id, tenant, client_id, backend, work_order, seq, kind, state, body, client_reference, attempts,"
    " answer_status, answer_body, accepted_at, finished_at)"
    " SELECT 'op_' || n, 'acme', 'acme-app', 'cx', 'w' || n, 1, 'status_update', 'applied', '{}', 'job-' || n, 1, 201, '{}',"
    f" {NOW} + n * {SECOND}, {NOW} + n * {SECOND} FROM numbers",
    "INSERT INTO idempotency_key (client_id, key, tenant, fingerprint, operation_id, created_at)"
    f" SELECT 'acme-app', 'key-' || n, 'acme', 'f', 'op_' || n, {NOW} + n * {SECOND} FROM numbers",
    "INSERT INTO event (at, backend, work_order, seq, type, source, data)"
    f" SELECT {NOW} + n * {SECOND}, 'cx', 'w' || n, 1, 'operation.applied', 'delivery', '{{}}' FROM numbers",
)
NUMBERS = (
    "CREATE TABLE numbers AS WITH RECURSIVE up(n) AS"
    f" (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM up WHERE n < {ROWS})"
)


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    step: Sql
    before: int


CASES = [
    Case(id=f"{name}, {what}", step=step, before=before)
    for name, step in retention.steps(MOST).items()
    for what, before in (("nothing is over", NOW), ("some are over", NOW + SOME * SECOND))
]


@pytest.fixture(scope="module")
def full_file(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    path = tmp_path_factory.mktemp("full") / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in (f"{NUMBERS} SELECT n FROM up", *FILL):
            connection.execute(statement)
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_step_on_sqlite_is_short(case: Case, full_file: Path) -> None:
    with closing(sqlite3.connect(full_file, isolation_level=None)) as connection:
        worked = 0

        def count() -> int:
            nonlocal worked
            worked += 1
            return 0

        connection.execute("BEGIN")
        connection.set_progress_handler(count, 1_000)
        cleared = connection.execute(case.step.sqlite, case.step.for_sqlite(_values(case))).fetchall()
        connection.set_progress_handler(None, 1_000)
        connection.rollback()
    assert len(cleared) == (SOME if case.before > NOW else 0)
    assert worked * 1_000 < 20_000 + 200 * len(cleared)  # instructions: a fraction of one for each row that is there


@pytest.fixture
async def full_postgres(postgres_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_database)
    try:
        for statement in (f"{NUMBERS} SELECT n FROM up", *FILL, "ANALYZE"):
            await connection.execute(statement)
        yield connection
    finally:
        await connection.close()


async def test_a_step_on_postgres_reads_no_whole_table(full_postgres: asyncpg.Connection) -> None:
    """Neither with the values looked at, nor once it has run so often that they are not."""
    for mode in ("force_custom_plan", "force_generic_plan"):
        await full_postgres.execute(f"SET plan_cache_mode = {mode}")
        scans = {case.id: await _whole_tables(full_postgres, case) for case in CASES}
        assert scans == {case.id: [] for case in CASES}, mode


async def _whole_tables(connection: asyncpg.Connection, case: Case) -> Sequence[str]:
    await connection.execute(f"PREPARE step AS {case.step.postgres}")
    (before,) = case.step.positional(_values(case))
    lines = await connection.fetch(f"EXPLAIN EXECUTE step({before})")
    await connection.execute("DEALLOCATE step")
    return list(_scans("\n".join(line[0] for line in lines)))


def _scans(plan: str) -> Iterator[str]:
    yield from re.findall(r"Seq Scan on (operation|idempotency_key|event)\b", plan)


def _values(case: Case) -> dict[str, int]:
    return {"before": case.before}
