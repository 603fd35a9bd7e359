"""What a live read of one order costs at a vendor that speaks JSON, against a server that only passes its answer through."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.json import JsonObject
from benchmarks.contestants import access_token
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.gateway import new_site
from benchmarks.lab import Lab, median
from benchmarks.load import Bearer, Load, reads
from benchmarks.processes import Fault, Process, free_port
from benchmarks.vendors import CannedVendor, canned_nexusfs

CONNECTIONS = 16
ORDERS = 375 * CONNECTIONS
"""So many that more than a second lies between two reads of one order: what was read within one is not written down again."""
BACKEND = "nexusfs"
NEVER_S = 86_400
OURS, AGAIN, PEER = "Orderbridge", "Orderbridge, the same orders again within a second", "pass-through"
LIVE_READ = Spec(
    name="live-read",
    title="live read of one order at a JSON vendor: CPU per request at 16 connections, against a bare FastAPI + httpx-aiohttp "
    "pass-through",
    target="at most 1.5 x",
    unit="x",
    at_most=1.5,
)
FIGURES: tuple[Spec, ...] = (LIVE_READ,)


@dataclass(kw_only=True)
class Reader:
    """One server that reads orders at a vendor of its own."""

    name: str
    process: Process
    vendor: CannedVendor
    load: Load
    answered: int = field(default=0, init=False)
    per_second: list[float] = field(default_factory=list, init=False)

    async def sample(self, seconds: float | None = None, *, each: int | None = None) -> float:
        """CPU per request in µs. Raises Fault where an answer was not 200."""
        before = self.process.cpu_s()
        sample = await self.load.run(connections=CONNECTIONS, seconds=seconds, each=each, expected=(200,))
        used = self.process.cpu_s() - before
        self.answered += sample.answered
        self.per_second.append(sample.per_second)
        return used / sample.answered * 1e6


async def measure(lab: Lab) -> list[Result]:
    """CPU per request of either in every round; the ratio of the medians. What our copy could answer is in the detail."""
    lab.progress.expect(1 + 3 * lab.plan.rounds)
    lab.progress.step("starting, and each order for the first time")
    orders = 10 * CONNECTIONS if lab.plan.quick else ORDERS
    ours, again = await our_readers(lab, orders=orders)
    readers = (ours, await pass_through(lab, orders=orders), again)
    cpu_us: dict[str, list[float]] = {reader.name: [] for reader in readers}
    await ours.sample(each=orders // CONNECTIONS)
    for reader in readers:
        await reader.sample(lab.plan.warm_up_s)
    for turn in range(lab.plan.rounds):
        for reader in readers:
            lab.progress.step(f"round {turn + 1} of {lab.plan.rounds}, {reader.name}")
            cpu_us[reader.name].append(await reader.sample(lab.plan.sample_s))
    await each_was_live(readers)
    detail: JsonObject = {
        "store": lab.plan.stores[0],
        "orders": orders,
        "per_second": {reader.name: round(median(reader.per_second[-lab.plan.rounds :]), 1) for reader in readers},
    }
    return [judged(cpu_us, detail)]


def judged(cpu_us: Mapping[str, list[float]], more: JsonObject) -> Result:
    middle = {name: median(values) for name, values in cpu_us.items()}
    detail: JsonObject = {
        "cpu_us": {name: round(value, 1) for name, value in middle.items()},
        "cpu_us_by_round": rounds(cpu_us),
        **more,
    }
    return LIVE_READ.result(middle[OURS] / middle[PEER], detail=detail)


async def each_was_live(readers: tuple[Reader, ...]) -> None:
    """Raises Fault unless every vendor was asked as often as its readers' callers were answered."""
    answered: dict[int, int] = {}
    for reader in readers:
        answered[reader.vendor.port] = answered.get(reader.vendor.port, 0) + reader.answered
    for reader in readers:
        asked = (await reader.vendor.counts()).get("reads", 0)
        if asked != answered[reader.vendor.port]:
            raise Fault(f"{reader.name}: {answered[reader.vendor.port]} answers, but the vendor was read {asked} times")


async def our_readers(lab: Lab, *, orders: int) -> tuple[Reader, Reader]:
    """The gateway, each order read once in a while; and the same gateway, a few orders again and again. It does not poll."""
    vendor = await canned_nexusfs(lab, orders=orders)
    site = await new_site(lab, {BACKEND: vendor.section(poll_s=NEVER_S)}, store=lab.plan.stores[0])
    gateway = await site.serve()
    paths = paths_of(vendor)
    loads = [await _load(lab, gateway.url, gateway.bearer, some) for some in (paths, paths[:CONNECTIONS])]
    ours, again = [
        Reader(name=name, process=gateway.process, vendor=vendor, load=load)
        for name, load in zip((OURS, AGAIN), loads, strict=True)
    ]
    return ours, again


async def pass_through(lab: Lab, *, orders: int) -> Reader:
    """It is sent a token as we are, and does not look at it."""
    vendor, port = await canned_nexusfs(lab, orders=orders), free_port()
    command = [sys.executable, "-m", "benchmarks.peers.pass_through", "--port", str(port), "--vendor", vendor.url]
    process = await lab.start(command, name="pass-through", port=port)
    token = access_token(bytes(32))

    async def bearer() -> str:
        return token

    load = await _load(lab, f"http://127.0.0.1:{port}", bearer, paths_of(vendor))
    return Reader(name=PEER, process=process, vendor=vendor, load=load)


def paths_of(vendor: CannedVendor) -> list[str]:
    return [f"/v1/backends/{BACKEND}/work-orders/{number}" for number in vendor.orders]


async def _load(lab: Lab, url: str, bearer: Bearer, paths: list[str]) -> Load:
    return await reads(lab, url, bearer=bearer, paths=paths)
