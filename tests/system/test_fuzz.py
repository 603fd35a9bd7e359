"""The API attacked by its own contract, on both stores: no 5xx, nothing undocumented or off its schema, nothing invalid taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.fuzz.run import Attack, attack
from tests.postgres import Postgres

SEED = 1
EXAMPLES = 5
AT_LEAST = 3_000
"""Cases on each store; `make fuzz` runs 50,000."""


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres) -> Iterator[dict[str, Future[Attack]]]:
    """On each store, both at the same time."""
    with postgres_server.database(template="template1") as url, ThreadPoolExecutor(2) as pool:
        yield {
            store: pool.submit(
                attack, tmp_path_factory.mktemp(store), seed=SEED, examples=EXAMPLES, database_url=database_url
            )
            for store, database_url in (("sqlite", None), ("postgres", url))
        }


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_schemathesis_finds_nothing(attacks: dict[str, Future[Attack]], store: str) -> None:
    done = attacks[store].result()
    assert done.passed, done.said
    assert done.cases >= AT_LEAST
    assert re.search(r"Selected: (\d+)/\1\n\s+Tested: \1\n", done.said), "an operation was left out"
    print(f"{store}: {done.cases:,} cases in {done.seconds:.0f} s")
