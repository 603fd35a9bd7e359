"""Scenes of the delivery: each plays one bad day on a stage, and gives every rule that was broken; none without a bug."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from tests.chaos import evidence
from tests.chaos.checker import Violation
from tests.chaos.clients import Habits
from tests.chaos.report import Floors
from tests.chaos.run import Lives, run
from tests.chaos.stage import Asked, Stage, died, stage, stands_still
from tests.chaos.staged import HostClock, Staged
from tests.chaos.trades import Lane
from tests.chaos.world import Size, world

Bugs = tuple[str, ...]
Scene = Callable[[str, Path, Bugs, int], Awaitable[list[Violation]]]
"""On this database, in this folder, with these bugs in every gateway, from this seed."""

ON_THE_WIRE = (
    "html_502_after",
    "fault_after",
    "empty_202",
    "empty_200",
    "drop_request",
    "reset_after",
    "late_effect",
    "late_effect",
)
AT_THE_VENDOR = ("reset", "lost_answer", "truncate", "http_500", "html")
HOUR_S = 3600.0


async def kill_loop(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """The short tier's own run, smaller: callers, faulty wires, kills."""
    floors = Floors(kills=5, acknowledged=250, faults=60)
    size = Size(orders=15, scale={"civica_cx": 1.5})
    async with world(
        database, folder, seed=seed, size=size, plan=Staged(bugs=bugs), habits=Habits(), slugs=["civica_cx"]
    ) as made:
        figures = await run(made, store="", floors=floors, lives=Lives(longest=0.9), most_s=30)
    return list(figures.violations)


async def lost_answers(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """Each kind of answer that tells nothing, once, and a write behind each; of one order a person sets the same status."""
    async with stage(database, folder, Staged(bugs=bugs, settle_s=2.0), seed=seed) as on:
        for kind in AT_THE_VENDOR:
            lane = on.lane()
            await on.fault(kind, lane)
            await _two(on, lane)
        for kind in ON_THE_WIRE:
            await _two(on, on.lane(), wire=kind)
        lane = on.lane()
        lost = await _two(on, lane, wire="drop_request")
        code = int(str(lost.request.body["vendor_code"]))
        await on.on_screen(lane, code)
        await asyncio.sleep(on.world.plan.settle_s)  # what the vendor does late, it has done by then
        return await on.rest()


async def _two(on: Stage, lane: Lane, *, wire: str | None = None) -> Asked:
    """A write whose answer is lost, and one behind it."""
    first = on.asks(lane)
    if wire is not None:
        await on.vendor.wire(writes={wire: 1.0}, reads={})
    await on.send(first)
    await on.arrived(first)
    if wire is not None:
        await on.vendor.wire(writes={}, reads={})
    await on.send(on.asks(lane))
    return first


def killed_at(point: str, *, left: str | None) -> Scene:
    """The gateway kills itself at this point; what is `left` is the write's state, None where nothing may exist."""

    async def scene(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
        plan = Staged(bugs=bugs)
        async with stage(database, folder, replace(plan, failpoint=point), seed=seed) as on:
            lane = on.lane()
            first = on.asks(lane)
            await on.send(first)
            assert await died(on.gateway) == -signal.SIGKILL
            kept, keys = await on.kept(first), await evidence.keys(database)
            found = [] if keys == (left is not None) else [Violation(rule="half a step", what=f"{keys} keys")]
            if (None if kept is None else kept.state) != left:
                found.append(Violation(rule="half a step", what=f"{kept} instead of {left}"))
            await on.gateway.start(plan)
            await on.send(first)
            await on.send(on.asks(lane))
            return [*found, *await on.rest(within_s=6)]

    return scene


async def crowd(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """Forty writes to one order at once."""
    async with stage(database, folder, Staged(bugs=bugs), slug="overit", seed=seed) as on:
        lane = on.lane()
        await asyncio.gather(*[on.send(on.asks(lane)) for _ in range(40)])
        return await on.rest()


async def refusal_in_mid_queue(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """The vendor refuses an update while another waits behind it; the gateway dies right then, if it can."""
    plan = Staged(bugs=bugs)
    async with stage(database, folder, replace(plan, failpoint="F10:3"), seed=seed) as on:
        lane = on.lane()
        before, refused, behind = on.asks(lane), on.asks(lane), on.asks(lane)
        await on.send(before)
        await on.until(before, "applied")
        await on.fault("refuse", lane)
        await on.fault("latency", lane, on="read", delay_s=0.5)  # while the refusal is looked into
        await on.send(refused)
        await on.arrived(refused)
        await on.send(behind)
        await on.until(refused, "refused")
        await died(on.gateway, within_s=0.3)
        await on.gateway.start(plan)
        await asyncio.sleep(0.5)
        found = await on.rest()
        holds = [one for one in await evidence.holds(database) if one.closed is None]
        if len(holds) != 1 or behind.mark in await on.effects(lane):
            found.append(Violation(rule="sent behind a refusal", what=f"{behind.mark}; {len(holds)} open holds"))
        return found


async def skewed_host(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """Two gateways, one of which believes that it is an hour later; a slow answer of the vendor's to the other."""
    plan = Staged(bugs=bugs, deadline_s=2.0)
    async with stage(database, folder, plan, seed=seed) as on:
        await on.second(replace(plan, clock=HostClock(steps=((0.0, HOUR_S),))))
        lane = on.lane()
        slow = on.asks(lane)
        await on.fault("latency", lane, delay_s=1.5)
        await on.send(slow)
        found = await on.rest()
        return [*found, *await _answered_once(on, slow)]


async def late_zombie(database: str, folder: Path, bugs: Bugs, seed: int) -> list[Violation]:
    """A gateway stands still with a queue that it leased; it goes on while another one's call for that queue is under way."""
    plan = Staged(bugs=bugs, deadline_s=1.5, lease_margin_s=0.2)
    async with stage(database, folder, replace(plan, stands_still="leased"), slug="overit", seed=seed) as on:
        lane = on.lane()
        write = on.asks(lane)
        await on.fault("latency", lane, delay_s=1.2)
        await on.send(write)
        await stands_still(on.gateway)
        await on.second(plan)
        await on.arrived(write)
        on.gateway.send_signal(signal.SIGCONT)
        found = await on.rest()
        return [*found, *await _answered_once(on, write)]


async def _answered_once(on: Stage, write: Asked) -> list[Violation]:
    """The vendor answered in time: nobody had any reason to call that unknown."""
    kept = await on.kept(write)
    assert kept is not None
    if kept.outcomes == ("applied",):
        return []
    return [Violation(rule="a living lease was taken", what=f"{write.mark}: {kept.outcomes}")]
