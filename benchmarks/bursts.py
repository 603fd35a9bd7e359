"""A burst: many updates at once for a vendor that is slow, while another vendor's callers go on; and what was seen of it."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.gateway import PAGE, Gateway, new_site
from benchmarks.lab import Lab
from benchmarks.load import Load, Sample, status_updates
from benchmarks.vendors import canned_cx

SLOW, OTHER = "slow-cx", "other-cx"
MOST_CONNECTIONS = 16
"""`max_connections`, as the product has it where the configuration says nothing."""
GIVE_UP_S = 600.0
OPEN = ("queued", "sending", "verifying", "unknown")
OTHERS_CALLERS, OTHERS_PER_S = 4, 50
OTHERS_PREFER = {"Prefer": "wait=25"}
"""They wait for the vendor however long it takes: each answer is 201."""
LOOKS_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a burst is."""

    updates: int = 2000
    delay_s: float = 2.0
    wait_s: float = 8.0

    @property
    def drain_s(self) -> float:
        """The least time in which all can be applied."""
        return self.updates * self.delay_s / MOST_CONNECTIONS


SMALL = Size(updates=48, delay_s=0.2, wait_s=0.5)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a burst was seen to do. `others` are the other vendor's callers: before, during and after."""

    size: Size
    burst: Sample
    applied_s: float
    applied: int
    counts: Mapping[str, int]
    peak_rss_mib: float
    others: Mapping[str, Sample]


async def burst(lab: Lab, size: Size, *, max_connections: int = MOST_CONNECTIONS) -> Seen:
    lab.progress.expect(5)
    lab.progress.step("starting")
    allow_files(2 * size.updates + 1000)
    slow = await canned_cx(lab, orders=size.updates, delay_ms=size.delay_s * 1000)
    other = await canned_cx(lab, orders=4 * OTHERS_CALLERS)
    backends = {SLOW: slow.section(max_connections=max_connections), OTHER: other.section()}
    wait = {"delivery": {"wait_s": size.wait_s}}
    gateway = await (await new_site(lab, backends, store=lab.plan.stores[0], sections=wait)).serve()
    for name, vendor in ((SLOW, slow), (OTHER, other)):
        await gateway.knows(len(vendor.orders), backend=name)
    many = await status_updates(lab, gateway.url, bearer=gateway.bearer, orders=slow.orders, backend=SLOW)
    steady = await status_updates(
        lab, gateway.url, bearer=gateway.bearer, orders=other.orders, backend=OTHER, headers=OTHERS_PREFER
    )
    await light(steady, lab.plan.warm_up_s)
    lab.progress.step("before")
    before = await light(steady, lab.plan.seconds)
    await slow.forget_peaks()
    lab.progress.step(f"{size.updates} updates at once")
    during = asyncio.create_task(light(steady, size.drain_s))
    began = time.perf_counter()
    sample = await many.run(connections=size.updates, each=1, expected=(201, 202))
    lab.progress.step("until all are applied")
    applied_s = await settled(gateway, began)
    others = {"before": before, "during": await during}
    lab.progress.step("after")
    others["after"] = await light(steady, lab.plan.seconds)
    return Seen(
        size=size,
        burst=sample,
        applied_s=applied_s,
        applied=await applied(gateway),
        counts=await slow.counts(),
        peak_rss_mib=gateway.process.peak_rss_mib(),
        others=others,
    )


async def light(load: Load, seconds: float) -> Sample:
    return await load.run(connections=OTHERS_CALLERS, rate=OTHERS_PER_S, seconds=seconds, expected=(201, 202))


def allow_files(count: int) -> None:
    """Let processes started from now on have so many open files, the gateway too, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def settled(gateway: Gateway, began: float) -> float:
    """Wait until no operation of the slow backend is open, and give the seconds since; no number when that takes too long."""
    for state in OPEN:
        while (await gateway.get(f"/v1/operations?backend={SLOW}&state={state}&limit=1"))["items"]:
            if time.perf_counter() - began > GIVE_UP_S:
                return float("inf")
            await asyncio.sleep(LOOKS_EVERY_S)
    return time.perf_counter() - began


async def applied(gateway: Gateway) -> int:
    """How many operations of the slow backend are applied."""
    found, cursor = 0, ""
    while True:
        page = await gateway.get(f"/v1/operations?backend={SLOW}&state=applied&limit={PAGE}{cursor}")
        items, onward = page["items"], page["next"]
        assert isinstance(items, list)
        found += len(items)
        if onward is None:
            return found
        cursor = f"&cursor={onward}"
