"""Clocks that are wrong: of one gateway's host, and of the database, under load and behind faulty wires.

Nothing happens twice, out of order or while held, no key is forgotten early, and nothing is stranded.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from tests.chaos import evidence
from tests.chaos.checker import check
from tests.chaos.history import Call
from tests.chaos.stage import PATIENCE_S
from tests.chaos.staged import HostClock, Staged
from tests.chaos.world import Size, World, world

pytestmark = pytest.mark.xdist_group("hunts")
HOUR = 3600.0
WORK_S = 3.0
ENOUGH = 20
"""More writes than that have to be accepted."""
SIZE = Size(orders=15, clients=4, scale={"civica_cx": 0.5})
THERE_AND_BACK = HostClock(steps=((0.8, HOUR), (1.6, 0.0), (2.0, -HOUR), (2.8, 0.0)))
"""Set an hour ahead, set right, set an hour back, set right."""
PLAN = Staged(key_life_s=3 * HOUR)
"""Longer than any two clocks are apart: of a database that is set from an hour ahead to an hour back one gateway hears later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    name: str
    clock: HostClock


CASES = (
    Case(name="an hour to and fro", clock=THERE_AND_BACK),
    Case(name="an hour ahead for good", clock=HostClock(steps=((1.0, HOUR),))),
    Case(name="a tenth too fast", clock=HostClock(rate=1.1)),
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
        await ends_well(made)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Each 0.8 s the database is set to be so many seconds ahead."""

    name: str
    ahead: tuple[float, ...]


STEPS = (
    Step(name="ahead for good", ahead=(HOUR,)),
    Step(name="ahead, and right again", ahead=(HOUR, 0.0)),
    Step(name="back, and right again", ahead=(-HOUR, 0.0)),
    Step(name="to and fro", ahead=(HOUR, -HOUR, 0.0)),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
async def test_the_database_is_set_to_another_time(step: Step, postgres_database: str, tmp_path: Path) -> None:
    size = replace(SIZE, processes=2)
    async with world(postgres_database, tmp_path, seed=7, size=size, plan=PLAN, slugs=["civica_cx"]) as made:
        steps = asyncio.create_task(set_clock(postgres_database, step.ahead))
        await work(made)
        await steps
        await ends_well(made)


NOW = """
CREATE OR REPLACE FUNCTION orderbridge_now() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (extract(epoch FROM clock_timestamp() + interval '{} seconds') * 1000000)::bigint $$
"""


async def set_clock(database: str, steps: tuple[float, ...]) -> None:
    connection = await asyncpg.connect(database)
    for ahead in steps:
        await asyncio.sleep(0.8)
        await connection.execute(NOW.format(ahead))
    await connection.close()


async def work(made: World) -> None:
    """Callers at work behind faulty wires for a while, and until enough was accepted; then calm."""
    await made.spoil()
    made.set_to_work()
    await asyncio.sleep(WORK_S)
    async with asyncio.timeout(PATIENCE_S):
        while len(accepted(made)) <= ENOUGH:
            await asyncio.sleep(0.1)
    made.check_work()
    await made.stop_work()
    await made.calm()


def accepted(made: World) -> list[Call]:
    return [call for client in made.clients for call in client.calls if call.operation is not None]


def righted(at: float, now: float) -> float:
    """A time of this run by the machine's clock, whether the clock that gave it was right or an hour off."""
    return at - round((at - now) / HOUR) * HOUR


async def ends_well(made: World) -> None:
    """Nothing is under way any more, and every rule is kept."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + PATIENCE_S
    while (left := await evidence.under_way(made.database)) and loop.time() < ends:
        await asyncio.sleep(0.1)
    assert left == 0, f"{left} operations are stranded"
    history, now = await made.history(), time.time()
    history.holds = [
        replace(
            hold, opened=righted(hold.opened, now), closed=None if hold.closed is None else righted(hold.closed, now)
        )
        for hold in history.holds
    ]
    assert check(history) == []
    assert await evidence.keys(made.database) >= len(accepted(made)) > ENOUGH
