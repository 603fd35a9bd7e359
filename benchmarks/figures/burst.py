"""What becomes of 2,000 updates that come at once for a vendor that takes 2 s for each, and of another vendor's callers."""

from __future__ import annotations

from app.domain.json import JsonObject
from benchmarks.bursts import MOST_CONNECTIONS, SMALL, Seen, Size, burst
from benchmarks.figures.result import Result, Spec
from benchmarks.lab import Lab

TITLE = "2,000 updates at once to a vendor that takes 2 s"
ANSWERED = Spec(
    name="burst-answered",
    title=f"{TITLE}: each answered 201 or 202; the last, after the wait was over",
    target="within wait + 1 s",
    unit="s",
    at_most=1.0,
)
APPLIED = Spec(
    name="burst-applied",
    title=f"{TITLE}: all applied, each once",
    target="within 300 s",
    unit="s",
    at_most=300.0,
)
CONNECTIONS = Spec(
    name="burst-connections", title=f"{TITLE}: connections to the vendor", target="at most 16", at_most=MOST_CONNECTIONS
)
MEMORY = Spec(name="burst-memory", title=f"{TITLE}: memory", target="under 300 MiB", unit="MiB", at_most=300.0)
OTHERS = Spec(
    name="burst-other-vendor",
    title=f"{TITLE}: change of the p99 of another vendor's updates meanwhile",
    target="less than 10 %",
    unit="%",
    at_most=10.0,
)
FIGURES: tuple[Spec, ...] = (ANSWERED, APPLIED, CONNECTIONS, MEMORY, OTHERS)


async def measure(lab: Lab) -> list[Result]:
    """One burst: it takes minutes by itself. What is compared is before it, during it and after it."""
    return judged(await burst(lab, SMALL if lab.plan.quick else Size()))


def judged(seen: Seen) -> list[Result]:
    """One result for each clause; the counts are the vendor's own."""
    once = seen.applied == seen.size.updates == seen.counts.get("updates", 0) and seen.counts.get("repeats", 0) == 0
    p99_ms = {when: sample.p99_ms for when, sample in seen.others.items()}
    without = (p99_ms["before"] + p99_ms["after"]) / 2
    detail: JsonObject = {
        "updates": seen.size.updates,
        "statuses": dict(seen.burst.statuses),
        "last_answer_s": round(seen.burst.max_ms / 1000, 3),
        "wait_s": seen.size.wait_s,
        "applied": seen.applied,
        "vendor": dict(seen.counts),
        "least_possible_s": seen.size.drain_s,
        "others_p99_ms": {when: round(value, 2) for when, value in p99_ms.items()},
        "others_longest_ms": {when: round(sample.max_ms, 1) for when, sample in seen.others.items()},
    }
    return [
        ANSWERED.result(seen.burst.max_ms / 1000 - seen.size.wait_s, detail=detail),
        APPLIED.result(seen.applied_s, holds=once, detail=detail),
        CONNECTIONS.result(seen.counts["most_connections"], detail=detail),
        MEMORY.result(seen.peak_rss_mib, detail=detail),
        OTHERS.result((p99_ms["during"] / without - 1) * 100, detail=detail),
    ]
