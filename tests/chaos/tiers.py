"""The two tiers: how much of everything, on one store, one part after the other."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import stores
from tests.chaos.dead_database import deaths
from tests.chaos.races import races
from tests.chaos.report import Figures, Floors
from tests.chaos.run import Lives, run
from tests.chaos.stores import OwnPostgres
from tests.chaos.world import Size, world

OTHERS = {"unit4_erpx": 2.0, "nexusfs": 2.0, "overit": 2.0}
"""Their wires are worse: they see fewer writes, and have their own share of lost answers to show."""
LONG_SCALE = {"unit4_erpx": 1.2, "nexusfs": 1.2, "overit": 1.2, "civica_cx": 0.45}
"""Where there are many writes, a smaller share of them needs to be spoilt."""
CX_ONLY = ("civica_cx",)
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Tier:
    """`most_s` bounds the work of the main run; `rounds` and `deaths` are what races and PostgreSQL's deaths there are."""

    floors: Floors
    rounds: int
    deaths: int
    most_s: float
    lives: Lives = field(default_factory=Lives)
    scale: Mapping[str, float] = field(default_factory=lambda: OTHERS)


SHORT = Tier(
    floors=Floors(kills=50, acknowledged=5_000, faults=1_000, lost_answers=20),
    rounds=40,
    deaths=4,
    most_s=480,
    lives=Lives(shortest=0.05, longest=0.9),
)
LONG_LIVES = Lives(shortest=0.05, longest=2.4)


def size_on(store: str, scale: Mapping[str, float]) -> Size:
    """PostgreSQL has two gateways, and more orders: those of a dead gateway rest until its leases have run out."""
    if store == "sqlite":
        return Size(processes=1, scale=scale)
    return Size(processes=2, orders=60, others=3, scale=scale)


def quiet(line: str) -> None:
    """Says nothing."""


async def main_run(store: str, tier: Tier, database: str, *, seed: int, folder: Path, say: Say = quiet) -> Figures:
    """Kills and faults, at all four vendors."""
    async with world(database, folder, seed=seed, size=size_on(store, tier.scale)) as made:
        return await run(made, store=store, floors=tier.floors, lives=tier.lives, most_s=tier.most_s, say=say)


async def race_run(store: str, tier: Tier, database: str, *, seed: int, folder: Path, say: Say = quiet) -> Figures:
    """The same keys, fifty wide."""
    size = Size(clients=1, orders=0, shared=0, others=0, spare=tier.rounds, processes=1 if store == "sqlite" else 2)
    async with world(database, folder, seed=seed, size=size, slugs=CX_ONLY) as made:
        return await races(made, store=store, rounds=tier.rounds, say=say)


async def death_run(tier: Tier, server: OwnPostgres, *, seed: int, folder: Path, say: Say = quiet) -> Figures:
    """PostgreSQL killed and started again."""
    size = Size(processes=2, orders=30)
    async with world(await server.database(), folder, seed=seed, size=size, slugs=CX_ONLY) as made:
        return await deaths(made, server, times=tier.deaths, say=say)


async def on(store: str, tier: Tier, *, seed: int, folder: Path, say: Say) -> tuple[Figures, list[str]]:
    """Everything of a tier on one store: the figures together, and why it does not pass."""
    rooms = (folder / str(n) for n in itertools.count(1))

    def room() -> Path:
        made = next(rooms)
        made.mkdir()
        return made

    async with databases_on(store, room) as (fresh, server):
        whole = await main_run(store, tier, await fresh(), seed=seed, folder=room(), say=say)
        parts = [await race_run(store, tier, await fresh(), seed=seed, folder=room(), say=say)]
        if server is not None:
            parts.append(await death_run(tier, server, seed=seed, folder=room(), say=say))
    for part in parts:
        whole.more |= part.more
        whole.violations = [*whole.violations, *part.violations]
        whole.wall_s += part.wall_s
        whole.slowest_to_final_s = max(whole.slowest_to_final_s, part.slowest_to_final_s)
    return whole, whole.failures(tier.floors)


@asynccontextmanager
async def databases_on(
    store: str, room: Callable[[], Path]
) -> AsyncIterator[tuple[Callable[[], Awaitable[str]], OwnPostgres | None]]:
    """A maker of migrated databases, and the server where there is one."""
    if store == "postgres":
        with stores.own_postgres() as server:
            yield server.database, server
        return

    async def file() -> str:
        return stores.sqlite_database(room())

    yield file, None
