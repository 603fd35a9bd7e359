"""A simulated OverIT on loopback: a new one for each test, or one for the tests of a file that write nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vendors.overit.simulator_requests import Fsm, running


@pytest.fixture
def sim_fsm() -> Iterator[Fsm]:
    with running() as fsm:
        yield fsm


@pytest.fixture(scope="module")
def sim_shared_fsm() -> Iterator[Fsm]:
    with running() as fsm:
        yield fsm
