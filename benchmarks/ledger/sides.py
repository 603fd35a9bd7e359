"""The two that are compared, each with a vendor of its own: a small ledger and a full one."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

from app.domain.json import JsonObject
from app.domain.times import SECOND, now_micros
from benchmarks.gateway import CLIENT, Gateway, Site, new_site
from benchmarks.generator import one_run
from benchmarks.lab import Lab
from benchmarks.ledger.calls import ListCall, Lists, Places
from benchmarks.ledger.loading import postgres_bytes, sqlite_bytes
from benchmarks.ledger.past import FIRST_ENDED, Size
from benchmarks.ledger.reading import numbers, texts
from benchmarks.load import Load, Sample, status_updates
from benchmarks.processes import Fault
from benchmarks.vendors import CannedVendor, canned_cx
from benchmarks.workload import Reads

OPERATIONS = "BENCH_OPERATIONS"
"""The environment's word for how many operations the full ledger has; its orders are a tenth of that."""
FULL_OPERATIONS, QUICK_OPERATIONS = 5_000_000, 500_000
OPEN = 512
ENOUGH_OLD = 100_000
"""For the reaper to have something to do for as long as it is looked at."""
RESOLVED = 200
"""Holds of the small one: some pages of them."""
SELDOM_S = 86_400
FILLED_WITHIN_S = 4 * 3600.0
POLLED_WITHIN_S = 300.0
SAMPLED = 40
PACED = (sys.executable, "-P", "-m", "benchmarks.ledger.serve_paced")
NOT_TODAY_S = "86400"
"""Nothing is cleared up while lists are read."""
STOPPED_ONCE = (
    "SELECT work_order FROM order_hold WHERE tenant = 'bench'"
    " GROUP BY work_order HAVING count(*) = 1 ORDER BY max(opened_at) DESC LIMIT 1"
)
"""Of both sides the same is asked for: a number that was held once, at whichever backend."""


def full_size(*, quick: bool) -> Size:
    return size_of(int(os.environ.get(OPERATIONS, QUICK_OPERATIONS if quick else FULL_OPERATIONS)))


