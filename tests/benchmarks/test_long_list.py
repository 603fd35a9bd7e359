"""The long list: a loop that is blocked is seen, whatever blocks it; other processes that take the processor are not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import pytest

from benchmarks.figures.long_list import FIGURES, judged, watch
from benchmarks.lab import Lab
from benchmarks.polling import SOONEST_S, cpu_of_first_list, lists, standing_still, start, zeep_reads
from benchmarks.watched import Queued, Watch
from benchmarks.watching import Told

HELD_S = 0.06
NONE = float("nan")


def computing() -> None:
    ends = time.thread_time() + HELD_S
    while time.thread_time() < ends:
        pass


def sleeping() -> None:
    time.sleep(HELD_S)


async def blocked_ms(into: Path, what: Callable[[], None], queued_s: Callable[[], float]) -> float:
    """What a watch tells of a loop on which `what` is done."""
    watch = Watch(into=into, queued_s=queued_s)
    watch.begin()
    await asyncio.sleep(0.02)
    watch.tell()
    await asyncio.sleep(0.02)
    what()
    await asyncio.sleep(0.02)
    watch.tell()
    said = json.loads(into.read_text())
    assert (said["number"], said["ticks"] > 0) == (2, True)
    return Told(ticks=said["ticks"], longest=said["longest"]).blocked_ms


@pytest.mark.parametrize("what", [computing, sleeping])
async def test_a_loop_that_is_blocked_is_seen(tmp_path: Path, what: Callable[[], None]) -> None:
    nobody_queued = repeat(0.0).__next__
    assert await blocked_ms(tmp_path / "watch.json", what, nobody_queued) >= HELD_S * 1000 - 2


async def test_what_the_loop_computed_counts_although_other_threads_were_queued(tmp_path: Path) -> None:
    assert await blocked_ms(tmp_path / "watch.json", computing, time.perf_counter) >= HELD_S * 1000 - 2


async def test_time_in_which_others_had_the_processor_is_not_laid_to_the_gateway(tmp_path: Path) -> None:
    assert await blocked_ms(tmp_path / "watch.json", sleeping, time.perf_counter) < HELD_S * 1000 / 2


def test_the_system_tells_how_long_threads_are_queued() -> None:
    queued_s = Queued()
    first = queued_s()
    computing()
    assert 0 <= first <= queued_s()


@pytest.mark.parametrize(
    ("blocked", "first", "later", "p99", "beside", "fails"),
    [
        (19.0, 0.25, 0.25, 11.9, 10.0, set()),
        (21.0, 0.25, 0.25, 11.9, 10.0, {"long-list-loop"}),
        (19.0, 0.25, 0.26, 11.9, 10.0, {"long-list-cpu"}),
        (19.0, 0.26, 0.25, 11.9, 10.0, {"long-list-first"}),
        (19.0, 0.25, 0.25, 12.1, 10.2, {"long-list-update"}),
        (19.0, 0.25, 0.25, 11.9, 9.8, {"long-list-update-beside"}),
        (None, NONE, NONE, NONE, 10.0, {one.name for one in FIGURES}),
    ],
)
def test_each_clause_is_judged_by_itself(
    blocked: float | None, first: float, later: float, p99: float, beside: float, fails: set[str]
) -> None:
    told = {
        "the first list": Told(ticks=9, longest=[{"blocked": 3.0}]),
        "later lists": Told(ticks=9, longest=[] if blocked is None else [{"blocked": blocked}, {"blocked": 1.0}]),
    }
    cpu_s = {"zeep's parse": [1.0], "all new": [first], "1 % changed": [later], "nothing changed": [0.1]}
    p99_ms = {"no list": [10.0], "lists": [p99], "another's lists": [beside]}
    assert {result.spec.name for result in judged(told, cpu_s, p99_ms, {}) if not result.holds} == fails


def test_latencies_are_compared_with_those_of_their_own_round() -> None:
    told = {"later lists": Told(ticks=9, longest=[{"blocked": 1.0}])}
    cpu_s = {"zeep's parse": [1.0], "all new": [0.2], "1 % changed": [0.2], "nothing changed": [0.1]}
    p99_ms = {"no list": [4.0, 10.0, 20.0], "lists": [4.4, 11.0, 24.0], "another's lists": [4.4, 10.0, 24.0]}
    change, beside = judged(told, cpu_s, p99_ms, {})[-2:]
    assert change.measured == pytest.approx(10.0)
    assert beside.measured == 0.0


async def test_a_gateway_is_watched_while_it_polls(lab: Lab) -> None:
    told = await watch(lab, orders=20)
    assert told.keys() == {"the first list", "later lists"}
    assert all(0 < one.blocked_ms < 10_000 and one.ticks > 10 for one in told.values())


async def test_lists_and_updates_are_measured_and_a_gateway_that_stands_still_asks_for_none(lab: Lab) -> None:
    polling = await start(lab, 70, SOONEST_S)
    assert 0 < await polling.cpu_of_lists(1, changed=3) < 10
    assert (await polling.vendor.counts())["updates"] == 3
    assert 0 < await polling.p99_ms(0.3) < 10_000
    with standing_still(polling.gateway.process):
        before = await lists(polling.vendor)
        assert (await zeep_reads(lab, polling.vendor))["orders"] == 70
        await asyncio.sleep(1.2)
        assert await lists(polling.vendor) == before + 1
    assert 0 < await polling.cpu_of_lists(1) < 10


async def test_a_first_list_is_measured_without_the_start(lab: Lab) -> None:
    assert 0 < await cpu_of_first_list(lab, 70) < 10
