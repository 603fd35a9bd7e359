"""Two processes: their figure on a real server, whose log tells of every wait for a lock over the limit."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import asyncpg
import pytest

from benchmarks.figures.two_processes import FIGURES, ONE, TWO, judged, measure, name_of, side
from benchmarks.lab import Lab, Plan, open_lab
from benchmarks.lock_waits import LockWait, log_lock_waits
from benchmarks.processes import Fault
from benchmarks.progress import Progress


@pytest.fixture
async def on_postgres() -> AsyncIterator[Lab]:
    async with open_lab(Plan.quickly(stores=("postgres",)), Progress(1, to=io.StringIO())) as opened:
        yield opened


async def one_waits_for_the_other(url: str, *, held_s: float) -> None:
    """A session updates a row, and another that wants to as well waits for it."""
    first, second = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with first.transaction():
            await first.execute("UPDATE counted SET n = n + 1")
            waiting = asyncio.create_task(second.execute("UPDATE counted SET n = n + 1"))
            await asyncio.sleep(held_s)
        await waiting
    finally:
        await first.close()
        await second.close()


async def test_a_wait_for_a_lock_is_seen_when_it_is_over_the_limit(on_postgres: Lab) -> None:
    server = await on_postgres.postgres()
    url = await server.new_database()
    open_before = await asyncpg.connect(url)
    await open_before.execute("CREATE TABLE counted AS SELECT 0 AS n")
    waits = await log_lock_waits(server, over_ms=100)
    assert await open_before.fetchval("SHOW deadlock_timeout") == "100ms"
    await one_waits_for_the_other(url, held_s=0.01)
    assert waits.seen() == []
    await one_waits_for_the_other(url, held_s=0.25)
    (seen,) = waits.seen()
    assert seen.database == name_of(url)
    assert seen.lock.startswith("ShareLock on transaction ")
    assert 100 <= seen.lasted_ms < 5000
    waits.begin()
    assert waits.seen() == []
    await open_before.close()


async def test_two_processes_share_a_database_and_are_measured_together(on_postgres: Lab) -> None:
    two = await side(on_postgres, TWO, 2, orders=40)
    cpu_us = await two.sample(0.5)
    assert 100 < cpu_us < 1_000_000
    assert two.server_us[0] > 10
    await two.check()
    two.answered += 1
    with pytest.raises(Fault, match=r"two processes: .* but the vendor counts"):
        await two.check()


async def test_nothing_is_measured_where_postgresql_is_not_wanted(lab: Lab) -> None:
    assert await measure(lab) == []
    assert not [spec for spec in FIGURES if spec.is_of(lab.plan.stores)]


@pytest.mark.parametrize(
    ("two", "waits", "fails"),
    [
        (439.0, [], set()),
        (441.0, [], {"two-processes-cpu"}),
        (439.0, [12.0, 51.0, 13.0], {"two-processes-lock-wait"}),
    ],
)
def test_each_clause_is_judged_by_itself(two: float, waits: list[float], fails: set[str]) -> None:
    seen = [LockWait(database="bench_2", lock="ShareLock on transaction 7", lasted_ms=lasted) for lasted in waits]
    alone = [LockWait(database="bench_1", lock="ShareLock on transaction 8", lasted_ms=99.0)]
    results = judged({ONE: [400.0, 300.0, 500.0], TWO: [two]}, {ONE: alone, TWO: seen}, {})
    assert {result.spec.name for result in results if not result.holds} == fails