def size_of(operations: int) -> Size:
    """A full ledger with so many operations."""
    return Size(
        operations=operations,
        orders=operations // 10,
        open_orders=OPEN,
        old=max(operations // 10, min(operations // 2, ENOUGH_OLD)),
        resolved=max(RESOLVED, operations // 1000),
    )


def small_size(full: Size) -> Size:
    """As many open orders, and no more that have ended: its pages are as full as those of the full ledger."""
    share = max(full.shares.values()) / full.orders
    orders = max(20, round(2 * min(OPEN, full.open_of("civica-cx")) / share))
    operations = orders * full.operations // full.orders
    return Size(operations=operations, orders=orders, open_orders=OPEN, old=operations // 10, resolved=RESOLVED)


@dataclass(kw_only=True)
class Side:
    """One ledger, its gateway, and load on it."""

    name: str
    size: Size
    site: Site
    gateway: Gateway
    vendor: CannedVendor
    load: Load
    filled_at: int
    size_bytes: Mapping[str, int]
    """What the fill added, by table, with its indexes."""
    calls: Sequence[ListCall] = ()
    items: dict[str, int] = field(default_factory=dict)
    """How many of them each call answers with."""

    @property
    def bytes_each(self) -> float:
        """What each operation takes, with its attempts, key and events, and its share of its order."""
        return sum(self.size_bytes.values()) / self.size.operations

    async def stop(self) -> None:
        await self.load.stop()
        await self.gateway.stop()
        await self.vendor.process.stop()

    async def update(self, connections: int, seconds: float, *, rate: float | None = None) -> Sample:
        return await self.load.run(connections=connections, seconds=seconds, rate=rate, expected=(201,))

    async def read(self, call: ListCall, *, connections: int, seconds: float) -> tuple[float, float]:
        """Ask again and again; gives p50 and p99 in ms. Raises Fault where an answer was not 200.

        The process of the run asks by itself: it has nothing else to do meanwhile.
        """
        url = self.gateway.url
        work = Reads(url.removeprefix("http://"), {"paths": list(call.paths), "headers": {}})
        told: JsonObject = {"connections": connections, "seconds": seconds, "each": None, "rate": None}
        said = await one_run(work, url, {**told, "expected": [200], "bearer": await self.gateway.bearer()})
        if said["faults"]:
            raise Fault(f"{call.name}: {said['wrong']} answers were wrong, such as {said['faults']}")
        p50, p99 = said["p50_ms"], said["p99_ms"]
        assert isinstance(p50, float)
        assert isinstance(p99, float)
        return p50, p99

    async def look(self, call: ListCall) -> int:
        """Note how many items the call answers with, and give it. Raises Fault where that is none and should be some."""
        items = (await self.gateway.get(call.paths[0]))["items"]
        assert isinstance(items, Sequence)
        self.items[call.name] = len(items)
        if call.finds and not items:
            raise Fault(f"{self.name}: {call.name} finds nothing")
        return len(items)


async def filled_side(lab: Lab, name: str, size: Size, *, store: str) -> Side:
    """A ledger of this size with a gateway at work, which has polled once. Raises Fault."""
    vendor = await canned_cx(lab, orders=OPEN)
    section = vendor.section()
    others = {backend: {**section, "poll_s": SELDOM_S} for backend in size.backends}
    site = await new_site(lab, {**others, "civica-cx": section}, store=store)
    before = await _bytes(site.database)
    fill = [sys.executable, "-m", "benchmarks.ledger.fill", "--database", site.database]
    options = {
        "operations": size.operations,
        "orders": size.orders,
        "open-orders": size.open_orders,
        "old": size.old,
        "resolved": size.resolved,
    }
    filled_at = now_micros()
    await lab.output(
        [*fill, *(word for key, value in options.items() for word in (f"--{key}", str(value)))],
        name="fill",
        within_s=FILLED_WITHIN_S,
    )
    after = await _bytes(site.database)
    gateway = await site.serve(program=PACED, REAPS_EVERY_S=NOT_TODAY_S)
    load = await status_updates(lab, gateway.url, bearer=gateway.bearer, orders=size.free("civica-cx"))
    side = Side(
        name=name,
        size=size,
        site=site,
        gateway=gateway,
        vendor=vendor,
        load=load,
        filled_at=filled_at,
        size_bytes={table: count - before.get(table, 0) for table, count in after.items()},
    )
    await polled(side, since=filled_at)
    side.calls = Lists(site.signing_key, await _places(side)).calls()
    return side


async def polled(side: Side, *, since: int) -> None:
    """Wait until each backend has been polled. Raises Fault when that takes too long."""
    ends = time.monotonic() + POLLED_WITHIN_S
    rounds = f"SELECT count(*) FROM poll_round WHERE completed_at > {since}"
    while await numbers(side.site.database, rounds) != [len(side.size.backends)]:
        side.gateway.process.check()
        if time.monotonic() > ends:
            raise Fault(f"the first list was not taken in: {side.gateway.process.words()}")
        await asyncio.sleep(0.2)


async def _places(side: Side) -> Places:
    size, url = side.size, side.site.database
    backend, *_, small = size.backends
    ended = size.shares[backend] - size.open_of(backend)
    some = [str(FIRST_ENDED + ended * n // SAMPLED) for n in range(SAMPLED)]
    open_ = [str(number) for number in size.free(backend)[:: max(1, len(size.free(backend)) // SAMPLED)]]
    mine = "SELECT DISTINCT work_order FROM operation WHERE tenant = 'bench' AND backend = '{}' AND work_order IN ({})"
    listed = ["', '".join(names) for names in (some, open_)]
    ours = [await texts(url, mine.format(backend, f"'{names}'")) for names in listed]
    (last,) = await numbers(url, "SELECT max(id) FROM event")
    stopped = await texts(url, STOPPED_ONCE)
    if not stopped:
        raise Fault(f"{side.name}: no order was held once")
    return Places(
        backend=backend,
        small_backend=small,
        middle=side.filled_at - size.span_s * SECOND // 2,
        last_event=last,
        ended=ours[0],
        open_orders=ours[1],
        held=stopped[0],
    )


async def _bytes(url: str) -> Mapping[str, int]:
    if make_url(url).get_backend_name() == "sqlite":
        return await asyncio.to_thread(sqlite_bytes, Path(make_url(url).database or ""))
    return await postgres_bytes(url)


assert CLIENT == "bench", "the caller of the benchmarks is one of those whose past is made"
