"""What follows an acceptance (`over`) happens once and in its caller's context, whoever leaves and whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TypeAlias

import pytest

from app.domain.errors import OrderEnded
from app.ledger.records import Acceptance, Accepted
from app.ledger.sqlite import SqliteStore
from app.ledger.store import Store, StoreUnavailable
from tests.ledger.scenes import draft, lease, op_id, passes, raises, rows_of

Told: TypeAlias = "list[Acceptance | None]"

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not there():
            await asyncio.sleep(0.005)


async def test_it_is_told_before_the_caller_is(store: Store) -> None:
    told: Told = []
    accepted = await store.accept(draft(1), passes(), lease(), told.append)
    assert told == [accepted]


async def test_a_caller_that_leaves_meanwhile_stops_nothing(store: Store) -> None:
    told: Told = []
    caller = asyncio.create_task(store.accept(draft(1), passes(), lease(), told.append))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # on its way to the ledger
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    await until(lambda: told)
    (accepted,) = told
    assert isinstance(accepted, Accepted)
    assert accepted.operation.id == op_id(1)
    assert [row["id"] for row in await rows_of(store, "operation")] == [op_id(1)]


async def test_it_is_told_of_a_failure_as_nothing(store: Store) -> None:
    told: Told = []
    with pytest.raises(OrderEnded):
        await store.accept(draft(1), raises(OrderEnded("over")), lease(), told.append)
    assert told == [None]


async def test_a_file_that_is_closed_tells_it_too(tmp_path: Path) -> None:
    closed, told = SqliteStore(tmp_path / "ledger.db", owner=False), list[object]()
    with pytest.raises(StoreUnavailable):
        await closed.accept(draft(1), passes(), lease(), told.append)
    assert told == [None]


async def test_it_runs_in_the_callers_context(store: Store) -> None:
    said: list[str] = []
    WHO.set("the caller")
    await store.accept(draft(1), passes(), lease(), lambda _: said.append(WHO.get()))
    assert said == ["the caller"]


async def test_one_that_fails_is_its_callers_fault_and_nobody_elses(store: Store) -> None:
    def fails(_: Acceptance | None) -> None:
        raise RuntimeError("a fault of ours")

    told: Told = []
    found = await asyncio.gather(
        store.accept(draft(1, number="1"), passes(), lease(), fails),
        store.accept(draft(2, number="2"), passes(), lease(), told.append),
        return_exceptions=True,
    )
    assert isinstance(found[0], RuntimeError)
    assert told == [found[1]]
