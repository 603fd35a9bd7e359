"""What every test may use; the PostgreSQL fixtures live in `tests/postgres.py`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.ledger.migrate import migrate

pytest_plugins = ["tests.gateway", "tests.postgres"]


@pytest.fixture(scope="session")
def postgres_migrate() -> Callable[[str], object]:
    """How an empty database gets our tables."""
    return migrate
