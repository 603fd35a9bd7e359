"""Waiting for a write: who is told reads nothing, what was not told is looked for, and many who wait share a look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from unittest.mock import Mock

import pytest

from app.api import waiting
from app.api.gateway import Gateway
from app.api.looks import MOST, Looks
from app.api.waiting import outcome, told
from app.delivery.watchers import Watchers
from app.domain.health import Pause
from app.domain.operations import Operation, State
from app.domain.times import SECOND, now_micros
from app.ledger.operations import FIND_SEVERAL
from app.ledger.sql import Unit
from app.ledger.store import StoreUnavailable
from tests.delivery.test_watchers import SENT

HOUR = 3600 * SECOND
LONG_S = 20.0
SOON_S = 0.15


@dataclass(kw_only=True)
class Database:
    """A store that holds operations; each read takes a moment and is noted."""

    sole_owner: bool = True
    holds: dict[str, Operation] = field(default_factory=dict)
    away: bool = False
    slow_s: float = 0.0
    reads: list[float] = field(default_factory=list)

    async def was_read(self) -> None:
        """Wait for the first read, and not a moment longer."""
        async with asyncio.timeout(2):
            while not self.reads:
                await asyncio.sleep(0)

    async def look(self, unit: Unit[list[Operation]]) -> list[Operation]:
        statement, params = next(unit)
        unit.close()
        assert statement is FIND_SEVERAL
        self.reads.append(asyncio.get_running_loop().time())
        found = [one for one in self.holds.values() if f'"{one.id}"' in str(params["rows"])]
        await asyncio.sleep(self.slow_s)
        if self.away:
            raise StoreUnavailable("away")
        return found


def some(count: int, state: State = State.sending) -> list[Operation]:
    return [replace(SENT, id=f"op_{n:04}", state=state) for n in range(count)]


def done(operation: Operation) -> Operation:
    return replace(operation, state=State.applied)


@dataclass(kw_only=True)
class Waiting:
    """A gateway of which there is only what waiting needs."""

    database: Database
    watchers: Watchers = field(default_factory=Watchers)
    pause: Pause | None = None
    now: int | None = None
    """What the gateway's clock shows while it stands; None while it goes."""
    set_by: int = 0
    """By how much somebody has set it since, while it goes."""

    def __post_init__(self) -> None:
        backend = Mock(**{"health.pause": lambda _now: self.pause, "setbacks.of": lambda _order, _now: None})
        self.gateway = Gateway(
            store=self.database,  # type: ignore[arg-type]
            backends={SENT.backend: backend},
            dispatcher=Mock(watch=self.watchers.watch, unwatch=self.watchers.unwatch),
            keys=Mock(),
            cursors=Mock(),
            public_url="",
            wait_s=8,
            clock=self.clock,
        )

    def clock(self) -> int:
        return now_micros() + self.set_by if self.now is None else self.now

    def begin(self, operation: Operation, *, wait_s: float, look_first: bool = False) -> asyncio.Task[Operation]:
        until = self.clock() + round(wait_s * SECOND)
        return asyncio.create_task(outcome(self.gateway, operation, until=until, look_first=look_first))

    async def until_over(self, *operations: Operation, wait_s: float) -> list[Operation]:
        """What each one hears whose time is over; it is over for all at once, when all have waited that long."""
        self.now = now_micros()
        waiting = [self.begin(one, wait_s=wait_s) for one in operations]
        await asyncio.sleep(wait_s)
        self.now += round(wait_s * SECOND)
        return await asyncio.gather(*waiting)

    async def all_of(self, operations: Iterable[Operation], *, wait_s: float) -> list[Operation]:
        return await asyncio.gather(*(self.begin(one, wait_s=wait_s) for one in operations))


