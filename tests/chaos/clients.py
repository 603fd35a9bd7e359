"""The callers: each writes to its own orders and to some that it shares, repeats with the same key until it is answered, and
notes what it was told. A few give up after a lost answer, as real callers do: nobody ever told them what became of it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.history import Call
from tests.chaos.trades import Lane, Request

SECRET = "chaos-secret-of-a-client"
OPEN = ("queued", "sending", "unknown", "verifying")
LOOK_AGAIN_S = 0.15
PAUSE_S = 0.03


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How the callers behave: shares of their writes, and how much they leave open."""

    waits: float = 0.05
    """Waits up to a second for the vendor, where nothing of the order is open; the others take 202 at once."""
    gives_up: float = 0.02
    """Does not repeat after a lost answer."""
    repeats: float = 0.02
    """Sends an acknowledged write once more, with its key."""
    window: int = 6
    """Writes of one order that may be open at once."""
    hands: int = 3
    """Requests that one caller has under way at once, each on other orders."""


@dataclass(kw_only=True)
class Scores:
    """What all callers have seen so far, for the progress line and the floors."""

    acknowledged: int = 0
    lost_connections: int = 0
    unavailable: int = 0
    strange: list[str] = field(default_factory=list)


class Client:
    """One caller. `urls` are gateways that may each be asked; `new_lane` gives the order to turn to when one is used up."""

    def __init__(
        self,
        number: int,
        lanes: Sequence[Lane],
        *,
        urls: Sequence[str],
        seed: int,
        scores: Scores,
        habits: Habits,
        new_lane: Callable[[Lane], Lane],
    ) -> None:
        self.number = number
        self.calls: list[Call] = []
        self.stopping = False
        self._lanes = list(lanes)
        self._urls = urls
        self._dice = random.Random(f"{seed}-client-{number}")
        self._scores = scores
        self._habits = habits
        self._new_lane = new_lane
        self._marks = itertools.count(1)
        self._token = ""
        self._logging_in = asyncio.Lock()

    @property
    def id(self) -> str:
        return f"chaos-{self.number}"

    async def run(self) -> None:
        """Write until `stopping` is set; the write under way is repeated until then."""
        timeout = aiohttp.ClientTimeout(total=10)
        hands = self._habits.hands
        async with aiohttp.ClientSession(timeout=timeout) as self._http, asyncio.TaskGroup() as work:
            for hand in range(hands):
                work.create_task(self._go_round(self._lanes[hand::hands]))

    async def _go_round(self, lanes: list[Lane]) -> None:
        while not self.stopping:
            visits = [await self._visit(lanes, at) for at in range(len(lanes))]
            if not any(visits):
                await asyncio.sleep(PAUSE_S)  # all are full: let the vendors catch up

    async def _visit(self, lanes: list[Lane], at: int) -> bool:
        """Write to an order as far as its window lets us; whether it was worth the visit."""
        lane = lanes[at]
        if self.stopping or (len(lane.open) >= self._habits.window and not await self._has_room(lane)):
            return False
        for _ in range(self._dice.randint(1, self._habits.window - len(lane.open))):
            if self.stopping:
                break
            if lane.trade.length is not None and lane.written >= lane.trade.length:
                lanes[at] = lane = self._new_lane(lane)
            await self._write(lane)
        return True

    async def _has_room(self, lane: Lane) -> bool:
        """Look at the newest open operation, not too often: once it is final, so are those before it."""
        now = time.monotonic()
        if now - lane.looked < LOOK_AGAIN_S:
            return False
        lane.looked = now
        found = await self._read(f"/v1/operations/{lane.open[-1]}")
        if found is None:
            return False
        if found["state"] in OPEN or found["state"] == "held":
            return False
        lane.open.clear()
        return True

    async def _read(self, path: str) -> dict[str, Any] | None:
        try:
            async with self._http.get(self._dice.choice(self._urls) + path, headers=await self._headers()) as answer:
                self._note(answer, path)
                return await answer.json() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            self._scores.lost_connections += 1
            await asyncio.sleep(PAUSE_S)
            return None

    async def _write(self, lane: Lane) -> None:
        mark = f"mk-{self.number}-{next(self._marks)}"
        turn = self._dice.randrange(2) if lane.shared else lane.written
        asked = lane.trade.write(lane.number, turn, mark)
        call = Call(
            mark=mark, client=self.number, backend=lane.trade.backend, order=lane.number, invoked=time.monotonic()
        )
        self.calls.append(call)
        lane.written += 1
        may_give_up = self._dice.random() < self._habits.gives_up
        waits = not lane.open and self._dice.random() < self._habits.waits
        prefer = "wait=1" if waits else "respond-async"
        while not self.stopping:
            if await self._asked(call, lane, asked, prefer):
                break
            if may_give_up:
                return
        if call.told == "ok" and self._dice.random() < self._habits.repeats:
            await self._repeat(call, lane, asked)

    async def _asked(self, call: Call, lane: Lane, asked: Request, prefer: str) -> bool:
        """Send it once; whether it was answered for good."""
        try:
            status, told = await self._send(call, lane, asked, prefer)
        except (aiohttp.ClientError, TimeoutError, OSError):
            self._scores.lost_connections += 1
            await asyncio.sleep(PAUSE_S)
            return False
        if status >= 500 or status in (401, 429):
            if status == 401:
                self._token = ""
            await asyncio.sleep(PAUSE_S)
            return False
        operation = told.get("operation_id")
        call.answered, call.status = time.monotonic(), status
        call.told = "ok" if status < 300 or operation is not None else "fail"
        call.operation = operation
        call.state = "applied" if status in (200, 201) else told.get("state")
        self._scores.acknowledged += 1
        if status == 202 and operation is not None:
            lane.open.append(operation)
        return True

    async def _repeat(self, call: Call, lane: Lane, asked: Request) -> None:
        """The same request with the same key: it must name the same operation."""
        try:
            status, told = await self._send(call, lane, asked, "respond-async")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return
        if status < 500 and status != 401 and told.get("operation_id") != call.operation:
            self._scores.strange.append(f"{call.mark}: {call.operation} became {status} {told} when repeated")

    async def _send(self, call: Call, lane: Lane, asked: Request, prefer: str) -> tuple[int, dict[str, Any]]:
        url = f"{self._dice.choice(self._urls)}/v1/backends/{lane.trade.backend}/work-orders{asked.path}"
        headers = {**await self._headers(), "Idempotency-Key": f"the-key-of-{call.mark}", "Prefer": prefer}
        async with self._http.request(asked.method, url, json=asked.body, headers=headers) as answer:
            told = await answer.json()
            self._note(answer, told)
            operation = answer.headers.get("Operation-Id")
            return answer.status, {**told, **({} if operation is None else {"operation_id": operation})}

    def _note(self, answer: aiohttp.ClientResponse, told: object) -> None:
        if answer.status == 503 and "Retry-After" in answer.headers:
            self._scores.unavailable += 1
        elif answer.status >= 500:
            self._scores.strange.append(f"{answer.method} {answer.url.path}: {answer.status} {told}")

    async def _headers(self) -> dict[str, str]:
        async with self._logging_in:
            return await self._logged_in()

    async def _logged_in(self) -> dict[str, str]:
        if not self._token:
            form = {"grant_type": "client_credentials", "client_id": self.id, "client_secret": SECRET}
            async with self._http.post(self._dice.choice(self._urls) + "/oauth/token", data=form) as answer:
                told = await answer.json()
                self._note(answer, told)
                if answer.status != 200:
                    raise aiohttp.ClientPayloadError(f"no token: {answer.status}")
                self._token = str(told["access_token"])
        return {"Authorization": f"Bearer {self._token}"}
