"""How many status updates one process takes in a second, and what becomes of that when ever more callers come at once."""

from __future__ import annotations

from app.domain.json import JsonObject
from benchmarks.contestants import our_gateway
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.lab import Lab, median

CLIENTS = (16, 256, 1024)
ORDERS = 4096
TITLE = "sustained, one process, canned vendor"
AT_16 = Spec(name="sustained-16", title=f"{TITLE}, 16 clients", target="at least 1,000/s", unit="/s", at_least=1000.0)
AT_256 = Spec(name="sustained-256", title=f"{TITLE}, 256 clients", target="at least 900/s", unit="/s", at_least=900.0)
BEYOND = Spec(
    name="sustained-1024",
    title=f"{TITLE}, 1,024 clients against 256",
    target="no collapse beyond: at least 0.8 x as many, each answered",
    unit="x",
    at_least=0.8,
)
FIGURES: tuple[Spec, ...] = (AT_16, AT_256, BEYOND)
EACH_ANSWERED = (201, 202)


async def measure(lab: Lab) -> list[Result]:
    """The median over rounds of what was answered in a second; every answer was 201, or 202 with more callers than 256."""
    lab.progress.expect(1 + lab.plan.rounds * len(CLIENTS))
    lab.progress.step("starting")
    ours, gateway = await our_gateway(lab, store=lab.plan.stores[0], orders=ORDERS)
    await ours.warm_up(CLIENTS[0], lab.plan.warm_up_s)
    per_second: dict[str, list[float]] = {str(count): [] for count in CLIENTS}
    p99_ms: dict[str, list[float]] = {str(count): [] for count in CLIENTS}
    statuses: dict[str, int] = {}
    for turn in range(lab.plan.rounds):
        for count in CLIENTS:
            lab.progress.step(f"round {turn + 1} of {lab.plan.rounds}, {count} clients")
            expected = EACH_ANSWERED if count == CLIENTS[-1] else (201,)
            sample = await ours.load.run(connections=count, seconds=lab.plan.sample_s, expected=expected)
            per_second[str(count)].append(sample.per_second)
            p99_ms[str(count)].append(sample.p99_ms)
            for status, answers in sample.statuses.items():
                statuses[status] = statuses.get(status, 0) + answers
    detail: JsonObject = {
        "clients": list(CLIENTS),
        "per_second": {count: round(median(values), 1) for count, values in per_second.items()},
        "per_second_by_round": rounds(per_second),
        "p99_ms": {count: round(median(values), 1) for count, values in p99_ms.items()},
        "statuses": statuses,
        "store": lab.plan.stores[0],
        "peak_rss_mib": round(gateway.process.peak_rss_mib(), 1),
    }
    at = [median(values) for values in per_second.values()]
    return [
        AT_16.result(at[0], detail=detail),
        AT_256.result(at[1], detail=detail),
        BEYOND.result(at[2] / at[1], detail=detail),
    ]
