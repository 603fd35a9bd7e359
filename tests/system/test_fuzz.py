"""The API attacked by its own contract, on both stores: no 5xx, nothing undocumented or off its schema, nothing invalid taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.fuzz.run import PHASES, Attack, attack
from tests.postgres import Postgres

SEED = 1


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long an attack is; `make fuzz` runs 50,000 cases on both stores, with every phase."""

    phases: str
    examples: int
    at_least: int
    """Cases."""


LENGTHS = {
    "sqlite": Length(phases=PHASES, examples=5, at_least=3_000),
    "postgres": Length(phases="examples,fuzzing,stateful", examples=10, at_least=400),
}
"""The coverage phase decides: of 6,700 cases 6,400 are its own, so many whatever `examples` is, and the same on either store.

They walk the edges of the contract, which is one for both stores, so one store has them. What is made up at random, and what goes
on from answer to answer, both have.
"""


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres) -> Iterator[dict[str, Future[Attack]]]:
    """On each store, both at the same time."""
    with postgres_server.database(template="template1") as url, ThreadPoolExecutor(2) as pool:
        urls = {"sqlite": None, "postgres": url}
        yield {
            store: pool.submit(
                attack,
                tmp_path_factory.mktemp(store),
                seed=SEED,
                examples=length.examples,
                phases=length.phases,
                database_url=urls[store],
            )
            for store, length in LENGTHS.items()
        }


@pytest.mark.parametrize("store", LENGTHS)
def test_schemathesis_finds_nothing(attacks: dict[str, Future[Attack]], store: str) -> None:
    done = attacks[store].result()
    assert done.passed, done.said
    assert done.cases >= LENGTHS[store].at_least
    assert re.search(r"Selected: (\d+)/\1\n\s+Tested: \1\n", done.said), "an operation was left out"
    print(f"{store}: {done.cases:,} cases in {done.seconds:.0f} s")