def quickly(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    for name, value in seconds.items():
        monkeypatch.setattr(waiting, name, value)


async def test_who_is_told_has_read_nothing() -> None:
    scene = Waiting(database=Database())
    task = scene.begin(SENT, wait_s=LONG_S)
    await asyncio.sleep(0.01)
    scene.watchers.tell(replace(SENT, state=State.verifying))
    await asyncio.sleep(0.01)
    scene.watchers.tell(done(SENT))
    assert (await task, scene.database.reads, scene.watchers._waiting) == (done(SENT), [], {})


async def test_nothing_that_is_told_is_missed_however_often_the_waiting_glance_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quickly(monkeypatch, GLANCE_S=0.002)
    scene = Waiting(database=Database())
    wanted = some(200)
    tasks = [scene.begin(one, wait_s=LONG_S) for one in wanted]
    for one in wanted:
        await asyncio.sleep(0.001)
        scene.watchers.tell(done(one))
    async with asyncio.timeout(2):
        assert await asyncio.gather(*tasks) == [done(one) for one in wanted]
    assert scene.database.reads == []


async def test_when_the_time_is_over_the_operation_is_told_as_it_stands() -> None:
    now = replace(SENT, state=State.unknown, probes=2)
    scene = Waiting(database=Database(holds={SENT.id: now}))
    assert await scene.until_over(SENT, wait_s=SOON_S) == [now]
    assert len(scene.database.reads) == 1


async def test_all_whose_time_is_over_together_share_few_reads() -> None:
    wanted = some(3 * MOST)
    scene = Waiting(database=Database(holds={one.id: replace(one, attempts=7) for one in wanted}, slow_s=0.01))
    found = await scene.until_over(*wanted, wait_s=SOON_S)
    assert found == [replace(one, attempts=7) for one in wanted]
    assert len(scene.database.reads) <= 6


async def test_without_its_database_a_caller_hears_what_we_know() -> None:
    scene = Waiting(database=Database(away=True))
    assert await scene.until_over(SENT, wait_s=SOON_S) == [SENT]


@pytest.mark.parametrize("alone", [True, False])
async def test_what_nobody_told_is_found_by_a_look(alone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch, LOOK_ALONE_S=0.1, LOOK_EACH_S=0.1)
    scene = Waiting(database=Database(sole_owner=alone, holds={SENT.id: done(SENT)}))
    async with asyncio.timeout(2):
        assert await scene.begin(SENT, wait_s=LONG_S) == done(SENT)


async def test_looks_are_rare_where_no_other_process_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch, GLANCE_S=0.01, LOOK_EACH_S=0.02)
    scene = Waiting(database=Database(holds={SENT.id: SENT}))
    await scene.until_over(SENT, wait_s=SOON_S)
    assert len(scene.database.reads) == 1  # at the end


async def test_those_who_began_together_do_not_look_together(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch, LOOK_EACH_S=1.2)
    wanted = some(40)
    scene = Waiting(database=Database(sole_owner=False, holds={one.id: done(one) for one in wanted}))
    began = asyncio.get_running_loop().time()
    await scene.all_of(wanted, wait_s=LONG_S)
    times = [at - began for at in scene.database.reads]
    assert times[0] >= 0.6
    assert times[-1] - times[0] > 0.1
    assert len(times) >= 5


async def test_a_repeat_looks_first_and_soon_again_where_other_processes_are_at_work() -> None:
    scene = Waiting(database=Database(sole_owner=False, holds={SENT.id: SENT}))
    task = scene.begin(SENT, wait_s=LONG_S, look_first=True)
    await scene.database.was_read()
    assert len(scene.database.reads) == 1
    scene.database.holds[SENT.id] = done(SENT)
    async with asyncio.timeout(2):
        assert await task == done(SENT)


async def test_a_pause_that_outlasts_the_caller_ends_the_wait_at_the_next_glance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quickly(monkeypatch, GLANCE_S=0.02)
    queued = replace(SENT, state=State.queued)
    scene = Waiting(database=Database())
    task = scene.begin(queued, wait_s=LONG_S)
    await asyncio.sleep(0.05)
    assert not task.done()
    now = now_micros()
    scene.pause = Pause(code="unavailable", detail="", since=now, next_try=now + round(2 * LONG_S * SECOND))
    async with asyncio.timeout(2):
        assert await task == queued
    assert scene.database.reads == []


