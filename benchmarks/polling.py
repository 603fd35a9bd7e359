"""Gateways that poll long lists of Cx orders, one list after the other; and zeep, which reads the same list."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.request import ProxyHandler, Request, build_opener

from app.domain.json import JsonObject
from benchmarks.contestants import BACKEND
from benchmarks.gateway import Gateway, Site, new_site
from benchmarks.lab import Lab
from benchmarks.load import Load, status_updates
from benchmarks.processes import Fault, Process
from benchmarks.vendors import CannedVendor, canned_cx
from benchmarks.vendors.cx import TOKEN

CALLERS, PER_S = 4, 50
LIST_WITHIN_S = 60.0
SOONEST_S = 1
"""`poll_s`: a list follows the one before it almost at once."""
STARTED_AFTER_S = 1.0
ON_SITE = b"<StatusCodeId>11</StatusCodeId>"
PATH = "webservice/WSRepairContractorService.svc"
LOOKS_EVERY_S = 0.01


@dataclass(kw_only=True)
class Polling:
    """A gateway, its vendor, and the updates that are sent to it."""

    vendor: CannedVendor
    gateway: Gateway
    load: Load

    async def p99_ms(self, seconds: float) -> float:
        return (await self.load.run(connections=CALLERS, rate=PER_S, seconds=seconds, expected=(201,))).p99_ms

    async def cpu_of_lists(self, count: int, *, changed: int = 0) -> float:
        """CPU seconds of one round of polling, its rest too: from one list that the vendor is asked for to a later one.

        Before each list the vendor changes so many of its orders.
        """
        first = last = await next_list(self.vendor, await lists(self.vendor))
        used = self.gateway.process.cpu_s()
        for _ in range(count):
            await asyncio.to_thread(change, self.vendor, changed)
            last = await next_list(self.vendor, last)
        return (self.gateway.process.cpu_s() - used) / (last - first)


async def start(lab: Lab, orders: int, poll_s: float) -> Polling:
    """A gateway that has taken in the whole list once."""
    vendor, site = await new_polling(lab, orders, poll_s)
    gateway = await site.serve()
    await gateway.knows(orders)
    load = await status_updates(lab, gateway.url, bearer=gateway.bearer, orders=vendor.orders[: 16 * CALLERS])
    return Polling(vendor=vendor, gateway=gateway, load=load)


async def cpu_of_first_list(lab: Lab, orders: int) -> float:
    """CPU seconds of a gateway's first round, its rest too: every order is new to it. What the start costs is left out."""
    vendor, site = await new_polling(lab, orders, SOONEST_S)
    with standing_still(vendor.process):
        gateway = await site.serve()
        await asyncio.sleep(STARTED_AFTER_S)
        used = gateway.process.cpu_s()
    await next_list(vendor, await next_list(vendor, 0))
    used = gateway.process.cpu_s() - used
    await gateway.stop()
    await vendor.process.stop()
    return used


def change(vendor: CannedVendor, count: int) -> None:
    """Others are on site at the last `count` of the vendor's orders, each time anew."""
    for number in vendor.orders[len(vendor.orders) - count :]:
        words = (ON_SITE, b"<WorkOrderId>%d</WorkOrderId>" % number)
        at = b"<StatusDate>%b</StatusDate>" % datetime.now(UTC).isoformat(timespec="milliseconds").encode()
        body = b"<Token>%b</Token>%b%b" % (TOKEN, at, b"".join(words))
        request = Request(f"{vendor.url}/{PATH}", data=body, headers={"SOAPAction": "UpdateRepairWorksOrderStatus"})
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            answer.read()


async def new_polling(lab: Lab, orders: int, poll_s: float) -> tuple[CannedVendor, Site]:
    """A vendor with so many orders, and a configuration that polls it."""
    vendor = await canned_cx(lab, orders=orders)
    return vendor, await new_site(lab, {BACKEND: vendor.section(poll_s=poll_s)}, store=lab.plan.stores[0])


@contextmanager
def standing_still(process: Process) -> Iterator[None]:
    """The process is stopped, so that it takes nothing from whoever is measured, and goes on afterwards."""
    process.check()
    process.running.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.running.send_signal(signal.SIGCONT)


async def lists(vendor: CannedVendor) -> int:
    return (await vendor.counts()).get("lists", 0)


async def next_list(vendor: CannedVendor, after: int) -> int:
    """Wait until the vendor was asked for a further list, and give how many that makes. Raises Fault when none comes."""
    found = after
    try:
        async with asyncio.timeout(LIST_WITHIN_S):
            while (found := await lists(vendor)) <= after:
                await asyncio.sleep(LOOKS_EVERY_S)
            return found
    except TimeoutError:
        raise Fault(f"the vendor was not asked for a list after {after} of them") from None


async def zeep_reads(lab: Lab, vendor: CannedVendor) -> JsonObject:
    """What zeep's own reading of the vendor's list costs: `cpu_s`; and its `bytes` and `orders`."""
    command = [sys.executable, "-m", "benchmarks.peers.zeep_list", "--vendor", vendor.url, "--times", "3"]
    said: JsonObject = json.loads(await lab.output(command, name="zeep"))
    return said
