"""Proof that the proof can fail: each planted bug is caught by its hunt, and the same hunt without a bug finds nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.hunts import HUNTS, Hunt
from tests.chaos.planted import BUGS
from tests.chaos.stores import sqlite_database
from tests.postgres import Postgres

pytestmark = pytest.mark.xdist_group("hunts")
TRIES = 3
"""Seeds that a hunt may need; most catch at the first."""
Ground = tuple[str, Path]
"""A database and a folder."""


def test_every_bug_has_its_hunt() -> None:
    assert Counter(bug for hunt in HUNTS for bug in hunt.bugs) == Counter(BUGS.keys())


@pytest.fixture
def grounds(hunt: Hunt, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[Ground]]:
    """One for each try."""
    rooms = [tmp_path / str(n) for n in range(TRIES)]
    for room in rooms:
        room.mkdir()
    if hunt.store == "sqlite":
        yield [(sqlite_database(room), room) for room in rooms]
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("postgres_template")
    with ExitStack() as made:
        yield [(made.enter_context(server.database(template=template)), room) for room in rooms]


@pytest.mark.parametrize("hunt", HUNTS, ids=lambda hunt: hunt.name)
async def test_without_a_bug_nothing_is_found(hunt: Hunt, grounds: list[Ground]) -> None:
    seed = random.randrange(2**32)
    found = await hunt.scene(*grounds[0], (), seed)
    assert found == [], f"seed {seed}"


@pytest.mark.parametrize(
    ("bug", "hunt"), [(bug, hunt) for hunt in HUNTS for bug in hunt.bugs], ids=lambda one: getattr(one, "name", one)
)
async def test_a_planted_bug_is_caught(bug: str, hunt: Hunt, grounds: list[Ground]) -> None:
    seeds = []
    for ground in grounds:
        seeds.append(random.randrange(2**32))
        found = await hunt.scene(*ground, (bug,), seeds[-1])
        if found:
            print(f"{bug}: {dict(Counter(one.rule for one in found))}")
            return
    raise AssertionError(f"{bug} was not caught (seeds {seeds})")
