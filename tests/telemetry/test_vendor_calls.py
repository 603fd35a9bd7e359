"""How a vendor's list is counted: by what came of it, whoever let go of it, and whoever's fault it failed by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from unittest.mock import Mock

import pytest

from app.domain.errors import BackendUnavailable
from app.domain.work_orders import Observation
from app.telemetry.tallies import Tallies
from app.telemetry.vendor_calls import WatchedAdapter


def listed(tallies: Tallies, trouble: Exception | None, *, waits: bool = False) -> AsyncIterator[Any]:
    """A list of one empty batch, after which the vendor waits for ever, or there is trouble, or it is whole."""

    async def batches(*_: object) -> AsyncIterator[Sequence[Observation]]:
        yield []
        if waits:
            await asyncio.Event().wait()
        if trouble is not None:
            raise trouble

    return WatchedAdapter(Mock(listing=batches), tallies, backend="cx", vendor="civica_cx").listing()


async def drained(batches: AsyncIterator[Any]) -> None:
    async for _ in batches:
        pass


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (None, "ok"),
        (BackendUnavailable("away"), "backend-unavailable"),
        (RuntimeError("a fault of ours"), "fault"),
    ],
)
async def test_a_list_is_counted_by_what_came_of_it(trouble: Exception | None, outcome: str) -> None:
    tallies = Tallies()
    (raised,) = await asyncio.gather(drained(listed(tallies, trouble)), return_exceptions=True)
    assert raised is trouble
    assert tallies.calls == {("cx", "list", outcome): 1}


async def test_a_list_that_nobody_wants_any_more_is_counted_as_cancelled() -> None:
    tallies = Tallies()
    left = listed(tallies, None)
    await anext(left)
    await left.aclose()  # type: ignore[attr-defined]  # it is a generator
    ended = asyncio.create_task(drained(listed(tallies, None, waits=True)))
    await asyncio.sleep(0)
    ended.cancel()
    await asyncio.gather(ended, return_exceptions=True)
    assert tallies.calls == {("cx", "list", "cancelled"): 2}
