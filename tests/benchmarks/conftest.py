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
