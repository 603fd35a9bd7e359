"""Clocks that are wrong (reliability.md G16): of one gateway's host, and of the database, under load and behind faulty wires.

Nothing happens twice, out of order or while held, and no key is forgotten early. Nothing is stranded either, with one exception,
which the cases name: what is put off while a clock is ahead waits until that time has really come.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from tests.chaos import evidence
from tests.chaos.checker import check
from tests.chaos.stage import PATIENCE_S
from tests.chaos.staged import HostClock, Staged
from tests.chaos.world import Size, World, world

pytestmark = pytest.mark.xdist_group("hunts")
HOUR = 3600.0
WORK_S = 4.0
SOON_S = 4.0
SIZE = Size(orders=15, clients=4, scale={"civica_cx": 0.5})
THERE_AND_BACK = HostClock(steps=((1.0, HOUR), (2.0, 0.0), (2.5, -HOUR), (3.5, 0.0)))
"""Set an hour ahead, set right, set an hour back, set right."""
PLAN = Staged(key_life_s=2 * HOUR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """`waits`: on SQLite, whose only clock this is, some of it may have to wait until the clock is there again."""

    name: str
    clock: HostClock
    waits: bool = False


CASES = (
    Case(name="an hour to and fro", clock=THERE_AND_BACK, waits=True),
    Case(name="an hour ahead for good", clock=HostClock(steps=((1.0, HOUR),))),
    Case(name="a tenth too fast", clock=HostClock(rate=1.1)),
    Case(name="a tenth too slow", clock=HostClock(rate=0.9)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_one_host_whose_clock_is_wrong(case: Case, database: str, tmp_path: Path) -> None:
    """On PostgreSQL a second gateway's clock is right; keys live for less than the hour there, for they follow its clock."""
    alone = database.startswith("sqlite")
    plan = PLAN if alone else replace(PLAN, key_life_s=HOUR / 2)
    size = replace(SIZE, processes=1 if alone else 2)
    async with world(database, tmp_path, seed=7, size=size, plan=plan, slugs=["civica_cx"]) as made:
        wrong = made.gateways[0]
        await wrong.kill()
        await wrong.start(replace(plan, clock=case.clock))
        await work(made)
        await ends_well(made, waits=alone and case.waits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Each second the database is set to be so many seconds ahead."""

    name: str
    ahead: tuple[float, ...]
    waits: bool = False


STEPS = (
    Step(name="ahead for good", ahead=(HOUR,)),
    Step(name="ahead, and right again", ahead=(HOUR, 0.0), waits=True),
    Step(name="back, and right again", ahead=(-HOUR, 0.0)),
    Step(name="to and fro", ahead=(HOUR, -HOUR, 0.0), waits=True),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
async def test_the_database_is_set_to_another_time(step: Step, postgres_database: str, tmp_path: Path) -> None:
    size = replace(SIZE, processes=2)
    async with world(postgres_database, tmp_path, seed=7, size=size, plan=PLAN, slugs=["civica_cx"]) as made:
        steps = asyncio.create_task(set_clock(postgres_database, step.ahead))
        await work(made)
        await steps
        await ends_well(made, waits=step.waits)


NOW = """
CREATE OR REPLACE FUNCTION orderbridge_now() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (extract(epoch FROM clock_timestamp() + interval '{} seconds') * 1000000)::bigint $$
"""


async def set_clock(database: str, steps: tuple[float, ...]) -> None:
    connection = await asyncpg.connect(database)
    for ahead in steps:
        await asyncio.sleep(1.0)
        await connection.execute(NOW.format(ahead))
    await connection.close()


async def work(made: World) -> None:
    """Callers at work behind faulty wires for a while; then calm."""
    await made.spoil()
    made.set_to_work()
    await asyncio.sleep(WORK_S)
    made.check_work()
    await made.stop_work()
    await made.calm()


async def ends_well(made: World, *, waits: bool) -> None:
    """Nothing is under way any more, or (`waits`) what is has been put off; every rule is kept."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + (SOON_S if waits else PATIENCE_S)
    while (left := await evidence.under_way(made.database)) and loop.time() < ends:
        await asyncio.sleep(0.1)
    assert waits or left == 0, f"{left} operations are stranded"
    assert [one for one in check(await made.history()) if one.rule != "never ends" or not waits] == []
    accepted = [call for client in made.clients for call in client.calls if call.operation is not None]
    assert len(accepted) > 50
    assert await evidence.keys(made.database) >= len(accepted)
