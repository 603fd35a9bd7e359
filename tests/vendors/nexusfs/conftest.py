"""The running simulators that its tests talk to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.vendors.nexusfs.simulator_requests import Nexus, Watch, running


@pytest.fixture
def sim_watch() -> Watch:
    return Watch(datetime(2026, 11, 22, 9, 30, 0, 250000, tzinfo=UTC))


@pytest.fixture
def sim_nexus(sim_watch: Watch) -> Iterator[Nexus]:
    """A simulator of the test's own, whose clock is `sim_watch`."""
    with running(clock=sim_watch) as nexus:
        yield nexus


@pytest.fixture(scope="module")
def sim_running() -> Iterator[Nexus]:
    with running() as nexus:
        yield nexus


@pytest.fixture
def sim_shared(sim_running: Nexus) -> Nexus:
    """A simulator for a whole file, without faults; tests keep to orders of their own."""
    sim_running.http.delete("/_sim/faults").raise_for_status()
    return sim_running


@pytest.fixture
def sim_order(sim_shared: Nexus) -> str:
    """A plain order of the shared simulator."""
    return sim_shared.new_order()
