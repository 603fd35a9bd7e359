"""PostgreSQL killed (SIGKILL of its postmaster) and started again under load, again and again.

Callers may meet 503 with Retry-After, or a broken connection, and nothing else; what was acknowledged is not lost; and
each gateway serves again within 5 s after the database does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import aiohttp

from tests.chaos.checker import Violation, check
from tests.chaos.clients import SECRET
from tests.chaos.gateway_process import GatewayProcess
from tests.chaos.report import Figures, Floors, figures_of
from tests.chaos.run import Lives, Run
from tests.chaos.stores import OwnPostgres
from tests.chaos.world import World

SERVES_WITHIN_S = 5.0
AWAY_S, BACK_S = (0.0, 1.0), (0.4, 1.6)
"""How long the database stays away, and how long it then lives, between these."""


async def deaths(
    world: World, server: OwnPostgres, *, times: int, say: Callable[[str], None] = lambda line: None
) -> Figures:
    """Callers at work while the database dies so many times; then calm, and the account."""
    began = time.monotonic()
    found: list[Violation] = []
    slowest = 0.0
    world.set_to_work()
    for n in range(times):
        await asyncio.sleep(world.dice.uniform(*BACK_S))
        server.kill()
        await asyncio.sleep(world.dice.uniform(*AWAY_S))
        await server.start()
        took = max(await asyncio.gather(*[_serves_after(one) for one in world.gateways]))
        slowest = max(slowest, took)
        if took > SERVES_WITHIN_S:
            found.append(Violation(rule="late", what=f"death {n + 1}: serving {took:.1f} s after the database"))
        world.check_work()
        say(f"{n + 1:,}/{times:,} deaths of PostgreSQL, {world.scores.acknowledged:,} acknowledged")
    resting = Run(world=world, floors=Floors(), lives=Lives(), most_s=0, say=say)
    rest = await resting.rest()
    history = await world.history()
    figures = figures_of(history, store="postgres", seed=world.seed, violations=[*found, *check(history)])
    figures.slowest_to_final_s, figures.wall_s = rest, time.monotonic() - began
    figures.more = {"deaths of PostgreSQL": times, "slowest to serve again, s": round(slowest, 2)}
    if not world.scores.unavailable:
        figures.violations = [*figures.violations, Violation(rule="nothing happened", what="no caller met a 503")]
    return figures


async def _serves_after(gateway: GatewayProcess) -> float:
    """How long until a call that needs the database is answered, in seconds."""
    since = time.monotonic()
    form = {"grant_type": "client_credentials", "client_id": "chaos-0", "client_secret": SECRET}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        while time.monotonic() - since < 2 * SERVES_WITHIN_S:
            async with http.post(f"{gateway.url}/oauth/token", data=form) as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.02)
    return time.monotonic() - since
