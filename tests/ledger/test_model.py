"""The ledger against a model of it, on both databases: random lives of two orders, and after each step what must never bend.

Over a run every edge of the table is taken, and on SQLite every other pair is refused by the code and by the database, or the run
fails. On PostgreSQL such pairs are refused as they come: the seldom ones would cost many more lives, and test_edges.py has both
databases refuse each.
The seed is printed; ORDERBRIDGE_MODEL_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from app.domain.operations import State
from tests.ledger.engines import Engine, PostgresEngine, SqliteEngine
from tests.ledger.model import EDGES_TO_REFUSE, Seen
from tests.ledger.model_rules import Lives

TIMES = int(os.environ.get("ORDERBRIDGE_MODEL_TIMES", "1"))
MORE = 25
"""What is seldom may be missing from some lives: so many times a few more are lived until it has come."""


def live(engine: Engine, *, examples: int, to_refuse: frozenset[tuple[State, State]]) -> None:
    """So many random lives on one database, and some more until everything has been seen that can be; else it fails."""
    first, seen_ = int(os.environ.get("ORDERBRIDGE_MODEL_SEED", random.randrange(2**32))), Seen()
    print(f"ORDERBRIDGE_MODEL_SEED={first}")
    lives = type("LivesHere", (Lives,), {"engine": engine, "seen": seen_})
    for more in range(MORE):
        run_state_machine_as_test(
            seed(first + more)(lives),
            settings=settings(
                max_examples=examples * TIMES if more == 0 else examples // 4,
                stateful_step_count=50,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if not seen_.lacks(to_refuse=to_refuse):
            break
    print(seen_)
    assert seen_.lacks(to_refuse=to_refuse) == []


def test_random_lives_of_two_orders_bend_nothing_on_sqlite(sqlite_template: Path) -> None:
    engine = SqliteEngine(sqlite_template.read_bytes())
    live(engine, examples=300, to_refuse=EDGES_TO_REFUSE)
    engine.close()


def test_random_lives_of_two_orders_bend_nothing_on_postgres(told_time: str) -> None:
    engine = PostgresEngine(told_time)
    live(engine, examples=40, to_refuse=frozenset())
    engine.close()
