"""The closed forms against known values, and the simulation's parts against the closed forms."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest

from benchmarks.scaling.stations import Cores, Cpu, Delays, Disk, Ticks
from benchmarks.scaling.theory import disk_busy, erlang_c, many_servers, one_server, shared_flush

ARRIVALS = 100_000


def arrivals(per_s: float) -> list[float]:
    lots, at, times = random.Random(7), 0.0, []
    for _ in range(ARRIVALS):
        at += lots.expovariate(per_s)
        times.append(at)
    return times


def test_erlang_c_is_as_in_the_tables() -> None:
    assert [round(erlang_c(servers, offered), 4) for servers, offered in ((1, 0.7), (2, 1.0), (5, 4.0), (10, 8.0))] == [
        0.7,
        0.3333,
        0.5541,
        0.4092,
    ]


def test_with_one_server_both_forms_are_the_same() -> None:
    wait = many_servers(1, per_s=0.8, mean_s=1.0, square_s2=1.5)
    assert wait.share * wait.mean_s == pytest.approx(one_server(per_s=0.8, mean_s=1.0, square_s2=1.5))


def test_a_processor_makes_wait_as_pollaczek_and_khinchine_say() -> None:
    cpu, work_s = Cpu(), 0.001
    waits = [cpu.serve(at, work_s) - at - work_s for at in arrivals(700.0)]
    assert sum(waits) / len(waits) == pytest.approx(
        one_server(per_s=700.0, mean_s=work_s, square_s2=work_s**2), rel=0.05
    )


@pytest.mark.parametrize("tick_s", [0.0005, 0.002, 0.02])
def test_ticks_take_their_turn_as_any_other_work(tick_s: float) -> None:
    """Also where they are more than the processor can do."""
    ticks = Ticks(per_s=100.0, seconds=tick_s, ends_s=60.0)
    theirs = [(n / 100, tick_s, False) for n in range(1, 6_001)]
    ours = [(at, 0.0007, True) for at in arrivals(700.0) if at < 70]
    plain, cpu, one = Cpu(), Cpu(ticks), Cores(1, ticks)
    all_done = [(plain.serve(at, work_s), mine) for at, work_s, mine in sorted(theirs + ours)]
    expected = pytest.approx([done for done, mine in all_done if mine])
    assert [cpu.serve(at, work_s) for at, work_s, _ in ours] == expected
    assert [one.serve(at, work_s) for at, work_s, _ in ours] == expected
    assert [cpu.worked_s, one.worked_s] == pytest.approx([plain.worked_s] * 2)


def test_ticks_that_are_taken_together_are_as_much_work() -> None:
    together = Ticks(per_s=3_000.0, seconds=0.0001, ends_s=10.0).together(20)
    cores = Cores(4, together)
    cores.serve(10.0, 0.0)
    assert cores.worked_s == pytest.approx(3.0, rel=0.001)


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    servers: int
    busy: float


@pytest.mark.parametrize(
    "case",
    [
        Case(id="busy", servers=4, busy=0.8),
        Case(id="many", servers=16, busy=0.85),
        Case(id="idle", servers=11, busy=0.4),
    ],
    ids=lambda case: case.id,
)
def test_several_processors_make_wait_as_erlang_says(case: Case) -> None:
    cores, lots, waits = Cores(case.servers), random.Random(3), []
    for at in arrivals(case.busy * case.servers):
        work_s = lots.expovariate(1.0)
        waits.append(max(0.0, cores.serve(at, work_s) - at - work_s))
    expected = many_servers(case.servers, per_s=case.busy * case.servers, mean_s=1.0, square_s2=2.0)
    assert sum(waits) / len(waits) == pytest.approx(expected.share * expected.mean_s, rel=0.12, abs=1e-3)
    assert sum(wait > 1e-9 for wait in waits) / len(waits) == pytest.approx(expected.share, rel=0.05, abs=2e-3)


@pytest.mark.parametrize("per_s", [10.0, 500.0, 3_000.0])
def test_commits_that_share_flushes_take_as_long_as_the_form_says(per_s: float) -> None:
    disk = Disk(0.001)
    for at in arrivals(per_s):
        disk.commit(at)
    assert disk.waited_s / disk.commits == pytest.approx(shared_flush(per_s=per_s, flush_s=0.001), rel=0.01)


def test_a_disk_takes_any_number_of_commits_and_flushes_no_faster() -> None:
    assert disk_busy(per_s=1e5, flush_s=0.001) == pytest.approx(1.0)
    assert shared_flush(per_s=1e5, flush_s=0.001) == pytest.approx(0.0015)


def test_delays_are_counted_to_the_millisecond_and_beyond_a_minute_to_the_second() -> None:
    delays = Delays()
    for delay in [0.0] * 90 + [0.25] * 9 + [3_600.5]:
        delays.add(delay)
    assert [delays.quantile(share) for share in (0.9, 0.95, 0.995)] == [0.0, 0.251, 3_601.0]
    assert math.isclose(delays.mean_s, (9 * 0.25 + 3_600.5) / 100)
