"""A clock set forward: a reading that might become one of two that prove something is forgotten, what speaks against it stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.operations import State
from app.domain.readings import Earlier
from app.domain.times import SECOND
from app.ledger import clock_steps
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, begun, rows_of, settlement


@pytest.mark.parametrize(
    ("left", "stays"),
    [
        (Earlier(counts_from=NOW, shown="7|2026-11-20T20:40:00+00:00"), False),
        (Earlier(counts_from=NOW, shown=""), False),
        (Earlier(counts_from=NOW), True),
        (Earlier(counts_from=NOW, other=True), True),
    ],
)
async def test_a_clock_set_forward_leaves_of_the_readings_what_is_no_proof(
    store: Store, left: Earlier, *, stays: bool
) -> None:
    first = await begun(store, 1)
    step = settlement(first.claim, first.operation, State.unknown, ready_at=NOW + 5 * SECOND)
    await store.settle(replace(step, probe_evidence=left.text()))
    await store.write(clock_steps.set_forward(BACKEND, over=NOW + 100 * SECOND))
    [row] = await rows_of(store, "operation")
    assert row["probe_evidence"] == (left.text() if stays else None)
