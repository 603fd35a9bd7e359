"""What the reaper clears up while a gateway works at half of what it can sustain, and what that does to its updates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.times import SECOND, now_micros
from benchmarks.lab import Lab, median
from benchmarks.ledger.reading import numbers
from benchmarks.ledger.sides import PACED, Side
from benchmarks.processes import Fault

AT_FULL, AT_HALF = 16, 8
"""Callers at once: to find out what is sustained, and with half of that."""
SLICE_S = 2.0
SLICES = 10
BEGINS_WITHIN_S = 30.0
SOON_S = "1"
DAY = 86_400 * SECOND
LEFT: Mapping[str, str] = {
    "keys": "SELECT count(*) FROM idempotency_key WHERE created_at <= {old}",
    "answers": "SELECT count(*) FROM operation WHERE answer_body IS NOT NULL AND finished_at <= {old}",
    "references": "SELECT count(*) FROM operation WHERE client_reference IS NOT NULL AND finished_at <= {old}",
    "events": "SELECT {first} - (SELECT min(id) FROM event)",
}
"""How much of each kind there is to be cleared up; of events, how many have been, as a negative number."""
LAST = "SELECT max(id) FROM event"


@dataclass(kw_only=True)
class Reaped:
    """What was seen. Rates are rows in a second, medians over the slices in which there was something left to clear."""

    sustained: float
    before_p99_ms: float
    p99_ms: list[float] = field(default_factory=list)
    written: dict[str, list[float]] = field(default_factory=dict)
    cleared: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ratios(self) -> Mapping[str, float]:
        """Cleared against written, of each kind of row that the load writes."""
        of = {kind: (median(self.cleared[kind]), median(rates)) for kind, rates in self.written.items()}
        return {kind: cleared / written for kind, (cleared, written) in of.items() if written}

    def note(self, answered: int, told: int, seconds: float, before: Sequence[int], after: Sequence[int]) -> None:
        """A slice: how many updates were answered and events told, and what was left before and after it."""
        for kind, was, now in zip(LEFT, before, after, strict=True):
            self.cleared.setdefault(kind, []).append((was - now) / seconds)
        for kind, count in {"keys": answered, "answers": answered, "events": told}.items():
            self.written.setdefault(kind, []).append(count / seconds)


async def reaped(lab: Lab, side: Side) -> Reaped:
    """Find out what the side sustains, then have its gateway started anew, so that its reaper begins. Raises Fault."""
    seconds = lab.plan.sample_s
    sustained = (await side.update(AT_FULL, seconds)).per_second
    before = await side.update(AT_HALF, seconds, rate=sustained / 2)
    found = Reaped(sustained=sustained, before_p99_ms=before.p99_ms)
    first, last = await numbers(side.site.database, "SELECT min(id) FROM event", LAST)
    asked = [statement.format(old=now_micros() - 9 * DAY, first=first) for statement in LEFT.values()]
    asked.append(LAST)
    await side.gateway.stop()
    await _started_anew(side)
    *left, last = await numbers(side.site.database, *asked)
    for _ in range(SLICES):
        began, was, told = time.monotonic(), left, last
        sample = await side.update(AT_HALF, min(SLICE_S, seconds), rate=sustained / 2)
        *left, last = await numbers(side.site.database, *asked)
        if min(left[:3]) == 0:
            break  # it has caught up somewhere in this slice
        found.note(sample.answered, last - told, time.monotonic() - began, was, left)
        found.p99_ms.append(sample.p99_ms)
    if not found.p99_ms:
        raise Fault(f"the reaper had nothing to do any more after {SLICE_S:g} s: the ledger needs more that is old")
    return found


async def _started_anew(side: Side) -> None:
    """A gateway on the same ledger, where the load goes on; wait until it clears up."""
    side.gateway = await side.site.serve(program=PACED, port=side.gateway.port, REAPS_EVERY_S=SOON_S)
    process, site = side.gateway.process, side.site
    ends = time.monotonic() + BEGINS_WITHIN_S
    (first,) = await numbers(site.database, "SELECT min(id) FROM event")
    while (await numbers(site.database, "SELECT min(id) FROM event"))[0] == first:
        if time.monotonic() > ends:
            raise Fault(f"the reaper clears nothing up: {process.words()}")
        await asyncio.sleep(0.1)
