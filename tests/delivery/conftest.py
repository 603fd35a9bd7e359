"""Gateways for the delivery's tests: in front of a vendor that can be switched off, and behind glass."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.delivery import readback, settling
from tests.delivery.bench import Simulated, behind_glass, delivery, hurry, polled
from tests.delivery.recording import Glass
from tests.gateway import CX, Site


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost answers are read back within tenths of a second, and Cx settles in as little."""
    hurry(monkeypatch)


@pytest.fixture
def hurried_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost answers are read back within tenths of a second; only the waiting shrinks, not what has to be proved."""
    monkeypatch.setattr(settling, "FIRST_PROBE_S", 0.2)
    monkeypatch.setattr(readback, "APART_S", 0.3)


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Simulated]:
    """A simulated Civica Cx that can be stopped and started again at its address."""
    simulated = Simulated(vendor=CX, data=tmp_path / "vendor")
    simulated.start()
    yield simulated
    simulated.stop()


@pytest.fixture
async def seen(vendor: Simulated, database: str, tmp_path: Path, hurried: None) -> AsyncIterator[tuple[Site, Glass]]:
    """A gateway behind glass, on each store."""
    async with behind_glass(vendor.url, database, tmp_path, **delivery(deadline_s=1)) as made:
        await polled(made[0])
        yield made


@pytest.fixture
async def seen_on_sqlite(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> AsyncIterator[tuple[Site, Glass]]:
    """A gateway behind glass, on SQLite only."""
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=1)) as made:
        await polled(made[0])
        yield made
