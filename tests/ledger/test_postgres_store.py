"""The PostgreSQL store: its session's settings, and its troubles told as StoreUnavailable and got over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import insert, text

from app.domain.clients import ClientRecord
from app.ledger import clients, postgres
from app.ledger.postgres import PostgresStore
from app.ledger.postgres_pool import POOL, SESSION
from app.ledger.records import Accepted
from app.ledger.rounds import PING
from app.ledger.sql import Params, Row, Sql, Unit
from app.ledger.store import StoreUnavailable
from app.ledger.tables import CLIENT
from tests.ledger.scenes import NOW, begun, draft, everything, execute, op_id, passes, rows_of
from tests.postgres import Postgres

ACME = ClientRecord(
    id="acme-app", tenant="acme", secret_sha256=b"", scopes=frozenset(), backends=frozenset(), revoked=False
)


@pytest_asyncio.fixture
async def peer_on_postgres(told_time: str) -> AsyncIterator[PostgresStore]:
    """Another gateway on the database of `postgres_store`."""
    opened = PostgresStore(told_time)
    await opened.open()
    yield opened
    await opened.close()


def setting(name: str) -> Unit[object]:
    rows = yield Sql(text(f"SHOW {name}")), {}
    return rows[0][name]


async def terminate_all(url: str) -> None:
    """End every other connection to the database, as a restart or a failover does."""
    admin = await asyncpg.connect(url)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await admin.close()


async def test_every_session_is_set_to_lose_nothing_and_to_wait_for_nobody_long(postgres_store: PostgresStore) -> None:
    shown = [{name: await postgres_store.read(setting(name)) for name in SESSION} for _ in range(3)]
    assert shown == [SESSION] * 3
    assert SESSION == {
        "synchronous_commit": "on",
        "lock_timeout": "1s",
        "statement_timeout": "5s",
        "idle_in_transaction_session_timeout": "10s",
        "application_name": "orderbridge",
    }


async def test_lost_connections_are_told_and_new_ones_are_made(
    postgres_store: PostgresStore, postgres_database: str
) -> None:
    await asyncio.gather(*[begun(postgres_store, n, number=f"{n}") for n in range(1, 6)])
    await terminate_all(postgres_database)
    outcomes = await asyncio.gather(
        *[postgres_store.accept(draft(n, number=f"{n}"), passes(), None) for n in range(10, 20)], return_exceptions=True
    )
    assert {type(each) for each in outcomes} <= {Accepted, StoreUnavailable}
    for _ in range(POOL):
        try:
            await postgres_store.ping()
        except StoreUnavailable:
            continue
    await postgres_store.ping()
    await begun(postgres_store, 99, number="99")


async def test_connections_lost_in_the_middle_of_the_work_lose_nothing_that_was_told(
    postgres_store: PostgresStore, postgres_database: str
) -> None:
    async def write(n: int) -> object:
        await asyncio.sleep(n / 1000)
        return await postgres_store.accept(draft(n, number=f"{n % 9}"), passes(), None)

    async def cut() -> None:
        for _ in range(5):
            await asyncio.sleep(0.03)
            await terminate_all(postgres_database)

    outcomes, _ = await asyncio.gather(
        asyncio.gather(*[write(n) for n in range(1, 301)], return_exceptions=True), cut()
    )
    kinds = Counter(type(each) for each in outcomes)
    assert kinds.keys() <= {Accepted, StoreUnavailable}
    assert kinds[Accepted] > 0
    stored = await everything(postgres_store)
    told = {op_id(n) for n, each in enumerate(outcomes, start=1) if isinstance(each, Accepted)}
    assert told <= {row["id"] for row in stored["operation"]}
    assert len(stored["operation"]) == len(stored["idempotency_key"])
    queues = Counter(row["work_order"] for row in stored["operation"])
    assert {row["number"]: (row["last_seq"], row["open_count"]) for row in stored["work_order"]} == {
        number: (count, count) for number, count in queues.items()
    }


async def test_a_server_that_is_not_there_is_told(tmp_path: Path, postgres_server: Postgres) -> None:
    for url in (f"postgresql://postgres@/ledger?host={tmp_path}", postgres_server.url("no_such_database")):
        with pytest.raises(StoreUnavailable):
            await PostgresStore(url).open()


async def test_a_row_that_somebody_keeps_locked_is_told_after_a_second(
    postgres_store: PostgresStore, postgres_database: str
) -> None:
    await begun(postgres_store, 1)
    locker = await asyncpg.connect(postgres_database)
    async with locker.transaction():
        await locker.execute("SELECT 1 FROM work_order FOR UPDATE")
        with pytest.raises(StoreUnavailable, match="LockNotAvailable"):
            await postgres_store.accept(draft(2), passes(), None)
    await locker.close()
    accepted = await postgres_store.accept(draft(2), passes(), None)
    assert isinstance(accepted, Accepted)


async def test_a_ping_sees_a_lock_and_a_database_that_can_only_be_read(
    postgres_store: PostgresStore, postgres_database: str
) -> None:
    await postgres_store.ping()
    locker = await asyncpg.connect(postgres_database)
    async with locker.transaction():
        await locker.execute("LOCK TABLE poll_round IN EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="LockNotAvailable"):
            await postgres_store.ping()
    name = await locker.fetchval("SELECT current_database()")
    await locker.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    read_only = PostgresStore(postgres_database)
    await read_only.open()
    with pytest.raises(StoreUnavailable, match="ReadOnly"):
        await read_only.ping()
    await read_only.close()
    await locker.close()


async def test_a_gateway_that_stands_still_in_its_ping_is_in_no_other_ones_way(
    postgres_store: PostgresStore, peer_on_postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postgres_store.ping()
    stands, goes_on, fetch = asyncio.Event(), asyncio.Event(), postgres._fetch

    async def then_stands(connection: asyncpg.Connection, statement: Sql, params: Params) -> Sequence[Row]:
        rows = await fetch(connection, statement, params)
        if statement is PING and not stands.is_set():
            stands.set()
            await goes_on.wait()
        return rows

    monkeypatch.setattr(postgres, "_fetch", then_stands)
    other = asyncio.create_task(peer_on_postgres.ping())
    await stands.wait()
    try:
        await postgres_store.ping()
    finally:
        goes_on.set()
        await other


async def test_a_violated_key_is_for_the_caller_of_the_unit(postgres_store: PostgresStore) -> None:
    await postgres_store.write(clients.add(ACME, now=NOW))
    with pytest.raises(asyncpg.UniqueViolationError):
        await postgres_store.write(clients.add(ACME, now=NOW))
    await postgres_store.ping()


async def test_a_unit_that_fails_undoes_all_of_itself(postgres_store: PostgresStore) -> None:
    def adds_then_fails() -> Unit[None]:
        yield from clients.add(ACME, now=NOW)
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError, match="a fault of ours"):
        await postgres_store.write(adds_then_fails())
    assert await rows_of(postgres_store, "client") == []


async def test_a_value_that_its_column_cannot_take_is_a_fault_and_not_a_trouble_of_the_store(
    postgres_store: PostgresStore,
) -> None:
    values = {column.name: "text" for column in CLIENT.columns}
    with pytest.raises(asyncpg.DataError, match="invalid input"):
        await postgres_store.write(execute(Sql(insert(CLIENT)), **values))


async def test_a_caller_that_is_cancelled_leaves_no_half_written_transaction(postgres_store: PostgresStore) -> None:
    for n in range(1, 31):
        task = asyncio.ensure_future(postgres_store.accept(draft(n, number=f"{n}"), passes(), None))
        await asyncio.sleep(n / 5000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await begun(postgres_store, 99, number="99")
    stored = await everything(postgres_store)
    assert {row["id"] for row in stored["operation"]} == {row["operation_id"] for row in stored["idempotency_key"]}
    assert {row["number"] for row in stored["work_order"]} == {row["work_order"] for row in stored["operation"]}
