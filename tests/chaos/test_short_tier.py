"""The short tier: on each store 50 kills, 5,000 acknowledged writes, 1,000 faults; races; PostgreSQL killed under load.

CHAOS_SEED=N runs an earlier seed again: the same writes, spoilt by the same shares, under kills at the same intervals.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.chaos.report import Figures, Floors, table
from tests.chaos.stores import own_postgres
from tests.chaos.tiers import SHORT, death_run, main_run, race_run

pytestmark = pytest.mark.xdist_group("chaos")


@pytest.fixture
def seed() -> int:
    given = os.environ.get("CHAOS_SEED")
    return random.randrange(2**32) if given is None else int(given)


def store_of(database: str) -> str:
    return "sqlite" if database.startswith("sqlite") else "postgres"


def passes(figures: Figures, floors: Floors) -> None:
    failures = figures.failures(floors)
    assert not failures, "\n".join([*failures, table([figures])])
    print(table([figures]))


async def test_killed_gateways_and_lost_answers_lose_nothing_and_repeat_nothing(
    database: str, tmp_path: Path, seed: int
) -> None:
    passes(await main_run(store_of(database), SHORT, database, seed=seed, folder=tmp_path), SHORT.floors)


async def test_of_fifty_requests_with_one_key_one_takes_effect(database: str, tmp_path: Path, seed: int) -> None:
    passes(await race_run(store_of(database), SHORT, database, seed=seed, folder=tmp_path), Floors())


async def test_a_killed_postgres_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    with own_postgres() as server:
        figures = await death_run(SHORT, server, seed=seed, folder=tmp_path)
    passes(figures, Floors(acknowledged=10 * SHORT.deaths))
