"""What one status update costs our process, against the same job by hand; each contestant by turns, in one run."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.json import JsonObject
from benchmarks.contestants import OURS, PEERS, Contestant, our_gateway, peer
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.lab import STORES, Lab, median
from benchmarks.processes import Fault

CONNECTIONS = 16
ORDERS = 512
SQLITE, POSTGRES = OURS["sqlite"], OURS["postgres"]
FULL_STACK = (
    "status update on Cx, full stack (JWT, validation, ledger on SQLite FULL, SOAP): CPU per request at 16 connections"
)

AGAINST: Mapping[str, Spec] = {
    "plain FastAPI": Spec(
        name="status-update-plain-fastapi",
        title=f"{FULL_STACK}, against (a) plain FastAPI",
        target="at most 1/7",
        unit="x",
        at_most=1 / 7,
        stores=frozenset({"sqlite"}),
    ),
    "Node, no ledger": Spec(
        name="status-update-node",
        title="the same against (b) Node fastify + soap, no auth, no ledger",
        target="at most 1.3",
        unit="x",
        at_most=1.3,
        stores=frozenset({"sqlite"}),
    ),
    "Node, our job": Spec(
        name="status-update-node-our-job",
        title="the same against (c) Node doing our job",
        target="at most 0.9",
        unit="x",
        at_most=0.9,
        stores=frozenset({"sqlite"}),
    ),
}
ON_POSTGRES = Spec(
    name="status-update-postgres",
    title="the same on PostgreSQL, our process's CPU, against SQLite",
    target="at most 1.6 x the SQLite figure",
    unit="x",
    at_most=1.6,
    stores=frozenset(STORES),
)
FIGURES: tuple[Spec, ...] = (*AGAINST.values(), ON_POSTGRES)


async def measure(lab: Lab) -> list[Result]:
    """CPU per request of every contestant in every round; the ratios of the medians."""
    lab.progress.expect(1 + lab.plan.rounds * (len(PEERS) + len(lab.plan.stores)))
    lab.progress.step("starting the contestants")
    contestants = [(await our_gateway(lab, store=store, orders=ORDERS))[0] for store in lab.plan.stores]
    missing: dict[str, str] = {}
    if SQLITE in [one.name for one in contestants]:
        for name in PEERS:
            try:
                contestants.append(await peer(lab, name, orders=ORDERS))
            except Fault as fault:
                missing[name] = str(fault)
    cpu_us, per_second = await _rounds(lab, contestants)
    for contestant in contestants:
        await contestant.check()
    return compared(cpu_us, per_second, missing)


async def _rounds(lab: Lab, contestants: list[Contestant]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    cpu_us: dict[str, list[float]] = {one.name: [] for one in contestants}
    per_second: dict[str, list[float]] = {one.name: [] for one in contestants}
    for one in contestants:
        await one.warm_up(CONNECTIONS, lab.plan.warm_up_s)
    for turn in range(lab.plan.rounds):
        for one in contestants:
            lab.progress.step(f"round {turn + 1} of {lab.plan.rounds}, {one.name}")
            cost = await one.sample(CONNECTIONS, lab.plan.sample_s)
            cpu_us[one.name].append(cost.cpu_us)
            per_second[one.name].append(cost.sample.per_second)
    return cpu_us, per_second


def compared(
    cpu_us: Mapping[str, list[float]], per_second: Mapping[str, list[float]], missing: Mapping[str, str]
) -> list[Result]:
    """Each figure that this run has both sides of; those whose peer did not come up have failed."""
    middle = {name: median(values) for name, values in cpu_us.items()}
    detail: JsonObject = {
        "cpu_us": {name: round(value, 1) for name, value in middle.items()},
        "cpu_us_by_round": rounds(cpu_us),
        "per_second": {name: round(median(values), 1) for name, values in per_second.items()},
    }
    results: list[Result] = []
    for name, spec in AGAINST.items():
        if name in middle:
            results.append(spec.result(middle[SQLITE] / middle[name], detail=detail))
        elif name in missing:
            results.append(spec.failed(missing[name]))
    if SQLITE in middle and POSTGRES in middle:
        results.append(ON_POSTGRES.result(middle[POSTGRES] / middle[SQLITE], detail=detail))
    return results
