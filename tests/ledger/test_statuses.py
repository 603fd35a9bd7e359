"""Imported status tables: read as given, replaced whole, seeded only where there is none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.statuses import Basis, Phase, Status, StatusCode
from app.ledger import statuses
from app.ledger.postgres import PostgresStore
from app.ledger.sql import Sql, Unit
from app.ledger.store import Store
from tests.ledger.scenes import stepwise

FULL = StatusCode(
    code="11",
    label="On Site – Ävon",
    status=Status.on_site,
    phase=Phase.in_progress,
    master="Work In Progress",
    effective_from=datetime(2020, 1, 1, tzinfo=UTC),
    effective_to=datetime(2030, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    default=True,
    basis=Basis.configured,
)
BARE = StatusCode(code="2", label="?", status=None, phase=None)
TABLE = (FULL, BARE, replace(FULL, code="1", default=False, basis=Basis.documented))


async def test_a_table_reads_back_as_it_was_given_and_in_its_order(store: Store) -> None:
    await store.write(statuses.replace("civica-cx", TABLE))
    assert await store.read(statuses.read("civica-cx")) == TABLE
    assert await store.read(statuses.read("erp")) == ()


async def test_all_tables_are_read_at_once(store: Store) -> None:
    assert await store.read(statuses.read_all()) == {}
    await store.write(statuses.replace("civica-cx", TABLE))
    await store.write(statuses.replace("erp", (BARE,)))
    assert await store.read(statuses.read_all()) == {"civica-cx": TABLE, "erp": (BARE,)}


async def test_a_table_takes_the_place_of_the_one_before(store: Store) -> None:
    await store.write(statuses.replace("civica-cx", TABLE))
    await store.write(statuses.replace("erp", (BARE,)))
    await store.write(statuses.replace("civica-cx", (BARE,)))
    assert [await store.read(statuses.read(name)) for name in ("civica-cx", "erp")] == [(BARE,), (BARE,)]


async def test_a_table_that_cannot_be_stored_leaves_the_one_before(store: Store) -> None:
    await store.write(statuses.replace("civica-cx", TABLE))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.write(statuses.replace("civica-cx", (BARE, BARE)))
    assert await store.read(statuses.read("civica-cx")) == TABLE


async def test_a_seed_fills_only_an_empty_table(store: Store) -> None:
    await store.write(statuses.seed("civica-cx", TABLE))
    await store.write(statuses.seed("civica-cx", (BARE,)))
    assert await store.read(statuses.read("civica-cx")) == TABLE


async def test_two_gateways_that_start_together_seed_one_table(store: Store, peer: Store) -> None:
    for n in range(5):
        await asyncio.gather(*[each.write(statuses.seed(f"b{n}", TABLE)) for each in (store, peer, store, peer)])
        assert await store.read(statuses.read(f"b{n}")) == TABLE


def written_meanwhile(another: Callable[[], Store], unit: Unit[None]) -> tuple[Callable[[Sql], None], threading.Thread]:
    """For `stepwise`: another process begins its unit before the first code is added, and has a while to end it."""

    async def write() -> None:
        elsewhere = another()
        await elsewhere.open()
        await elsewhere.write(unit)
        await elsewhere.close()

    other = threading.Thread(target=lambda: asyncio.run(write()))

    def each(statement: Sql) -> None:
        if statement is statuses.ADD and other.ident is None:
            other.start()
            other.join(0.5)

    return each, other


@pytest.mark.parametrize("first", [statuses.seed, statuses.replace], ids=["a seed", "an import"])
async def test_an_import_beside_another_writer_of_the_same_table_waits_and_then_takes_its_place(
    store: Store, another_store: Callable[[], Store], first: Callable[[str, tuple[StatusCode, ...]], Unit[None]]
) -> None:
    imported = (replace(BARE, code="99"), FULL)
    each, other = written_meanwhile(another_store, statuses.replace("civica-cx", imported))
    await store.write(stepwise(first("civica-cx", TABLE), each))
    await asyncio.to_thread(other.join)
    assert await store.read(statuses.read("civica-cx")) == imported


async def test_a_seed_beside_an_import_waits_and_then_leaves_it(
    store: Store, another_store: Callable[[], Store]
) -> None:
    each, other = written_meanwhile(another_store, statuses.seed("civica-cx", (replace(BARE, code="99"),)))
    await store.write(stepwise(statuses.replace("civica-cx", TABLE), each))
    await asyncio.to_thread(other.join)
    assert await store.read(statuses.read("civica-cx")) == TABLE


async def test_on_postgresql_tables_of_two_backends_do_not_wait_for_each_other(
    postgres_store: PostgresStore, told_time: str
) -> None:
    each, other = written_meanwhile(lambda: PostgresStore(told_time), statuses.replace("erp", (BARE,)))
    ended: list[bool] = []

    def looks(statement: Sql) -> None:
        each(statement)
        ended.append(statement is statuses.ADD and not other.is_alive())

    await postgres_store.write(stepwise(statuses.replace("civica-cx", TABLE), looks))
    await asyncio.to_thread(other.join)
    assert any(ended)
