"""A lab for a test: the smallest samples, processes stopped with the test."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest

from benchmarks.lab import Lab, Plan, open_lab
from benchmarks.progress import Progress


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab(Plan.quickly(stores=("sqlite",)), Progress(1, to=io.StringIO())) as opened:
        yield opened


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test` needs Python alone: what needs Node runs where its file is named, as `make test-system` does."""
    asked = {config.invocation_params.dir / argument.partition("::")[0] for argument in config.args}
    left_out = [item for item in items if item.get_closest_marker("node") is not None and item.path not in asked]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
