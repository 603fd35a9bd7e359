"""What monitoring reads of the ledger: right on both stores, and as cheap with 20,000 finished operations as with none."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from app.domain.holds import Cause
from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import rounds
from app.ledger.gauges import LOOK, NOTHING, Amount, Gauges, look
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, begun, queued
from tests.ledger.stops import BEHIND, STOPPED, stopped

ROWS = 20_000
OPEN = 20
FILL = (
    "INSERT INTO operation (id, tenant, client_id, backend, work_order, seq, kind, state, body, attempts, accepted_at,"
    " finished_at)"
    " SELECT 'op_' || n, 'acme', 'acme-app', 'cx', 'w' || n, 1, 'status_update',"
    f" CASE WHEN n <= {OPEN} THEN 'queued' ELSE 'applied' END, '{{}}', 1, {NOW} + n * {SECOND},"
    f" CASE WHEN n <= {OPEN} THEN NULL ELSE {NOW} + n * {SECOND} END FROM numbers",
    "INSERT INTO attempt (operation_id, n, fence, started_at, deadline_at)"
    f" SELECT 'op_' || n, 1, 1, {NOW} + n * {SECOND}, {NOW} FROM numbers",
    "INSERT INTO order_hold (id, backend, work_order, cause, opened_at, closed_at)"
    f" SELECT 'hold_' || n, 'cx', 'w' || n, 'vendor-refused', {NOW} + n, CASE WHEN n = 1 THEN NULL ELSE {NOW} END"
    " FROM numbers",
    "INSERT INTO webhook_message (id, webhook_id, type, body, state, tries, lease_until, fence, log, created_at)"
    f" SELECT 'msg_' || n, 'wh_1', 'test', '{{}}', CASE WHEN n <= {OPEN} THEN 'pending' ELSE 'delivered' END, 0, 0, 0,"
    f" '[]', {NOW} + n FROM numbers",
    "INSERT INTO webhook (id, tenant, client_id, url, secret, enabled, pause_until, cursor, created_at)"
    f" VALUES ('wh_1', 'acme', 'acme-app', 'https://a.example', '', 1, 0, 0, {NOW}),"
    f" ('wh_off', 'acme', 'acme-app', 'https://b.example', '', 0, 0, 0, {NOW})",
    "INSERT INTO webhook_message (id, webhook_id, type, body, state, tries, lease_until, fence, log, created_at)"
    f" VALUES ('msg_off', 'wh_off', 'test', '{{}}', 'pending', 0, 0, 0, '[]', {NOW} - 1)",
)
"""The message to the webhook that is switched off is the oldest, and nobody is told to look for it."""
NUMBERS = (
    "CREATE TABLE numbers AS WITH RECURSIVE up(n) AS"
    f" (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM up WHERE n < {ROWS}) SELECT n FROM up"
)
FULL = Gauges(
    operations={("cx", "queued"): Amount(count=OPEN, oldest_at=NOW + SECOND)},
    holds={("cx", "vendor-refused"): Amount(count=1, oldest_at=NOW + 1)},
    polled_at={},
    messages=Amount(count=OPEN, oldest_at=NOW + 1),
    webhooks_disabled=1,
)


async def test_an_empty_ledger_has_nothing_open(store: Store) -> None:
    found = await store.read(look())
    assert found == Gauges(operations={}, holds={}, polled_at={}, messages=NOTHING, webhooks_disabled=0)


async def test_what_a_probe_of_the_database_writes_is_no_round_of_polling(store: Store) -> None:
    await store.ping()
    assert (await store.read(look())).polled_at == {}


async def test_a_queued_write_is_as_old_as_its_acceptance_and_one_under_way_as_its_attempt(store: Store) -> None:
    await queued(store, 1)
    await begun(store, 2, number="2", now=NOW + SECOND)
    found = await store.read(look())
    assert found.operations == {
        (BACKEND, State.queued.value): Amount(count=1, oldest_at=NOW),
        (BACKEND, State.sending.value): Amount(count=1, oldest_at=NOW + SECOND),
    }


async def test_an_open_hold_is_told_with_its_cause(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    found = await store.read(look())
    assert found.holds == {(BACKEND, "outcome-unknown"): Amount(count=1, oldest_at=STOPPED)}
    assert found.operations[BACKEND, "held"].count == 1


async def test_writes_behind_a_hold_are_counted_and_have_no_age(store: Store) -> None:
    await stopped(store, Cause.outcome_unknown)
    behind = (BACKEND, State.queued.value)
    assert (await store.read(look())).operations[behind] == Amount(count=len(BEHIND), oldest_at=None)
    await queued(store, 9, number="9")
    assert (await store.read(look())).operations[behind] == Amount(count=len(BEHIND) + 1, oldest_at=NOW)


async def test_a_round_of_polling_counts_once_it_is_over(store: Store) -> None:
    turn = await store.write(rounds.take(BACKEND, owner="me", now=NOW, until=NOW + SECOND, every=SECOND, alone=True))
    assert isinstance(turn, rounds.Turn)
    assert (await store.read(look())).polled_at == {BACKEND: None}
    await store.write(rounds.end(turn, completed=NOW + 7))
    assert (await store.read(look())).polled_at == {BACKEND: NOW + 7}


def test_on_sqlite_finished_rows_cost_nothing(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "full.db"
    path.write_bytes(sqlite_template.read_bytes())
    worked = 0

    def count() -> int:
        nonlocal worked
        worked += 1
        return 0

    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in (NUMBERS, *FILL):
            connection.execute(statement)
        connection.row_factory = sqlite3.Row
        connection.set_progress_handler(count, 100)
        rows = connection.execute(LOOK.sqlite).fetchall()
        connection.set_progress_handler(None, 100)
    assert _read(rows) == FULL
    assert worked * 100 < 200 * OPEN  # instructions


async def test_on_postgres_no_whole_table_is_read(postgres_database: str) -> None:
    connection = await asyncpg.connect(postgres_database)
    try:
        for statement in (NUMBERS, *FILL, "ANALYZE"):
            await connection.execute(statement)
        plan = await connection.fetch(f"EXPLAIN {LOOK.postgres}")
        rows = await connection.fetch(LOOK.postgres)
    finally:
        await connection.close()
    assert _read(rows) == FULL
    lines = "\n".join(line[0] for line in plan)
    assert re.findall(r"Seq Scan on (operation|attempt|order_hold|webhook_message)\b", lines) == [], lines


def _read(rows: list[sqlite3.Row]) -> Gauges:
    unit = look()
    next(unit)
    with pytest.raises(StopIteration) as done:
        unit.send(rows)
    found: Gauges = done.value.value
    return found
