"""The simulated ERPx that the tests of the simulator call; what they leave behind is numbered apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vendors.unit4_erpx.simulator_requests import Erp, running


@pytest.fixture(scope="module")
def sim_served() -> Iterator[Erp]:
    with running() as erp:
        yield erp


@pytest.fixture
def sim_erp(sim_served: Erp) -> Erp:
    """One simulator for a module, without the faults of the test before."""
    sim_served.http.delete("/_sim/faults").raise_for_status()
    return sim_served


@pytest.fixture
def sim_fresh() -> Iterator[Erp]:
    """A simulator of the test's own, with order 123 as the vendor document has it."""
    with running() as erp:
        yield erp


@pytest.fixture
def sim_order(sim_erp: Erp) -> str:
    return sim_erp.new_order()