@pytest.mark.parametrize("told_so", [True, False], ids=["it was told so", "it was so from the first"])
async def test_what_a_command_ends_beside_the_gateway_is_found_soon(
    told_so: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly(monkeypatch, LOOK_EACH_S=0.05)
    unknown = replace(SENT, state=State.unknown)
    scene = Waiting(database=Database(holds={SENT.id: done(SENT)}))
    task = scene.begin(SENT if told_so else unknown, wait_s=LONG_S)
    if told_so:
        await asyncio.sleep(0.1)
        assert not task.done()  # nothing of the kind is looked for while it is on its way
        scene.watchers.tell(unknown)
    async with asyncio.timeout(2):
        assert await task == done(SENT)


@pytest.mark.parametrize(
    "operation",
    [done(SENT), replace(SENT, state=State.held), replace(SENT, blocked_by="hold_1")],
    ids=lambda one: f"{one.state.value}, blocked by {one.blocked_by}",
)
async def test_what_cannot_change_in_time_is_not_waited_for(operation: Operation) -> None:
    scene = Waiting(database=Database())
    assert await scene.begin(operation, wait_s=LONG_S) == operation
    assert (scene.database.reads, scene.watchers._waiting) == ([], {})


async def test_a_held_operation_is_waited_for_until_it_is_told_held_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quickly(monkeypatch, LOOK_EACH_S=0.02)
    held = replace(SENT, state=State.held)
    scene = Waiting(database=Database(holds={SENT.id: held}))
    task = asyncio.create_task(told(scene.gateway, held, until=now_micros() + round(LONG_S * SECOND)))
    await scene.database.was_read()
    await asyncio.sleep(0.05)
    assert not task.done()  # it has only been looked at
    scene.watchers.tell(replace(held, attempts=2))
    assert await task == replace(held, attempts=2)


@pytest.mark.parametrize("wait", [outcome, told], ids=["for what becomes of it", "to be told"])
@pytest.mark.parametrize("hours", [-1, 1], ids=["back", "forward"])
async def test_a_clock_that_is_set_has_nobody_wait_longer(
    wait: Callable[..., Coroutine[None, None, Operation]], hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly(monkeypatch, GLANCE_S=0.02)
    unknown = replace(SENT, state=State.unknown)
    scene = Waiting(database=Database(holds={SENT.id: unknown}))
    task = asyncio.create_task(wait(scene.gateway, SENT, until=scene.clock() + round(SOON_S * SECOND)))
    await asyncio.sleep(0.05)
    scene.set_by = hours * HOUR
    async with asyncio.timeout(1):
        assert await task == unknown
    assert scene.watchers._waiting == {}


async def test_a_clock_set_back_before_the_waiting_begins_has_nobody_wait_longer_than_anybody_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quickly(monkeypatch, MAX_WAIT_S=SOON_S)
    scene = Waiting(database=Database(holds={SENT.id: SENT}))
    async with asyncio.timeout(1):
        assert await scene.begin(SENT, wait_s=HOUR / SECOND) == SENT


async def test_a_look_is_never_answered_by_a_read_that_began_before_it() -> None:
    database = Database(slow_s=0.05, holds={SENT.id: SENT})
    looks = Looks(database)  # type: ignore[arg-type]
    early = asyncio.create_task(looks.at(SENT.id))
    await asyncio.sleep(0.02)
    database.holds[SENT.id] = done(SENT)
    late = [asyncio.create_task(looks.at(SENT.id)) for _ in range(2)]
    assert [await early, *[await one for one in late]] == [SENT, done(SENT), done(SENT)]
    assert len(database.reads) == 2
    assert await looks.at("op_none") is None


async def test_one_who_hangs_up_takes_the_look_from_nobody_else() -> None:
    database = Database(slow_s=0.05, holds={SENT.id: SENT})
    looks = Looks(database)  # type: ignore[arg-type]
    one, other = (asyncio.create_task(looks.at(SENT.id)) for _ in range(2))
    await asyncio.sleep(0.01)
    one.cancel()
    assert await other == SENT
    assert one.cancelled()


async def test_all_who_share_a_look_hear_that_the_database_is_away() -> None:
    looks = Looks(Database(away=True))  # type: ignore[arg-type]
    heard = await asyncio.gather(*(looks.at(SENT.id) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in heard] == [StoreUnavailable] * 3
