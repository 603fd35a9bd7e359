"""What the gateway adds to the time of one update, against a zeep client that calls the vendor itself; one caller, no queue."""

from __future__ import annotations

import json
import sys

from app.domain.json import JsonObject
from benchmarks.contestants import our_gateway
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.lab import Lab, median
from benchmarks.vendors import canned_cx

ORDERS = 64
CALLS_PER_S = 150
"""About as many as fit into a second, one after the other; both sides make as many."""
TITLE = "added latency over (d), a direct zeep client, at 1 client"
P50 = Spec(name="latency-p50", title=f"{TITLE}: p50", target="at most 2.5 ms", unit="ms", at_most=2.5)
P99 = Spec(name="latency-p99", title=f"{TITLE}: p99", target="at most 8 ms", unit="ms", at_most=8.0)
FIGURES: tuple[Spec, ...] = (P50, P99)
OURS, DIRECT = "Orderbridge", "direct zeep client"


async def measure(lab: Lab) -> list[Result]:
    """As many calls by either side in each round; the difference of the medians over rounds."""
    calls = max(20, round(lab.plan.sample_s * CALLS_PER_S))
    lab.progress.expect(1 + 2 * lab.plan.rounds)
    lab.progress.step("starting")
    ours, _ = await our_gateway(lab, store=lab.plan.stores[0], orders=ORDERS)
    vendor = await canned_cx(lab, orders=ORDERS)
    direct = [
        sys.executable,
        "-m",
        "benchmarks.peers.direct_zeep",
        "--vendor",
        vendor.url,
        "--calls",
        str(calls),
        "--json",
    ]
    await ours.warm_up(1, lab.plan.warm_up_s)
    p50: dict[str, list[float]] = {OURS: [], DIRECT: []}
    p99: dict[str, list[float]] = {OURS: [], DIRECT: []}
    for turn in range(lab.plan.rounds):
        lab.progress.step(f"round {turn + 1} of {lab.plan.rounds}, direct")
        said = json.loads(await lab.output(direct, name="direct-zeep"))
        p50[DIRECT].append(float(said["p50_ms"]))
        p99[DIRECT].append(float(said["p99_ms"]))
        lab.progress.step(f"round {turn + 1} of {lab.plan.rounds}, through the gateway")
        sample = await ours.load.run(connections=1, each=calls, expected=(201,))
        ours.answered += sample.answered
        p50[OURS].append(sample.p50_ms)
        p99[OURS].append(sample.p99_ms)
    await ours.check()
    detail: JsonObject = {"calls": calls, "p50_ms": rounds(p50), "p99_ms": rounds(p99)}
    return [
        spec.result(median(values[OURS]) - median(values[DIRECT]), detail=detail)
        for spec, values in ((P50, p50), (P99, p99))
    ]
