"""The person who resolves holds: looks at the vendor's own list, says a word that is true, and leaves some orders as they are."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import aiohttp

from tests.chaos import evidence
from tests.chaos.clients import SECRET
from tests.chaos.trades import CX
from tests.chaos.world import World

LOOK_EVERY_S = 0.7
LEAVES = 0.2
"""Of the holds, how many nobody ever resolves: what waits behind them has to wait until the end."""
WORDS = ("retry", "skip", "cancel", "replace")
"""What can be said of a write that the vendor has not done."""
AGAIN = 401, 429


class Person:
    """Resolves until cancelled; a word whose answer was lost is said again with the same key."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = random.Random(f"{world.seed}-person")
        self._words: dict[str, dict[str, Any] | None] = {}
        """What is said of each hold; None: it is left alone."""
        self._done: set[str] = set()
        self.resolved = 0

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=10)
        for turn in itertools.count():
            await asyncio.sleep(LOOK_EVERY_S)
            url = self._world.gateways[turn % len(self._world.gateways)].url
            try:
                async with aiohttp.ClientSession(url, timeout=timeout) as http:
                    await self._look(http)
            except (aiohttp.ClientError, TimeoutError, OSError):
                continue  # the gateway was killed

    async def _look(self, http: aiohttp.ClientSession) -> None:
        form = {"grant_type": "client_credentials", "client_id": "chaos-0", "client_secret": SECRET}
        async with http.post("/oauth/token", data=form) as answer:
            answer.raise_for_status()
            http.headers["Authorization"] = f"Bearer {(await answer.json())['access_token']}"
        async with http.get("/v1/holds", params={"state": "open", "limit": "200"}) as answer:
            answer.raise_for_status()
            found = (await answer.json())["items"]
        for hold in found:
            if hold["hold_id"] not in self._done:
                await self._say(http, hold)

    async def _say(self, http: aiohttp.ClientSession, hold: dict[str, Any]) -> None:
        name = str(hold["hold_id"])
        if name not in self._words:
            self._words[name] = None if self._dice.random() < LEAVES else await self._word(hold)
        word = self._words[name]
        if word is None:
            return
        key = {"Idempotency-Key": f"the-word-on-{name}"}
        async with http.post(f"/v1/holds/{name}/resolution", json=word, headers=key) as answer:
            if answer.status in AGAIN or (answer.status == 503 and "Retry-After" in answer.headers):
                return
            self._done.add(name)
            self.resolved += answer.status == 200
            if answer.status != 200:
                told = await answer.text()
                self._world.scores.strange.append(f"resolving {name} by {word}: {answer.status} {told}")

    async def _word(self, hold: dict[str, Any]) -> dict[str, Any]:
        """A word that is true by the vendor's own list."""
        mark = await evidence.mark_of(self._world.database, hold["operation_id"])
        (vendor,) = [one for one in self._world.vendors.values() if one.backend == hold["backend"]]
        if any(one.mark == mark for one in await vendor.effects(order=hold["work_order"])):
            return {"action": "mark_applied", "reason": "seen on the screen", "evidence": f"{mark} is there"}
        replaceable = hold["backend"] == CX.backend
        action = self._dice.choice(WORDS if replaceable else WORDS[:-1])
        word: dict[str, Any] = {"action": action, "reason": "by the person of the chaos run"}
        if action == "replace":
            word["body"] = {"vendor_code": "12", "occurred_at": "2026-11-25T08:00:00Z", "comments": mark}
        return word
