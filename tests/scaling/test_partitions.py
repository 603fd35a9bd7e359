"""Divided by backend, each hot statement reads one partition of each table; those that cannot, and why, are listed here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import asyncpg
import pytest

from app.domain.times import now_micros
from app.ledger.postgres import PostgresStore
from benchmarks.scaling import explain
from benchmarks.scaling.hot import NAMES, catching, everything
from benchmarks.scaling.ledger import Ledger
from benchmarks.scaling.months import attach, prepare
from benchmarks.scaling.partitions import BY_BACKEND, BY_MONTH, ByRange, Layout, partition, with_column
from benchmarks.scaling.past import load
from benchmarks.scaling.plans import Read, count_partitions, partitions_read

PARTITIONS = 8
BACKENDS = 40
ORDERS = 2_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """A layout; `wide`: what its statements read beyond one partition of a table; `widened`: unique indexes that say less."""

    id: str
    layout: Layout
    wide: Mapping[str, Read]
    widened: tuple[str, ...]


@pytest.fixture
async def connection(postgres_database: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(postgres_database)
    await load(opened, orders=ORDERS, backends=BACKENDS, updates=ORDERS, now=now_micros())
    yield opened
    await opened.close()


CASES = [
    Case(
        id="by backend",
        layout=BY_BACKEND,
        wide={
            "accept: whether the client_reference was used": {"operation": PARTITIONS},  # goes by tenant
            "an operation by its id": {"operation": PARTITIONS, "work_order": PARTITIONS},  # goes by id and tenant
        },
        widened=("pk_event", "pk_operation", "pk_order_hold", "uq_operation_client_reference"),
    ),
    Case(
        id="by month",
        layout=BY_MONTH,
        wide={
            "accept: whether the client_reference was used": {"operation": PARTITIONS},
            "the list of operations": {"operation": PARTITIONS},  # the newest first, until there are enough
            "worker: the head of a queue": {"operation": PARTITIONS},  # by the index of what is open
        },
        widened=(
            "uq_event_backend_work_order_seq",
            "uq_operation_backend_work_order_seq",
            "uq_operation_client_reference",
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_a_hot_statement_reads_one_partition_of_a_table(
    case: Case, connection: asyncpg.Connection, postgres_database: str
) -> None:
    widened = await partition(connection, case.layout, count=PARTITIONS)
    store = PostgresStore(postgres_database)
    await store.open()
    with catching() as caught:
        await everything(Ledger(store=store, orders=ORDERS, backends=BACKENDS))
    await store.close()
    assert set(NAMES) <= set(caught)
    planned = await partitions_read(connection, caught, generic=False)
    generic = await partitions_read(connection, caught, generic=True)
    wide = [{name: read for name, read in each.items() if set(read.values()) - {1}} for each in (planned, generic)]
    assert wide == [case.wide, case.wide], "planned for these parameters, planned for any"
    assert generic == explain.kept()[case.id], "run `python -m benchmarks.scaling explain report`"
    assert tuple(widened) == case.widened


async def test_what_was_there_before_is_there_after(connection: asyncpg.Connection) -> None:
    before = await _rows(connection)
    await partition(connection, BY_BACKEND, count=PARTITIONS)
    assert await _rows(connection) == before
    with pytest.raises(asyncpg.CheckViolationError, match="does not go from applied to queued"):
        await connection.execute("UPDATE operation SET state = 'queued'")


async def _rows(connection: asyncpg.Connection) -> dict[str, str]:
    """A digest of each table's rows."""
    digest = "SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM {} AS t"
    return {table: await connection.fetchval(digest.format(table)) for table in BY_BACKEND}


def test_a_plan_is_counted_by_its_scans() -> None:
    scan = {"Node Type": "Index Scan", "Relation Name": "operation_3", "Plans": []}
    written = {"Node Type": "ModifyTable", "Relation Name": "operation_5", "Plans": [scan, scan]}
    other = {"Node Type": "Seq Scan", "Relation Name": "operation_log_2"}
    plan = [{"Plan": {"Node Type": "Append", "Plans": [written, other]}}]
    assert count_partitions(plan, {"operation"}) == {"operation": 1}


def test_only_a_unique_index_without_the_column_is_widened() -> None:
    unique = "CREATE UNIQUE INDEX pk ON public.operation USING btree (id)"
    assert with_column(unique, "backend") == "CREATE UNIQUE INDEX pk ON public.operation USING btree (id, backend)"
    plain = unique.replace("UNIQUE ", "")
    assert [with_column(unique, "id"), with_column(plain, "backend")] == [unique, plain]


GROWING = {
    "operation": ByRange(column="id", values=("op_7ZX", "op_7ZY")),
    "attempt": ByRange(column="operation_id", values=("op_7ZX", "op_7ZY")),
    "event": ByRange(column="id", values=("900000000", "1000000000")),
}
"""What is there now, and two months of a far future."""
FILES = "SELECT relname, relfilenode FROM pg_class WHERE relname ~ '^(pk_)?(operation|attempt|event)(_0)?$' AND relfilenode > 0"


async def test_a_table_becomes_its_own_first_month_without_being_copied(
    connection: asyncpg.Connection, postgres_database: str
) -> None:
    rows, files = await _rows(connection), dict(await connection.fetch(FILES))
    for table, division in GROWING.items():
        await prepare(connection, table, division)
        await attach(connection, table, division)
    assert await _rows(connection) == rows
    assert dict(await connection.fetch(FILES)) == {f"{name}_0": file for name, file in files.items()}
    store = PostgresStore(postgres_database)
    await store.open()
    with catching() as caught:
        await everything(Ledger(store=store, orders=ORDERS, backends=BACKENDS))
    await store.close()
    read = await partitions_read(connection, caught, generic=True)
    assert (read["settle"], read["worker: the head of a queue"]) == ({"attempt": 1, "operation": 1}, {"operation": 3})
    with pytest.raises(asyncpg.CheckViolationError, match="does not go from applied to queued"):
        await connection.execute("UPDATE operation SET state = 'queued'")
