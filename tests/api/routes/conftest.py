"""The gateway of `tests/gateway.py`, with every answer watched."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.routes.contract import Watch
from tests.gateway import CX, Site, simulator, site


@pytest.fixture
def cx(cx: Site) -> Site:
    """A gateway in front of a simulated Civica Cx, on each store."""
    Watch(cx.app).on(cx.api)
    return cx


@pytest.fixture
def cx_on_sqlite(cx_on_sqlite: Site) -> Site:
    """A gateway in front of a simulated Civica Cx, on SQLite only."""
    Watch(cx_on_sqlite.app).on(cx_on_sqlite.api)
    return cx_on_sqlite


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Site]:
    """One gateway for a whole module, for tests that take an order of their own each."""
    folder = tmp_path_factory.mktemp("shared")
    path = shutil.copy(sqlite_template, folder / "ledger.db")
    with simulator(CX) as url:
        async with site(CX, url, f"sqlite:///{path}", folder) as made:
            Watch(made.app).on(made.api)
            yield made
