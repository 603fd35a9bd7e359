"""The burst: one that is seen from end to end, and what does not hold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from benchmarks.bursts import Seen, Size, burst
from benchmarks.figures.burst import judged
from benchmarks.lab import Lab
from benchmarks.load import Sample
from benchmarks.vendors import canned_nexusfs

QUIET = Sample(answered=100, seconds=1.0, statuses={"201": 100}, p50_ms=3.0, p90_ms=5.0, p99_ms=10.0, max_ms=20.0)
GOOD = Seen(
    size=Size(updates=3, wait_s=8.0),
    burst=Sample(answered=3, seconds=9.0, statuses={"202": 3}, p50_ms=8100, p90_ms=8500, p99_ms=8900, max_ms=8900),
    applied_s=299.0,
    applied=3,
    counts={"updates": 3, "most_connections": 16},
    peak_rss_mib=299.0,
    others={"before": QUIET, "during": replace(QUIET, p99_ms=10.9), "after": QUIET},
)


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    seen: Seen
    fails: set[str] = field(default_factory=set)


CASES = (
    Case(id="all is well", seen=GOOD),
    Case(id="answered too late", seen=replace(GOOD, burst=replace(GOOD.burst, max_ms=9001)), fails={"burst-answered"}),
    Case(id="applied too late", seen=replace(GOOD, applied_s=301.0), fails={"burst-applied"}),
    Case(id="never applied", seen=replace(GOOD, applied_s=float("inf")), fails={"burst-applied"}),
    Case(id="one is not applied", seen=replace(GOOD, applied=2), fails={"burst-applied"}),
    Case(
        id="one was sent twice",
        seen=replace(GOOD, counts={"updates": 4, "repeats": 1, "most_connections": 16}),
        fails={"burst-applied"},
    ),
    Case(
        id="too many connections",
        seen=replace(GOOD, counts={"updates": 3, "most_connections": 17}),
        fails={"burst-connections"},
    ),
    Case(id="too much memory", seen=replace(GOOD, peak_rss_mib=301.0), fails={"burst-memory"}),
    Case(
        id="another vendor's callers notice",
        seen=replace(GOOD, others={**GOOD.others, "during": replace(QUIET, p99_ms=11.1)}),
        fails={"burst-other-vendor"},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_clause_is_judged_by_itself(case: Case) -> None:
    assert {result.spec.name for result in judged(case.seen) if not result.holds} == case.fails


async def test_a_gateway_that_uses_too_many_connections_is_found_out(lab: Lab) -> None:
    seen = await burst(lab, Size(updates=40, delay_s=0.4, wait_s=0.1), max_connections=40)
    assert seen.counts["most_connections"] > 16
    results = {result.spec.name: result for result in judged(seen)}
    assert not results["burst-connections"].holds
    assert results["burst-applied"].holds
    assert seen.applied == seen.counts["updates"] == 40
    assert seen.burst.statuses.keys() <= {"201", "202"}
    assert "202" in seen.burst.statuses
    assert seen.others.keys() == {"before", "during", "after"}


async def test_the_harnesss_own_connections_to_a_vendor_are_not_counted(lab: Lab) -> None:
    vendor = await canned_nexusfs(lab, orders=1)
    callers = [await asyncio.open_connection("127.0.0.1", vendor.port) for _ in range(3)]
    try:
        for reader, writer in callers:
            writer.write(b"GET /seiapi/v3/trans/WorkOrder/1 HTTP/1.1\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
        for _ in range(3):
            counts = await vendor.counts()
            assert (counts["connections"], counts["most_connections"]) == (3, 3)
    finally:
        for _, writer in callers:
            writer.close()
