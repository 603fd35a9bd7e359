"""The main run: callers at work, wires faulty, gateway processes killed at random moments; then calm, and the account."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos import evidence
from tests.chaos.checker import check
from tests.chaos.person import Person
from tests.chaos.report import FINAL_WITHIN_S, Figures, Floors, added, figures_of
from tests.chaos.vendor_process import VendorProcess
from tests.chaos.world import FIRST, World

Say = Callable[[str], None]
REFUSE_EVERY_S, REFUSE_FOR_S = 6.0, 0.25
"""How often a vendor refuses connections, and for how long: the gateway pauses that backend each time."""
BUSINESS_EVERY_S = 3.0
"""How often a vendor refuses an update by its own rules: what is queued behind it then stops in a hold, for a person."""
SAY_EVERY_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Lives:
    """How long a gateway lives before it is killed, in seconds, and how often two are killed at once."""

    shortest: float = 0.05
    longest: float = 0.7
    both: float = 0.3


@dataclass(kw_only=True)
class Run:
    """One run in a world; `most_s` bounds its work, besides the time to come to rest."""

    world: World
    floors: Floors
    lives: Lives
    most_s: float
    say: Say
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    @property
    def enough(self) -> bool:
        """Whether every floor is reached, or the time is over."""
        return time.monotonic() - self.began > self.most_s or (
            self.kills >= self.floors.kills
            and self.world.scores.acknowledged >= self.floors.acknowledged
            and self.faults.total() >= self.floors.faults
        )

    async def work(self) -> None:
        """Until it is enough."""
        self.world.set_to_work()
        await self.world.spoil()
        others = (self._kill, self._refuse_connections, self._refuse_updates, Person(self.world).run)
        pests = [asyncio.create_task(one()) for one in others]
        said = 0.0
        try:
            while not self.enough:
                await asyncio.sleep(0.5)
                self.world.check_work()
                for pest in pests:
                    if pest.done():
                        pest.result()
                self.faults = Counter(added(await self.world.faults()))
                if time.monotonic() - said > SAY_EVERY_S:
                    said = time.monotonic()
                    self.say(self.progress)
        finally:
            for pest in pests:
                pest.cancel()
            await asyncio.gather(*pests, return_exceptions=True)

    @property
    def progress(self) -> str:
        scores, seconds = self.world.scores, time.monotonic() - self.began
        return (
            f"{seconds:5.0f} s  {self.kills:,}/{self.floors.kills:,} kills  "
            f"{scores.acknowledged:,}/{self.floors.acknowledged:,} acknowledged  "
            f"{self.faults.total():,}/{self.floors.faults:,} faults"
        )

    async def rest(self) -> float:
        """Faults stop, every gateway runs; gives how long until nothing was under way any more, in seconds."""
        await self.world.stop_work()
        for gateway in self.world.gateways:
            if not gateway.runs:
                await gateway.kill()
                await gateway.start()
        await self.world.calm()
        since, said = time.monotonic(), 0.0
        while True:
            for gateway in self.world.gateways:
                gateway.check()
            left = await evidence.under_way(self.world.database)
            took = time.monotonic() - since
            if not left or took > FINAL_WITHIN_S + 5:
                return took
            if took - said > SAY_EVERY_S:
                said = took
                self.say(f"calm for {took:.0f} s, {left:,} operations under way")
            await asyncio.sleep(0.2)

    async def _kill(self) -> None:
        """Kill and start again; with two processes now one, now both."""
        dice, gateways = self.world.dice, self.world.gateways
        while self.kills < self.floors.kills:
            await asyncio.sleep(dice.uniform(self.lives.shortest, self.lives.longest))
            both = dice.random() < self.lives.both
            dying = gateways if both else [dice.choice(gateways)]
            await asyncio.gather(*[one.kill() for one in dying])
            self.kills += len(dying)
            await asyncio.gather(*[one.start() for one in dying])

    async def _refuse_connections(self) -> None:
        while True:
            await asyncio.sleep(REFUSE_EVERY_S)
            vendors: list[VendorProcess] = list(self.world.vendors.values())
            await self.world.dice.choice(vendors).wire(refuse_s=REFUSE_FOR_S)

    async def _refuse_updates(self) -> None:
        """The vendor refuses one update of an order by its own rules."""
        vendor = self.world.vendors.get("civica_cx")
        size = self.world.size
        while vendor is not None:
            await asyncio.sleep(BUSINESS_EVERY_S)
            order = FIRST + size.shared + self.world.dice.randrange(size.clients * size.orders)
            fault = {"kind": "refuse", "on": "write", "order": str(order), "count": 1}
            await vendor.call("POST", f"{vendor.url}/_sim/faults", fault)


async def run(
    world: World,
    *,
    store: str,
    floors: Floors,
    lives: Lives | None = None,
    most_s: float,
    say: Say = lambda line: None,
) -> Figures:
    """The whole run, and what it came to."""
    made = Run(world=world, floors=floors, lives=lives or Lives(), most_s=most_s, say=say)
    await made.work()
    slowest = await made.rest()
    faults = added(await world.faults())
    history = await world.history()
    figures = figures_of(history, store=store, seed=world.seed, violations=check(history))
    figures.kills, figures.faults, figures.slowest_to_final_s = made.kills, faults, slowest
    figures.wall_s = time.monotonic() - made.began
    return figures
