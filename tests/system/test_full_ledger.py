"""Every list of a ledger with 500,000 operations is found by an index: one that is not takes a hundred times as long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from benchmarks.lab import STORES, Plan, open_lab
from benchmarks.ledger.calls import ListCall
from benchmarks.ledger.sides import Side, filled_side, full_size, small_size
from benchmarks.progress import Progress

MOST, MOST_MS = 5.0, 20.0
"""A list of the full ledger takes at most so many times as long as one of the small, and so much more. What is compared closely,
and with 5 million, is a figure of `make bench`."""
LOOKS = 3
"""What a busy machine held up once is looked at again; what no index finds is slow each time."""


async def test_no_list_takes_much_longer_than_one_of_a_small_ledger() -> None:
    of_each = await asyncio.gather(*(slow_lists(store) for store in STORES))
    assert dict(zip(STORES, of_each, strict=True)) == {store: {} for store in STORES}


async def slow_lists(store: str) -> Mapping[str, tuple[float, float]]:
    """The calls that took too long, with how many milliseconds they took of the small ledger and of the full one."""
    full = full_size(quick=True)
    assert full.operations == 500_000
    slow: dict[str, tuple[float, float]] = {}
    async with open_lab(Plan.quickly(stores=(store,)), Progress(1)) as lab:
        sizes = {"small": small_size(full), "full": full}
        sides = [await filled_side(lab, name, size, store=store) for name, size in sizes.items()]
        for calls in zip(*(side.calls for side in sides), strict=True):
            took = await read(sides, calls)
            for _ in range(LOOKS - 1):
                took = await read(sides, calls) if is_slow(*took) else took
            if is_slow(*took):
                slow[calls[0].name] = took
    return slow


async def read(sides: Sequence[Side], calls: Sequence[ListCall]) -> tuple[float, float]:
    """The median of the small ledger and of the full one, in ms."""
    small, full = [
        (await side.read(call, connections=1, seconds=0.1))[0] for side, call in zip(sides, calls, strict=True)
    ]
    return small, full


def is_slow(of_small: float, of_full: float) -> bool:
    return of_full > MOST * of_small + MOST_MS
