"""What every test may use, and in which order they come; the PostgreSQL fixtures live in `tests/postgres.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.ledger.migrate import migrate

settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # an example that took long tells of the machine

pytest_plugins = ["tests.gateway", "tests.postgres"]

WAITING = "tests/delivery/"
"""These tests wait most of their time, and there are hundreds of them."""


@pytest.fixture(scope="session")
def postgres_migrate() -> Callable[[str], object]:
    """How an empty database gets our tables."""
    return migrate


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what has to run one after the other; then the files that wait among those that compute, for no processor to idle."""
    chains = [item for item in items if item.get_closest_marker("xdist_group")]
    rest = [item for item in items if not item.get_closest_marker("xdist_group")]
    waiting = [item for item in rest if item.nodeid.startswith(WAITING)]
    computing = [item for item in rest if not item.nodeid.startswith(WAITING)]
    items[:] = [*chains, *_spread(waiting, computing)]


def _spread(*kinds: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Each kind's files evenly over the whole, in their own order and each in one piece."""
    begins: dict[Path, float] = {}
    for kind in kinds:
        for place, item in enumerate(kind):
            begins.setdefault(item.path, place / len(kind))
    return sorted((item for kind in kinds for item in kind), key=lambda item: begins[item.path])
