"""The SQLite store: durable settings, group commit, one owner, and its troubles told as StoreUnavailable."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, text, update

from app.domain.clients import ClientRecord
from app.ledger import clients, sqlite
from app.ledger.sql import Sql, Unit
from app.ledger.sqlite import AlreadyServed, SqliteStore
from app.ledger.store import StoreUnavailable
from app.ledger.tables import CLIENT
from tests.ledger.scenes import NOW, begun, claimed, draft, execute, op_id, passes, queued, rows_of

COUNTER = "counter"
READ_COUNTER = Sql(select(CLIENT.c.created_at).where(CLIENT.c.id == COUNTER))
WRITE_COUNTER = Sql(update(CLIENT).where(CLIENT.c.id == COUNTER).values(created_at=bindparam("to")))
ADD_CLIENT = Sql(insert(CLIENT))


def pragma(name: str) -> Unit[object]:
    rows = yield Sql(text(f"PRAGMA {name}")), {}
    (value,) = rows[0].values()  # type: ignore[attr-defined]  # SQLite's rows are dicts
    return value


def only_reads() -> Unit[None]:
    yield Sql(text("PRAGMA query_only=1")), {}


def one_more() -> Unit[None]:
    """Read, then write what was read plus one: what loses updates where a transaction begins with its first write."""
    rows = yield READ_COUNTER, {}
    before = rows[0]["created_at"]
    assert isinstance(before, int)
    yield WRITE_COUNTER, {"to": before + 1}


def client(name: str) -> ClientRecord:
    return ClientRecord(
        id=name, tenant="acme", secret_sha256=b"", scopes=frozenset(), backends=frozenset(), revoked=False
    )


async def test_the_writer_and_the_readers_are_set_to_lose_nothing(sqlite_store: SqliteStore) -> None:
    names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "query_only")
    written = [await sqlite_store.write(pragma(name)) for name in names]
    read = [await sqlite_store.read(pragma(name)) for name in names]
    looked = [await sqlite_store.look(pragma(name)) for name in names]
    full = 2
    assert (written, read, looked) == (["wal", full, 10_000, 1, 0], *[["wal", full, 10_000, 1, 1]] * 2)


async def test_no_update_is_lost(sqlite_store: SqliteStore, sqlite_file: Path) -> None:
    """Eight tasks in two processes' stores, a hundred read-modify-writes each: the driver's own transactions kept 101."""
    beside = SqliteStore(sqlite_file, owner=False)
    await beside.open()
    await sqlite_store.write(clients.add(client(COUNTER), now=0))

    async def hundred(store: SqliteStore) -> None:
        for _ in range(100):
            await store.write(one_more())

    await asyncio.gather(*[hundred((sqlite_store, beside)[n == 7]) for n in range(8)])
    await beside.close()
    assert [row["created_at"] for row in await rows_of(sqlite_store, "client")] == [800]


async def test_a_unit_that_fails_does_not_undo_its_neighbours(sqlite_store: SqliteStore) -> None:
    """Two thousand units at once, every second one of them violating a key after it has written something."""
    await sqlite_store.write(clients.add(client("taken"), now=0))

    def add(n: int) -> Unit[int]:
        yield from clients.add(client(f"{n:04}"), now=n)
        if n % 2:
            yield from clients.add(client("taken"), now=n)
        return n

    outcomes = await asyncio.gather(*[sqlite_store.write(add(n)) for n in range(2000)], return_exceptions=True)
    assert [each for each in outcomes if isinstance(each, int)] == list(range(0, 2000, 2))
    assert Counter(type(each) for each in outcomes) == {int: 1000, sqlite3.IntegrityError: 1000}
    stored = [row["id"] for row in await rows_of(sqlite_store, "client")]
    assert stored == [*[f"{n:04}" for n in range(0, 2000, 2)], "taken"]


async def test_a_result_is_there_for_every_reader_once_it_is_told(sqlite_store: SqliteStore, sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file)) as outsider:
        for n in range(1, 11):
            await begun(sqlite_store, n, number=f"{n}")
            assert outsider.execute("SELECT count(*) FROM operation").fetchone() == (n,)


async def test_a_second_owner_is_turned_away_until_the_first_is_gone(
    sqlite_store: SqliteStore, sqlite_file: Path
) -> None:
    second = SqliteStore(sqlite_file, owner=True)
    with pytest.raises(AlreadyServed, match=r"another orderbridge serves .*ledger\.db; one SQLite file takes one"):
        await second.open()
    await sqlite_store.close()
    await second.open()
    await second.close()


async def test_an_owner_that_could_not_open_the_file_keeps_no_lock(tmp_path: Path, sqlite_file: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is not a database, and it is long enough to be read as a header of one" * 20)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await SqliteStore(broken, owner=True).open()
    broken.write_bytes(sqlite_file.read_bytes())
    store = SqliteStore(broken, owner=True)
    await store.open()
    await store.close()


async def test_a_folder_that_is_not_there_is_told_as_unavailable(tmp_path: Path) -> None:
    for owner in (True, False):
        with pytest.raises(StoreUnavailable):
            await SqliteStore(tmp_path / "nowhere" / "ledger.db", owner=owner).open()


async def test_an_owner_that_starts_takes_over_what_the_dead_one_had_leased(sqlite_file: Path) -> None:
    for fence in (1, 2):
        store = SqliteStore(sqlite_file, owner=True)
        await store.open()
        if fence == 1:
            await queued(store, 1)
        assert [claim.fence for claim in await claimed(store)] == [fence]
        await store.close()


async def test_an_admin_command_works_beside_the_owner(sqlite_store: SqliteStore, sqlite_file: Path) -> None:
    admin = SqliteStore(sqlite_file, owner=False)
    await admin.open()
    await begun(sqlite_store, 1)
    await admin.write(clients.add(client("new"), now=NOW))
    await admin.close()
    assert await sqlite_store.read(clients.find("new")) == client("new")
    assert await claimed(sqlite_store) == []


async def test_a_reader_cannot_write(sqlite_store: SqliteStore) -> None:
    with pytest.raises(StoreUnavailable, match="readonly"):
        await sqlite_store.read(clients.add(client("new"), now=NOW))
    assert await sqlite_store.read(clients.list_clients()) == []


async def test_a_full_disk_is_told_and_nothing_that_was_told_is_missing(sqlite_store: SqliteStore) -> None:
    pages = await sqlite_store.write(pragma("page_count"))
    assert isinstance(pages, int)
    await sqlite_store.write(pragma(f"max_page_count={pages + 20}"))
    outcomes = await asyncio.gather(
        *[sqlite_store.accept(draft(n, number=f"{n}"), passes(), None) for n in range(1, 1001)], return_exceptions=True
    )
    kinds = Counter(type(each) for each in outcomes)
    assert kinds.keys() - {StoreUnavailable} != set()
    assert kinds[StoreUnavailable] > 0
    told = {op_id(n) for n, each in enumerate(outcomes, start=1) if not isinstance(each, BaseException)}
    assert {row["id"] for row in await rows_of(sqlite_store, "operation")} == told
    await sqlite_store.write(pragma(f"max_page_count={1 << 30}"))
    await begun(sqlite_store, 1001, number="1001")


async def test_a_locked_file_is_told_and_works_again_once_it_is_free(
    sqlite_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PRAGMAS", (*sqlite.PRAGMAS, "busy_timeout=50"))
    store = SqliteStore(sqlite_file, owner=True)
    await store.open()
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await begun(store, 1)
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.ping()
        assert await rows_of(store, "operation") == []
        other.execute("ROLLBACK")
    await store.ping()
    await begun(store, 1)
    await store.close()


async def test_a_ping_writes_a_row_and_so_sees_a_database_that_can_only_be_read(sqlite_store: SqliteStore) -> None:
    for _ in range(2):
        await sqlite_store.ping()
    assert [row["rounds"] for row in await rows_of(sqlite_store, "poll_round")] == [1]
    await sqlite_store.write(only_reads())
    with pytest.raises(StoreUnavailable, match="readonly"):
        await sqlite_store.ping()


async def test_a_missing_table_is_told_as_unavailable(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "empty.db", owner=False)
    await store.open()
    with pytest.raises(StoreUnavailable, match="no such table"):
        await store.read(clients.list_clients())
    await store.close()


async def test_a_faulty_unit_is_a_fault_and_not_a_trouble_of_the_store(sqlite_store: SqliteStore) -> None:
    for run in (sqlite_store.write, sqlite_store.read):
        with pytest.raises(KeyError):
            await run(execute(ADD_CLIENT, id="without the rest"))


async def test_a_caller_that_is_cancelled_may_find_its_write_stored_and_the_store_goes_on(
    sqlite_store: SqliteStore,
) -> None:
    for n in range(1, 21):
        task = asyncio.ensure_future(sqlite_store.accept(draft(n, number=f"{n}"), passes(), None))
        await asyncio.sleep(0 if n % 2 else 0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await begun(sqlite_store, 99, number="99")
    stored = {str(row["id"]): row["work_order"] for row in await rows_of(sqlite_store, "operation")}
    assert stored.keys() <= {op_id(n) for n in [*range(1, 21), 99]}
    assert {row["number"]: row["open_count"] for row in await rows_of(sqlite_store, "work_order")} == dict.fromkeys(
        stored.values(), 1
    )


async def test_a_closed_store_says_so_and_does_not_hang(sqlite_file: Path) -> None:
    store = SqliteStore(sqlite_file, owner=True)
    await store.open()
    await begun(store, 1)
    await store.close()
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.ping()
    await store.close()


async def test_what_is_waiting_when_the_store_closes_is_still_written(sqlite_file: Path) -> None:
    store = SqliteStore(sqlite_file, owner=True)
    await store.open()
    waiting = [asyncio.ensure_future(store.accept(draft(n, number=f"{n}"), passes(), None)) for n in range(1, 201)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*waiting)
    with closing(sqlite3.connect(sqlite_file)) as after:
        assert after.execute("SELECT count(*) FROM operation").fetchone() == (200,)


def counted() -> Unit[object]:
    rows = yield READ_COUNTER, {}
    return rows[0]["created_at"]


def faulty() -> Unit[None]:
    yield READ_COUNTER, {}
    raise LookupError("its own")


async def test_a_look_sees_what_was_written_before_it_began(sqlite_store: SqliteStore) -> None:
    await sqlite_store.write(clients.add(client(COUNTER), now=0))

    async def one() -> None:
        await sqlite_store.write(one_more())
        mine = await sqlite_store.read(counted())
        assert await sqlite_store.look(counted()) >= mine  # type: ignore[operator]  # numbers

    await asyncio.gather(*[one() for _ in range(100)])
    assert await sqlite_store.look(counted()) == 100


async def test_a_look_that_fails_leaves_those_beside_it_alone(sqlite_store: SqliteStore) -> None:
    await sqlite_store.write(clients.add(client(COUNTER), now=7))
    looks = [sqlite_store.look(faulty() if n == 1 else counted()) for n in range(3)]
    first, second, third = await asyncio.gather(*looks, return_exceptions=True)
    assert (first, third, str(second)) == (7, 7, "its own")


async def test_a_look_writes_nothing(sqlite_store: SqliteStore) -> None:
    with pytest.raises(StoreUnavailable):
        await sqlite_store.look(clients.add(client(COUNTER), now=0))
    assert await sqlite_store.look(pragma("query_only")) == 1


async def test_a_look_after_the_end_is_refused(sqlite_file: Path) -> None:
    store = SqliteStore(sqlite_file, owner=False)
    await store.open()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.look(counted())
