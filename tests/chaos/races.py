"""Same-key races: fifty identical requests at once and one that differs, with one key, round after round.

Each round has to leave one effect, fifty receipts that name one operation, byte for byte the same once it is final, and a 422
for the one that differs. A 202 is a look at an open operation, not a receipt: such a caller asks once more.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from tests.chaos.checker import Violation
from tests.chaos.clients import SECRET
from tests.chaos.report import Figures
from tests.chaos.trades import CX, Lane, Request
from tests.chaos.world import World

WIDE, AT_ONCE = 50, 5
"""Requests of one race, and races at once: on PostgreSQL a round takes about as long as its callers ask to wait."""
ASK_AGAIN = 20
SAY_EVERY_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One answer: its status, the operation it names, and its body byte for byte."""

    status: int
    operation: str | None
    body: bytes


async def races(world: World, *, store: str, rounds: int, say: Callable[[str], None] = lambda line: None) -> Figures:
    """The rounds, each on an order of its own; the callers go to every gateway by turns."""
    began, said = time.monotonic(), 0.0
    found: list[Violation] = []
    connector = aiohttp.TCPConnector(limit=AT_ONCE * (WIDE + 1))
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        http.headers["Authorization"] = f"Bearer {await _token(world, http)}"
        for first in range(0, rounds, AT_ONCE):
            some = range(first, min(first + AT_ONCE, rounds))
            for wrong in await asyncio.gather(*[_round(world, http, n) for n in some]):
                found += wrong
            if time.monotonic() - said > SAY_EVERY_S:
                said = time.monotonic()
                say(f"{some.stop:,}/{rounds:,} races of {WIDE}")
    figures = Figures(store=store, seed=world.seed, violations=found, wall_s=time.monotonic() - began)
    figures.more = {"races of 50": rounds}
    return figures


async def _round(world: World, http: aiohttp.ClientSession, n: int) -> list[Violation]:
    lane: Lane = world.lane(CX)
    mark = f"mk-99-{n}"
    asked = CX.write(lane.number, 0, mark)
    altered = Request(method=asked.method, path=asked.path, body={**asked.body, "vendor_code": "9"})
    urls = [one.url for one in world.gateways]
    alike = [_final(http, urls[at % len(urls)], asked, mark) for at in range(WIDE)]
    at = world.dice.randrange(1, WIDE)
    # The one that differs comes among the others: its key may be taken or free when it arrives.
    told = await asyncio.gather(*alike[:at], _ask(http, urls[0], altered, mark), *alike[at:])
    other = told.pop(at)
    return list(await _judged(world, lane, mark, told, other))


async def _judged(world: World, lane: Lane, mark: str, told: list[Told], other: Told) -> list[Violation]:
    """What was wrong with a round. Should the one that differs have come first, it is the one that counts."""
    found: list[str] = []
    refused = [one for one in told if one.status == 422]
    if other.status != 422 and len(refused) == WIDE:
        told, refused = [other], []
    elif other.status != 422:
        found.append(f"the request that differs was answered {other.status}")
    receipts = Counter((one.status, one.operation, one.body) for one in told)
    if refused or len(receipts) != 1:
        found.append(f"{len(receipts)} different receipts, {len(refused)} refused")
    effects = await world.vendors["civica_cx"].effects(order=lane.number)
    if len(effects) != 1:
        found.append(f"{len(effects)} effects")
    return [Violation(rule="race", what=f"{mark}: {one}") for one in found]


async def _final(http: aiohttp.ClientSession, url: str, asked: Request, mark: str) -> Told:
    """The final answer: while it is 202, the same request is sent again."""
    told = await _ask(http, url, asked, mark)
    for _ in range(ASK_AGAIN):
        if told.status != 202:
            break
        told = await _ask(http, url, asked, mark)
    return told


async def _ask(http: aiohttp.ClientSession, url: str, asked: Request, mark: str) -> Told:
    address = f"{url}/v1/backends/{CX.backend}/work-orders{asked.path}"
    headers = {"Idempotency-Key": f"the-key-of-{mark}", "Prefer": "wait=1"}
    while True:
        with suppress(aiohttp.ClientConnectionError):  # a kept connection ended as it was used again
            async with http.request(asked.method, address, json=asked.body, headers=headers) as answer:
                return Told(
                    status=answer.status, operation=answer.headers.get("Operation-Id"), body=await answer.read()
                )


async def _token(world: World, http: aiohttp.ClientSession) -> str:
    form = {"grant_type": "client_credentials", "client_id": "chaos-0", "client_secret": SECRET}
    async with http.post(f"{world.gateways[0].url}/oauth/token", data=form) as answer:
        return str((await answer.json())["access_token"])
