"""What polling a list of 5,000 Cx orders costs, all new or most as they were; who waits on the loop; what updates see of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from app.domain.json import JsonObject
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.lab import Lab, median
from benchmarks.polling import (
    SOONEST_S,
    cpu_of_first_list,
    new_polling,
    next_list,
    standing_still,
    start,
    zeep_reads,
)
from benchmarks.watching import Told, serve_watched

ORDERS, FEW = 5000, 300
NEVER_S = 86_400
"""`poll_s`: there is no list but the first."""
CHANGED = 100
"""One order of so many is another than it was in the list before."""
TITLE = "list of 5,000 Cx orders polled and stored"
BLOCKED = Spec(
    name="long-list-loop",
    title=f"{TITLE}: longest time that the event loop is blocked",
    target="never over 20 ms",
    unit="ms",
    at_most=20.0,
)
CPU = Spec(
    name="long-list-cpu",
    title=f"{TITLE}, 1 % of them changed since the last list: CPU of zeep's own parse, in times of all that we do",
    target="at least 4 x",
    unit="x",
    at_least=4.0,
)
FIRST = Spec(
    name="long-list-first",
    title=f"{TITLE}, all of them new: CPU of zeep's own parse, in times of all that we do",
    target="at least 4 x",
    unit="x",
    at_least=4.0,
)
P99 = Spec(
    name="long-list-update",
    title=f"{TITLE}: change of an update's p99 meanwhile",
    target="less than 20 %",
    unit="%",
    at_most=20.0,
)
BESIDE = Spec(
    name="long-list-update-beside",
    title=f"{TITLE}: the same against an update while another gateway of the machine polls such lists",
    target="less than 20 %",
    unit="%",
    at_most=20.0,
)
FIGURES: tuple[Spec, ...] = (BLOCKED, CPU, FIRST, P99, BESIDE)


async def measure(lab: Lab) -> list[Result]:
    """First the watch, then the costs in rounds: zeep, ours, an update with no list and one with."""
    orders = FEW if lab.plan.quick else ORDERS
    lab.progress.expect(2 + 6 * lab.plan.rounds)
    lab.progress.step("watching the loop")
    watched = await watch(lab, orders)
    lab.progress.step("starting")
    polling, quiet = [await start(lab, orders, poll_s) for poll_s in (SOONEST_S, NEVER_S)]
    cpu_s: dict[str, list[float]] = {"zeep's parse": [], "all new": [], "1 % changed": [], "nothing changed": []}
    lists = 1 if lab.plan.quick else max(3, round(lab.plan.sample_s / 2))
    p99_ms: dict[str, list[float]] = {"no list": [], "lists": [], "another's lists": []}
    for _ in range(2):
        await quiet.p99_ms(lab.plan.warm_up_s)
    zeep: JsonObject = {}
    for turn in range(lab.plan.rounds):
        word = f"round {turn + 1} of {lab.plan.rounds}"
        with standing_still(polling.gateway.process):
            lab.progress.step(f"{word}, zeep")
            zeep = await zeep_reads(lab, polling.vendor)
            cpu_s["zeep's parse"].append(float(str(zeep["cpu_s"])))
            lab.progress.step(f"{word}, a first list")
            cpu_s["all new"].append(await cpu_of_first_list(lab, orders))
            lab.progress.step(f"{word}, updates without lists")
            p99_ms["no list"].append(await quiet.p99_ms(lab.plan.sample_s))
        lab.progress.step(f"{word}, updates beside another's lists")
        p99_ms["another's lists"].append(await quiet.p99_ms(lab.plan.sample_s))
        lab.progress.step(f"{word}, updates meanwhile")
        p99_ms["lists"].append(await polling.p99_ms(lab.plan.sample_s))
        lab.progress.step(f"{word}, lists")
        cpu_s["nothing changed"].append(await polling.cpu_of_lists(lists))
        cpu_s["1 % changed"].append(await polling.cpu_of_lists(lists, changed=orders // CHANGED))
    more: JsonObject = {"store": lab.plan.stores[0], "orders": orders, "bytes": zeep["bytes"], "poll_s": SOONEST_S}
    return judged(watched, cpu_s, p99_ms, more)


def judged(
    watched: Mapping[str, Told], cpu_s: Mapping[str, list[float]], p99_ms: Mapping[str, list[float]], more: JsonObject
) -> list[Result]:
    """The worst of the watch; ratios of the medians of CPU; of the latencies of one round, the median of its ratios."""
    cpu, p99 = ({name: median(values) for name, values in of.items()} for of in (cpu_s, p99_ms))
    detail: JsonObject = {
        **more,
        "blocked_ms": {when: [round(one["blocked"], 1) for one in told.longest[:5]] for when, told in watched.items()},
        "longest": {when: dict(told.longest[0]) for when, told in watched.items() if told.longest},
        "cpu_s": {name: round(value, 3) for name, value in cpu.items()},
        "cpu_s_by_round": rounds(cpu_s),
        "p99_ms": {name: round(value, 2) for name, value in p99.items()},
        "p99_ms_by_round": rounds(p99_ms),
    }
    return [
        BLOCKED.result(max(told.blocked_ms for told in watched.values()), detail=detail),
        CPU.result(_times(cpu, "1 % changed"), detail=detail),
        FIRST.result(_times(cpu, "all new"), detail=detail),
        P99.result(_change(p99_ms["lists"], p99_ms["no list"]), detail=detail),
        BESIDE.result(_change(p99_ms["lists"], p99_ms["another's lists"]), detail=detail),
    ]


def _change(now: Sequence[float], before: Sequence[float]) -> float:
    """In percent. A shared machine is another every few minutes: samples are compared that stood side by side."""
    return (median([one / other for one, other in zip(now, before, strict=True)]) - 1) * 100


def _times(cpu: Mapping[str, float], ours: str) -> float:
    return cpu["zeep's parse"] / cpu[ours] if cpu[ours] else float("nan")


async def watch(lab: Lab, orders: int) -> Mapping[str, Told]:
    """The loop of a gateway that takes all orders in for the first time, and then again and again."""
    vendor, site = await new_polling(lab, orders, SOONEST_S)
    watched = await serve_watched(site)
    await next_list(vendor, 1)
    first = await watched.told()
    await asyncio.sleep(lab.plan.seconds / 2)
    told = {"the first list": first, "later lists": await watched.told()}
    await watched.gateway.stop()
    return told
