"""A gateway that stands still (SIGSTOP) past its lease, and then goes on as if nothing had happened.

It must send nothing and write nothing of what is no longer its own. Where another shares the store, that one has taken over.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.chaos import evidence
from tests.chaos.stage import Asked, Stage, stage, stands_still
from tests.chaos.staged import Place, Staged
from tests.chaos.trades import Lane

pytestmark = pytest.mark.xdist_group("hunts")
PLAN = Staged(deadline_s=1.0, lease_margin_s=0.5)
STILL_S = PLAN.deadline_s + PLAN.lease_margin_s + 0.5
"""Longer than a lease."""


async def by_itself(on: Stage, lane: Lane, first: Asked) -> None:
    """It stops itself, at a place of its plan."""
    await on.send(first)


async def in_the_answer(on: Stage, lane: Lane, first: Asked) -> None:
    """The vendor has done it, and its answer is on its way, a byte at a time."""
    await on.vendor.wire(writes={"drip": 1.0}, reads={})
    await on.send(first)
    while not await on.effects(lane):
        await asyncio.sleep(0.01)
    on.gateway.send_signal(signal.SIGSTOP)
    await on.vendor.wire(writes={}, reads={})


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    name: str
    still: Place | None
    slug: str
    lead: Callable[[Stage, Lane, Asked], Awaitable[None]]
    outcomes: tuple[str, ...]
    """Of the first write's attempts, where another gateway has taken over."""
    alone: tuple[str, ...]
    """The same where nobody has."""


CASES = (
    Case(
        name="after the intent was stored, before the call",
        still="intent stored",
        slug="civica_cx",
        lead=by_itself,
        outcomes=("unknown", "applied"),
        alone=("not_sent", "applied"),
    ),
    Case(
        name="in the middle of the vendor's answer",
        still=None,
        slug="civica_cx",
        lead=in_the_answer,
        outcomes=("unknown",),
        alone=("unknown",),
    ),
    Case(
        name="with a leased queue that it has not begun",
        still="leased",
        slug="overit",
        lead=by_itself,
        outcomes=("applied",),
        alone=("applied",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_another_takes_over_and_the_zombie_does_nothing(
    case: Case, postgres_database: str, tmp_path: Path
) -> None:
    plan = replace(PLAN, stands_still=case.still)
    async with stage(postgres_database, tmp_path, plan, slug=case.slug) as on:
        lane = on.lane()
        writes = [on.asks(lane) for _ in range(3)]
        await case.lead(on, lane, writes[0])
        await stands_still(on.gateway)
        other = await on.second(PLAN)
        for one in writes[1:]:
            assert (await on.send(one, to=other)) is not None
        assert await on.rest() == []
        sent, left = await on.vendor.sent(), await evidence.everything(postgres_database)

        on.gateway.send_signal(signal.SIGCONT)
        await asyncio.sleep(STILL_S)
        assert await on.gateway.answers("/readyz")
        assert await on.vendor.sent() == sent
        assert await evidence.everything(postgres_database) == left
        assert await on.rest() == []
        assert await on.effects(lane) == [one.mark for one in writes]
        kept = await on.kept(writes[0])
        assert kept is not None
        assert kept.outcomes == case.outcomes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_alone_it_takes_up_its_own_work_and_repeats_nothing(
    case: Case, sqlite_database: str, tmp_path: Path
) -> None:
    plan = replace(PLAN, stands_still=case.still)
    async with stage(sqlite_database, tmp_path, plan, slug=case.slug) as on:
        lane = on.lane()
        writes = [on.asks(lane) for _ in range(3)]
        await case.lead(on, lane, writes[0])
        await stands_still(on.gateway)
        await asyncio.sleep(STILL_S)
        on.gateway.send_signal(signal.SIGCONT)
        for one in writes:
            assert (await on.send(one)) is not None
        assert await on.rest() == []
        assert await on.effects(lane) == [one.mark for one in writes]
        kept = await on.kept(writes[0])
        assert kept is not None
        assert kept.outcomes == case.alone
