"""The capacity model: what a window of a day will be like, from the costs, the demand and the plan, by closed forms alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.scaling.costs import Costs
from benchmarks.scaling.mixture import Mixture
from benchmarks.scaling.outlook import Outlook
from benchmarks.scaling.places import Slice, Visits, backend
from benchmarks.scaling.plan import Plan, db_load, gateway_load
from benchmarks.scaling.theory import many_servers, one_server, shared_flush
from benchmarks.scaling.world import AnswerTime, Demand, Fleet, Window

SAMPLES = 32
"""Of a vendor's answer times, to ask how many updates are late."""


def predict(costs: Costs, demand: Demand, plan: Plan, fleet: Fleet, window: Window) -> Outlook:
    """The window as the closed forms have it."""
    part = fleet.part_of(demand)
    slices = [
        Slice(length_s=length, per_s=per_s, visits=visits(costs, part, plan, per_s=per_s))
        for length, per_s in window.slices(part)
    ]
    whole = math.fsum(fleet.shares)
    mixtures = {id(kind): Mixture() for kind in demand.answers}
    calls = 0.0
    for share, kind in zip(fleet.shares, fleet.kinds, strict=True):
        for one in backend(demand, plan.places, kind, slices, share=share / whole):
            mixtures[id(kind)].add(one)
            calls += one.updates * kind.mean_s
    return _outlook(demand, window, slices, mixtures, calls=calls)


def _outlook(
    demand: Demand, window: Window, slices: Sequence[Slice], mixtures: dict[int, Mixture], *, calls: float
) -> Outlook:
    everyone = Mixture()
    for one in mixtures.values():
        everyone.take_in(one)
    late = math.fsum(_late(kind, mixtures[id(kind)], demand, slices) for kind in demand.answers)

    def over_time(name: str) -> float:
        return math.fsum(getattr(one.visits, name) * one.length_s for one in slices) / window.length_s

    return Outlook(
        updates=everyone.updates,
        calls=calls / window.length_s,
        gateway_busy=over_time("gateway_busy"),
        db_busy=over_time("db_busy"),
        commit_s=_each_update("commit_s", slices),
        delay_mean_s=everyone.mean_s,
        delay_p90_s=everyone.quantile(0.9),
        delay_p99_s=everyone.quantile(0.99),
        delay_p999_s=everyone.quantile(0.999),
        within_wait=1 - late / everyone.updates,
    )


def _each_update(name: str, slices: Sequence[Slice]) -> float:
    """A visit's mean over all updates of the window."""
    updates = math.fsum(one.length_s * one.per_s for one in slices)
    return math.fsum(getattr(one.visits, name) * one.length_s * one.per_s for one in slices) / updates


def _late(kind: AnswerTime, mixed: Mixture, demand: Demand, slices: Sequence[Slice]) -> float:
    """How many of a kind are not applied within `wait_s`."""
    if not mixed.updates:
        return 0.0
    left_s = demand.wait_s - _each_update("accept_s", slices) - _each_update("settle_s", slices)
    step = max(1, len(kind.values) // SAMPLES)
    beyond = [mixed.beyond(left_s - answer) if answer < left_s else 1.0 for answer in kind.values[step // 2 :: step]]
    return mixed.updates * math.fsum(beyond) / len(beyond)


def visits(costs: Costs, demand: Demand, plan: Plan, *, per_s: float) -> Visits:
    """What all backends share, at this rate of updates: M/G/1 at each process, M/G/k at each database, one disk there."""
    gateway = gateway_load(costs, demand, per_s=per_s, copies=plan.copies)
    db = db_load(costs, demand, per_s=per_s, copies=plan.copies)
    slower = 1 / (1 - gateway.aside / plan.processes)
    db_slower = 1 / (1 - db.aside / (plan.databases * plan.db_cores))
    half = (1.0, costs.update_cpu_s / 2, costs.db_update_cpu_s / 2)
    steps = (half, half, (demand.follow, costs.queued_cpu_s, costs.db_queued_cpu_s))
    often = math.fsum(step[0] for step in steps)
    rate, db_rate = per_s * often / plan.processes, per_s * often / plan.databases
    means = [math.fsum(step[0] * step[n] for step in steps) / often for n in (1, 2)]
    squares = [math.fsum(step[0] * step[n] ** 2 for step in steps) / often for n in (1, 2)]
    queue = one_server(per_s=rate, mean_s=means[0] * slower, square_s2=squares[0] * slower**2)
    cores = many_servers(plan.db_cores, per_s=db_rate, mean_s=means[1] * db_slower, square_s2=squares[1] * db_slower**2)
    commit = shared_flush(per_s=db_rate, flush_s=costs.flush_s)
    accept, settle, begin = (
        queue + step[1] * slower + cores.share * cores.mean_s + step[2] * db_slower + commit for step in steps
    )
    return Visits(
        accept_s=accept,
        begin_s=begin,
        settle_s=settle,
        commit_s=commit,
        gateway_busy=gateway.cores / plan.processes,
        db_busy=db.cores / (plan.databases * plan.db_cores),
    )
