"""What status updates cost when two gateways share one PostgreSQL, against one gateway that has it for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.domain.json import JsonObject
from benchmarks.contestants import BACKEND
from benchmarks.figures.result import Result, Spec, rounds
from benchmarks.gateway import Gateway, new_site
from benchmarks.lab import Lab, median
from benchmarks.load import Load, status_updates
from benchmarks.lock_waits import LockWait, log_lock_waits
from benchmarks.postgres import Postgres
from benchmarks.processes import Fault
from benchmarks.vendors import CannedVendor, canned_cx

CONNECTIONS = 16
"""In all, whether they go to one gateway or by halves to two."""
ORDERS = 512
POLL_S = 5
"""Lists are taken in meanwhile, by either gateway in its turn: orders that are updated then are locked by both."""
LONGEST_WAIT_MS = 50
ONE, TWO = "one process", "two processes"
TITLE = "two processes on one PostgreSQL"
CPU = Spec(
    name="two-processes-cpu",
    title=f"{TITLE}: CPU per update of both together",
    target="at most 1.1 x one process",
    unit="x",
    at_most=1.1,
    stores=frozenset({"postgres"}),
)
WAITS = Spec(
    name="two-processes-lock-wait",
    title=f"{TITLE}: longest wait for a lock, of those over 50 ms",
    target="none over 50 ms",
    unit="ms",
    at_most=LONGEST_WAIT_MS,
    stores=frozenset({"postgres"}),
)
FIGURES: tuple[Spec, ...] = (CPU, WAITS)


@dataclass(kw_only=True)
class Side:
    """The gateways of one database, with a vendor and a load of their own."""

    name: str
    gateways: Sequence[Gateway]
    vendor: CannedVendor
    loads: Sequence[Load]
    server: Postgres
    database: str
    answered: int = field(default=0, init=False)
    per_second: list[float] = field(default_factory=list, init=False)
    server_us: list[float] = field(default_factory=list, init=False)

    async def sample(self, seconds: float) -> float:
        """CPU per update in µs, of all gateways. Raises Fault where an answer was not 201."""
        used, by_server = self._cpu_s(), self.server.cpu_s()
        each = CONNECTIONS // len(self.loads)
        samples = await asyncio.gather(
            *[load.run(connections=each, seconds=seconds, expected=(201,)) for load in self.loads]
        )
        answered = sum(sample.answered for sample in samples)
        used, by_server = self._cpu_s() - used, self.server.cpu_s() - by_server
        self.answered += answered
        self.per_second.append(sum(sample.per_second for sample in samples))
        self.server_us.append(by_server / answered * 1e6)
        return used / answered * 1e6

    def _cpu_s(self) -> float:
        return sum(gateway.process.cpu_s() for gateway in self.gateways)

    async def check(self) -> None:
        """Raises Fault unless the vendor was sent each update once."""
        counts = await self.vendor.counts()
        if counts.get("updates", 0) != self.answered or counts.get("repeats", 0):
            raise Fault(f"{self.name}: {self.answered} answers of 201, but the vendor counts {dict(counts)}")


async def measure(lab: Lab) -> list[Result]:
    """Both sides by turns on one server, a database for each; its log is read at the end. Nothing where it is not wanted."""
    if "postgres" not in lab.plan.stores:
        return []
    lab.progress.expect(1 + 2 * lab.plan.rounds)
    lab.progress.step("starting")
    waits = await log_lock_waits(await lab.postgres(), over_ms=LONGEST_WAIT_MS)
    sides = [await side(lab, name, processes, orders=ORDERS) for name, processes in ((ONE, 1), (TWO, 2))]
    cpu_us: dict[str, list[float]] = {one.name: [] for one in sides}
    for one in sides:
        await one.sample(lab.plan.warm_up_s)
    waits.begin()
    for turn in range(lab.plan.rounds):
        for one in sides:
            lab.progress.step(f"round {turn + 1} of {lab.plan.rounds}, {one.name}")
            cpu_us[one.name].append(await one.sample(lab.plan.sample_s))
    for one in sides:
        await one.check()
    waited = {one.name: [wait for wait in waits.seen() if wait.database == one.database] for one in sides}
    return judged(cpu_us, waited, sides_in_words(sides))


async def side(lab: Lab, name: str, processes: int, *, orders: int) -> Side:
    """So many gateways on a database of their own; each is sent updates of orders of its own."""
    vendor, server = await canned_cx(lab, orders=orders), await lab.postgres()
    database = await server.new_database()
    site = await new_site(lab, {BACKEND: vendor.section(poll_s=POLL_S)}, store=database)
    gateways = [await site.serve() for _ in range(processes)]
    await gateways[0].knows(orders)
    loads = [
        await status_updates(lab, gateway.url, bearer=gateway.bearer, orders=vendor.orders[n::processes])
        for n, gateway in enumerate(gateways)
    ]
    return Side(name=name, gateways=gateways, vendor=vendor, loads=loads, server=server, database=name_of(database))


def name_of(database: str) -> str:
    """Of a database's URL."""
    return urlsplit(database).path.removeprefix("/")


def sides_in_words(sides: Sequence[Side]) -> JsonObject:
    return {
        "per_second": {one.name: round(median(one.per_second[1:]), 1) for one in sides},
        "postgres_us": {one.name: round(median(one.server_us[1:]), 1) for one in sides},
    }


def judged(
    cpu_us: Mapping[str, list[float]], waits: Mapping[str, Sequence[LockWait]], more: JsonObject
) -> list[Result]:
    """Where no wait was logged there was none over the limit: 0 ms."""
    middle = {name: median(values) for name, values in cpu_us.items()}
    longest = {name: sorted(of, key=lambda one: -one.lasted_ms) for name, of in waits.items()}
    detail: JsonObject = {
        "cpu_us": {name: round(value, 1) for name, value in middle.items()},
        "cpu_us_by_round": rounds(cpu_us),
        **more,
        "lock_waits": {name: len(of) for name, of in longest.items()},
        "longest_lock_waits": {
            name: [f"{one.lock}: {one.lasted_ms:.1f} ms" for one in of[:5]] for name, of in longest.items()
        },
    }
    return [
        CPU.result(middle[TWO] / middle[ONE], detail=detail),
        WAITS.result(longest[TWO][0].lasted_ms if longest[TWO] else 0.0, detail=detail),
    ]
