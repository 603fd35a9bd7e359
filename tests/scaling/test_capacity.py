"""What the model says of installations follows from the costs, in numbers that can be checked by hand."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest

from benchmarks.scaling.carries import Kept, Site, capacity, kept, writes
from benchmarks.scaling.costs import Costs
from benchmarks.scaling.mixture import Between, Mixture, Part, Sum
from benchmarks.scaling.plan import BUSY, Load, Plan, db_load, gateway_load, plan_for
from benchmarks.scaling.theory import Wait
from benchmarks.scaling.world import DAY, HOUR_S, Demand

NOTHING = Costs(**{each.name: 0.0 for each in fields(Costs)})
EVEN = Demand(
    backends=100, orders=6_000, updates_per_day=86_400, day=(1.0,) * 24, burst_share=0.0, outage_share=0.0, poll_s=60.0
)
"""One update a second, a hundred orders seen in a second."""
RARELY = replace(EVEN, orders=6_000_000)
"""Hardly an order has two updates between two rounds."""


def test_each_part_of_the_load_is_its_cost_times_how_often_it_is_paid() -> None:
    costs = replace(NOTHING, update_cpu_s=0.001, seen_cpu_s=0.0002, idle_cpu_s=0.0003)
    assert gateway_load(costs, EVEN, per_s=50.0, copies=2) == Load(updates=0.05, polls=0.02, shown=0.0, idle=0.06)
    costs = replace(NOTHING, db_update_cpu_s=0.001, db_seen_cpu_s=0.0002, db_idle_cpu_s=0.0003, db_reap_cpu_s=0.0001)
    load = db_load(costs, EVEN, per_s=50.0, copies=2)
    assert (load.updates, load.polls, load.idle) == (0.05, 0.02, 0.06)
    assert load.forgetting == pytest.approx(0.0001 * (50 + 100 * (1 - math.exp(-0.5)) / 3))


def test_each_update_is_seen_by_polling_once_more_and_those_of_one_round_together() -> None:
    costs = replace(NOTHING, shown_cpu_s=0.001, db_shown_cpu_s=0.002)
    assert gateway_load(costs, RARELY, per_s=50.0, copies=2).shown == pytest.approx(0.05, rel=0.001)
    assert db_load(costs, RARELY, per_s=50.0, copies=2).shown == pytest.approx(0.1, rel=0.001)
    assert db_load(costs, RARELY, per_s=50.0, copies=2).aside == pytest.approx(0.1, rel=0.001)
    all_of_them = gateway_load(costs, EVEN, per_s=10_000.0, copies=2).shown
    assert all_of_them == pytest.approx(0.1), "a hundred orders a second are looked at"
    half = math.log(2) * 100  # as often as not an order has an update between two rounds
    assert gateway_load(costs, EVEN, per_s=half, copies=2).shown == pytest.approx(0.05)
    bursts = replace(RARELY, burst_share=0.1, burst=11)
    assert gateway_load(costs, bursts, per_s=50.0, copies=2).shown == pytest.approx(0.025, rel=0.001)


def test_those_behind_others_of_their_burst_cost_what_waiting_costs() -> None:
    costs = replace(NOTHING, update_cpu_s=0.001, queued_cpu_s=0.001)
    bursts = replace(EVEN, burst_share=0.1, burst=11)
    assert bursts.per_request == 2.0
    assert gateway_load(costs, bursts, per_s=50.0, copies=2).updates == pytest.approx(0.075)


def test_an_installation_is_as_large_as_its_busiest_hour_needs() -> None:
    costs = replace(NOTHING, update_cpu_s=0.001, db_update_cpu_s=0.001)
    demand = replace(EVEN, day=DAY, updates_per_day=86_400 * 10_000)
    peak = demand.per_s(8)
    assert peak == pytest.approx(86_400 * 10_000 * 9 / math.fsum(DAY) / HOUR_S)
    assert plan_for(costs, demand) == Plan(
        groups=math.ceil(peak * 0.001 / BUSY / 2), databases=math.ceil(peak * 0.001 / BUSY / 16)
    )


def test_a_machine_carries_what_is_left_of_it() -> None:
    costs = replace(NOTHING, sqlite_update_cpu_s=0.001, idle_cpu_s=0.001, operation_bytes=1_000.0)
    site = Site(title="one", processes=1, copies=1, db_cores=1, backends=100, orders=5_000, sqlite=True)
    found = capacity(costs, site)
    assert found.per_s == pytest.approx((BUSY - 0.1) / 0.001, rel=1e-4)
    assert found.bytes_per_day == pytest.approx(found.per_day * 1_000)
    assert Demand(updates_per_day=found.per_day).per_s(8) == pytest.approx(found.per_s)


def test_with_sqlite_the_process_does_the_databases_work_too() -> None:
    costs = replace(
        NOTHING, sqlite_update_cpu_s=0.001, db_update_cpu_s=0.1, db_queued_cpu_s=0.001, db_seen_cpu_s=0.0001,
        db_idle_cpu_s=0.0005, db_reap_cpu_s=0.0002, db_shown_cpu_s=0.0005,
    )  # fmt: skip
    site = Site(title="one", processes=1, copies=1, db_cores=1, backends=100, orders=5_000, sqlite=True)
    demand = Demand(backends=100, orders=5_000)
    found = capacity(costs, site).per_s
    shown = demand.shown_per_s(found)
    updates = found * (0.001 + demand.follow * 0.001)
    besides = 5_000 / 60 * 0.0001 + 100 * 0.0005 + (found + shown / 3) * 0.0002 + shown * 0.0005
    assert updates + besides == pytest.approx(BUSY, rel=1e-4)


def test_a_database_writes_what_updates_and_polls_write() -> None:
    costs = replace(
        NOTHING, commits=2.0, wal_bytes=6_000.0, wal_images_bytes=40_000.0, seen_wal_bytes=500.0,
        flush_s=0.001, dead_rows=7.0, reap_wal_bytes=1_200.0, operation_bytes=1_200.0,
    )  # fmt: skip
    found = writes(costs, EVEN)
    polls, rounds, shown = 100 * 500, 100 / 60, 100 * (1 - math.exp(-0.01))
    together = shown / rounds
    round_writes = rounds * (3 + 1 - math.exp(-together) + together / 20)
    assert (found.commits_per_s, found.transactions_per_day) == pytest.approx(
        (2 + round_writes, (2 + round_writes) * 86_400)
    )
    assert (found.wal_per_s, found.wal_per_s_cold) == pytest.approx((6_000 + polls, 46_000 + polls))
    assert found.wal_per_day == pytest.approx(86_400 * (7_200 + shown * 400 + polls))
    assert found.vacuum_per_day == pytest.approx(86_400 * 5 / 0.2 * 1_200 / 4)
    assert (found.dead_rows_per_day, found.bytes_per_day) == pytest.approx(
        (86_400 * (7 + 3 * rounds + 2 * shown), 86_400 * 1_200)
    )
    more = writes(replace(costs, shown_wal_bytes=2_000.0, shown_event_bytes=900.0), EVEN)
    assert more.wal_per_s - found.wal_per_s == pytest.approx(shown * 2_000)
    assert more.wal_per_s_cold - found.wal_per_s_cold == pytest.approx(shown * 2_000)
    assert more.wal_per_day - found.wal_per_day == pytest.approx(86_400 * shown * 2_000)
    assert more.vacuum_per_day - found.vacuum_per_day == pytest.approx(86_400 * shown / 0.2 * 900)


def test_what_is_kept_for_a_time_stops_growing() -> None:
    costs = replace(
        NOTHING, operation_bytes=1_000.0, answer_bytes=300.0, key_bytes=200.0, event_bytes=100.0, order_bytes=10.0
    )
    sizes = [kept(costs, EVEN, days=days) for days in (1.0, 1_000.0)]
    assert sizes == [
        Kept(operations=86.4e6, answers_and_keys=43.2e6, events=8.64e6, orders=60_000.0),
        Kept(operations=86.4e9, answers_and_keys=302.4e6, events=3.456e9, orders=60_000.0),
    ]


def test_what_polling_shows_of_an_update_is_an_event_too() -> None:
    costs = replace(NOTHING, event_bytes=100.0, shown_event_bytes=700.0)
    assert kept(costs, RARELY, days=1.0).events == pytest.approx(86_400 * 800, rel=0.001)
    in_bursts = replace(RARELY, burst_share=0.1, burst=11)
    assert kept(costs, in_bursts, days=1.0).events == pytest.approx(86_400 * (100 + 700 / 2), rel=0.001)


def test_a_mixture_of_delays_is_as_its_parts() -> None:
    mixed = Mixture()
    mixed.add(Part(updates=80.0, place=Wait(share=0.0, mean_s=0.0)))
    mixed.add(Part(updates=10.0, place=Wait(share=0.5, mean_s=2.0)))
    mixed.add(Part(updates=10.0, place=Between(low_s=0.0, high_s=10.0)))
    assert mixed.mean_s == pytest.approx((10 * 0.5 * 2 + 10 * 5) / 100)
    assert mixed.beyond(4.0) == pytest.approx((10 * 0.5 * math.exp(-2) + 10 * 0.6) / 100)
    assert mixed.quantile(0.5) == 0.0
    assert [mixed.beyond(mixed.quantile(share)) for share in (0.95, 0.99)] == pytest.approx([0.05, 0.01], rel=0.02)


def test_a_sum_of_times_has_their_mean_and_half_of_it_below_its_median() -> None:
    together = Sum(mean_s=2.0, variance_s2=0.5)
    median = 2.0 / math.sqrt(1 + 0.5 / 4)
    assert (together.beyond(0.0), together.beyond(median)) == pytest.approx((1.0, 0.5))
