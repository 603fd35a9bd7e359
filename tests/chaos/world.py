"""One world: vendors behind faulty wires, gateway processes on one database, and callers; made ready, and taken down by pid."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.clients import SCOPES, ClientRecord, secret_digest
from app.ledger import clients as ledger_clients
from app.ledger.open import open_store
from tests.chaos import evidence
from tests.chaos.clients import SECRET, Client, Habits, Scores
from tests.chaos.gateway_process import GatewayProcess
from tests.chaos.history import Effect, History, Sent
from tests.chaos.plan import Plan
from tests.chaos.trades import TRADES, Lane, Trade
from tests.chaos.vendor_process import VendorProcess
from tests.chaos.wire_faults import READS, WRITES
from tests.ports import free_port

FIRST, FIRST_NEW = 300_000, 700_000
"""Where the numbers of orders begin: of those put into a vendor's system, and of those that callers make."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How big a world is; `orders` are each caller's own at Civica Cx, `others` at each other vendor."""

    clients: int = 8
    orders: int = 40
    shared: int = 8
    others: int = 2
    spare: int = 0
    """Orders that no caller turns to by itself."""
    processes: int = 1
    scale: Mapping[str, float] = field(default_factory=dict)
    """How much more often a vendor's wire is faulty than the shares in `wire_faults` say; 1 where it is not named."""


@dataclass(kw_only=True)
class World:
    """`seed` decides who writes what, what the wires spoil and when processes die; the machine decides the rest."""

    database: str
    folder: Path
    seed: int
    size: Size
    plan: Plan
    habits: Habits
    vendors: dict[str, VendorProcess] = field(default_factory=dict)
    gateways: list[GatewayProcess] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    scores: Scores = field(default_factory=Scores)
    dice: random.Random = field(init=False)
    _numbers: dict[str, Iterator[str]] = field(default_factory=dict)
    _working: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.seed}-world")

    def lane(self, trade: Trade) -> Lane:
        """An order that nobody has turned to yet."""
        return Lane(trade=trade, number=next(self._numbers[trade.slug]))

    async def spoil(self) -> None:
        """Have the wires be faulty from now on."""
        for slug, vendor in self.vendors.items():
            scale = self.size.scale.get(slug, 1)
            shares = [{kind: rate * scale for kind, rate in rates.items()} for rates in (WRITES, READS)]
            await vendor.wire(writes=shares[0], reads=shares[1])

    async def calm(self) -> None:
        """Have the wires be good from now on."""
        for vendor in self.vendors.values():
            await vendor.wire(writes={}, reads={})

    async def faults(self) -> Mapping[str, Counter[str]]:
        """The faults so far, by vendor and kind."""
        told = await asyncio.gather(*[vendor.wire() for vendor in self.vendors.values()])
        return {slug: Counter(faults) for slug, faults in zip(self.vendors, told, strict=True)}

    def set_to_work(self) -> None:
        self._working = [asyncio.create_task(client.run()) for client in self.clients]

    async def stop_work(self) -> None:
        """Let each caller end the write under way; one that is not answered by then stays unknown to it."""
        for client in self.clients:
            client.stopping = True
        await asyncio.gather(*self._working)

    def check_work(self) -> None:
        """Raise what a caller's task raised, should one have ended."""
        for task in self._working:
            if task.done():
                task.result()

    async def history(self) -> History:
        """Everything that the run left behind."""
        effects: list[Effect] = []
        sent: list[Sent] = []
        for vendor in self.vendors.values():
            effects += await vendor.effects()
            sent += await vendor.sent()
        return History(
            calls=[call for client in self.clients for call in client.calls],
            effects=effects,
            sent=sent,
            kept=await evidence.kept(self.database),
            holds=await evidence.holds(self.database),
            events=await evidence.events(self.database),
            strange=list(self.scores.strange),
        )


@asynccontextmanager
async def world(
    database: str,
    folder: Path,
    *,
    seed: int,
    size: Size | None = None,
    plan: Plan | None = None,
    habits: Habits | None = None,
    slugs: Sequence[str] = tuple(TRADES),
) -> AsyncIterator[World]:
    """A world on this migrated database, its gateways answering, its wires still good, its callers still idle."""
    made = World(
        database=database,
        folder=folder,
        seed=seed,
        size=size or Size(),
        plan=plan or Plan(),
        habits=habits or Habits(),
    )
    try:
        await _add_clients(made)
        await _start_vendors(made, slugs)
        _add_gateways(made)
        await asyncio.gather(*[one.start() for one in made.gateways])
        made.clients = [_client(made, n, slugs) for n in range(made.size.clients)]
        yield made
    finally:
        await asyncio.gather(*[one.kill() for one in made.gateways], *[one.kill() for one in made.vendors.values()])


async def _add_clients(of: World) -> None:
    store = open_store(of.database, folder=of.folder, owner=False)
    await store.open()
    for n in range(of.size.clients):
        record = ClientRecord(
            id=f"chaos-{n}",
            tenant="acme",
            secret_sha256=secret_digest(SECRET),
            scopes=frozenset(SCOPES),
            backends=frozenset(trade.backend for trade in TRADES.values()),
            revoked=False,
        )
        await store.write(ledger_clients.put(record, now=1))
    await store.close()


async def _start_vendors(of: World, slugs: Sequence[str]) -> None:
    for at, slug in enumerate(slugs):
        of.vendors[slug] = VendorProcess(
            slug=slug,
            folder=of.folder,
            seed=of.seed + at,
            deadline_s=of.plan.deadline_s,
            settle_s=of.plan.settle_s,
        )
    await asyncio.gather(*[vendor.start() for vendor in of.vendors.values()])
    for slug, vendor in of.vendors.items():
        if TRADES[slug].creates:
            of._numbers[slug] = map(str, itertools.count(FIRST_NEW))
        else:
            count = of.size.clients * max(of.size.orders, of.size.others) + of.size.shared + of.size.spare
            numbers = await vendor.add_orders(count, first=FIRST)
            of._numbers[slug] = iter(numbers[of.size.shared :])


def _add_gateways(of: World) -> None:
    backends = {vendor.backend: vendor.section for vendor in of.vendors.values()}
    for n in range(of.size.processes):
        of.gateways.append(
            GatewayProcess(
                database=of.database,
                backends=backends,
                plan=of.plan,
                port=free_port(),
                folder=of.folder,
                name=f"gateway-{n}",
            )
        )


def _client(of: World, number: int, slugs: Sequence[str]) -> Client:
    lanes: list[Lane] = []
    for slug in slugs:
        count = of.size.orders if slug == "civica_cx" else of.size.others
        lanes += [of.lane(TRADES[slug]) for _ in range(count)]
    if "civica_cx" in slugs:
        shared = range(FIRST, FIRST + of.size.shared)
        lanes += [Lane(trade=TRADES["civica_cx"], number=str(order), shared=True) for order in shared]
    random.Random(f"{of.seed}-lanes-{number}").shuffle(lanes)
    return Client(
        number,
        lanes,
        urls=[one.url for one in of.gateways],
        seed=of.seed,
        scores=of.scores,
        habits=of.habits,
        new_lane=lambda lane: of.lane(lane.trade),
    )
