"""A stage: one vendor, gateways that may die or stand still, and one caller whose every write is noted for the checker."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from tests.chaos import evidence
from tests.chaos.checker import Violation, check
from tests.chaos.clients import SECRET
from tests.chaos.gateway_process import GatewayProcess
from tests.chaos.history import Call, History, Kept
from tests.chaos.plan import Plan
from tests.chaos.trades import TRADES, Lane, Request
from tests.chaos.vendor_process import VendorProcess
from tests.chaos.world import Size, World, world
from tests.ports import free_port

PATIENCE_S = 20.0
LOOK_EVERY_S = 0.03
GONE = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def operation(self) -> str | None:
        return self.headers.get("operation-id")

    @property
    def replayed(self) -> bool:
        return self.headers.get("idempotent-replayed") == "true"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One write with its key; it may be sent as often as one likes."""

    call: Call
    request: Request

    @property
    def mark(self) -> str:
        return self.call.mark

    @property
    def key(self) -> str:
        return f"the-key-of-{self.mark}"

    @property
    def path(self) -> str:
        return f"/v1/backends/{self.call.backend}/work-orders{self.request.path}"


@dataclass(kw_only=True)
class Stage:
    """`strange` are answers that nobody should ever get."""

    world: World
    http: aiohttp.ClientSession
    slug: str
    calls: list[Call] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    _marks: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def gateway(self) -> GatewayProcess:
        return self.world.gateways[0]

    @property
    def vendor(self) -> VendorProcess:
        return self.world.vendors[self.slug]

    def lane(self) -> Lane:
        """An order that nobody has turned to yet."""
        return self.world.lane(TRADES[self.slug])

    def asks(self, lane: Lane) -> Asked:
        """The next write of this order."""
        mark = f"mk-0-{next(self._marks)}"
        request = lane.trade.write(lane.number, lane.written, mark)
        lane.written += 1
        call = Call(mark=mark, client=0, backend=lane.trade.backend, order=lane.number, invoked=time.monotonic())
        self.calls.append(call)
        return Asked(call=call, request=request)

    async def send(
        self, asked: Asked, *, to: GatewayProcess | None = None, prefer: str = "respond-async"
    ) -> Told | None:
        """Send it with its key and note what was told; None: nothing was."""
        headers = {"Idempotency-Key": asked.key, "Prefer": prefer}
        ends = time.monotonic() + PATIENCE_S
        try:
            while True:
                told = await self.call(asked.request.method, asked.path, asked.request.body, to=to, headers=headers)
                if told.status != 503 or time.monotonic() > ends:
                    break
                await asyncio.sleep(
                    0.2
                )  # a gateway that stands still in a transaction keeps the order's row for a while
        except GONE:
            return None
        if told.status >= 500:
            self.strange.append(f"{asked.mark}: {told.status} {told.body}")
            return told
        call = asked.call
        call.answered, call.status = time.monotonic(), told.status
        call.told = "ok" if told.operation is not None else "fail"
        call.operation = told.operation
        call.state = "applied" if told.status in (200, 201) else told.body.get("state")
        return told

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        to: GatewayProcess | None = None,
        headers: Mapping[str, str] | None = None,
        client: str = "chaos-0",
        scope: str | None = None,
    ) -> Told:
        """Any call, as this client; raises what is in GONE."""
        to = to or self.gateway
        token = await self._token(to, client, scope)
        headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        async with self.http.request(method, to.url + path, json=body, headers=headers) as answer:
            text = await answer.text()
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Told(status=answer.status, headers=found, body=json.loads(text) if text else None)

    async def _token(self, to: GatewayProcess, client: str, scope: str | None) -> str:
        name = f"{client} {scope}"
        if name not in self._tokens:
            form = {"grant_type": "client_credentials", "client_id": client, "client_secret": SECRET}
            async with self.http.post(f"{to.url}/oauth/token", data=form | ({"scope": scope} if scope else {})) as got:
                self._tokens[name] = str((await got.json())["access_token"])
        return self._tokens[name]

    async def second(self, plan: Plan) -> GatewayProcess:
        """One more gateway on the same database."""
        made = replace(
            self.gateway, plan=plan, port=free_port(), name=f"{self.gateway.name}-too", starts=0, _process=None
        )
        self.world.gateways.append(made)
        await made.start()
        return made

    async def fault(self, kind: str, lane: Lane, **details: object) -> None:
        """Have the vendor's next call for this order meet a fault."""
        told = {"kind": kind, "order": lane.number, **details}
        await self.vendor.call("POST", f"{self.vendor.url}/_sim/faults", told)

    async def on_screen(self, lane: Lane, code: int) -> None:
        """A user of the client's own sets a status in Civica Cx."""
        url = f"{self.vendor.url}/_sim/orders/{lane.number}/status"
        await self.vendor.call("POST", url, {"StatusCodeId": code})

    async def kept(self, asked: Asked) -> Kept | None:
        """The write as the ledger has it now."""
        return next((one for one in await evidence.kept(self.world.database) if one.mark == asked.mark), None)

    async def until(self, asked: Asked, *states: str) -> Kept:
        """The write once it is in one of these states."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            kept = await self.kept(asked)
            if kept is not None and kept.state in states:
                return kept
            assert time.monotonic() < ends, f"{asked.mark} never became {states}: {kept}"
            await asyncio.sleep(LOOK_EVERY_S)

    async def arrived(self, asked: Asked, *, times: int = 1) -> None:
        """Once the whole write has come by the wire so often."""
        ends = time.monotonic() + PATIENCE_S
        while sum(one.mark == asked.mark for one in await self.vendor.sent()) < times:
            assert time.monotonic() < ends, f"{asked.mark} never came by"
            await asyncio.sleep(LOOK_EVERY_S)

    async def effects(self, lane: Lane) -> list[str]:
        """The marks of what the vendor really did on this order, in its order."""
        found = await self.vendor.effects(order=lane.number)
        return [one.mark for one in found if one.mark is not None and one.kind != "dropped_member"]

    async def rest(self, *, within_s: float = PATIENCE_S) -> list[Violation]:
        """Once nothing is under way: every rule that is broken. What never ends is among them."""
        ends = time.monotonic() + within_s
        while await evidence.under_way(self.world.database) and time.monotonic() < ends:
            await asyncio.sleep(LOOK_EVERY_S)
        return check(await self.history())

    async def history(self) -> History:
        history = await self.world.history()
        history.calls = self.calls
        history.strange += self.strange
        return history


async def died(gateway: GatewayProcess, *, within_s: float = PATIENCE_S) -> int | None:
    """The exit code of a gateway that ends by itself; None: it did not. Its place is free afterwards."""
    ends = time.monotonic() + within_s
    while gateway.runs and time.monotonic() < ends:
        await asyncio.sleep(0.01)
    code = None if gateway.runs else gateway.exit_code
    await gateway.kill()
    return code


async def stands_still(gateway: GatewayProcess) -> None:
    """Once the process is stopped."""
    ends = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{gateway.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < ends, f"{gateway.name} never stood still"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def stage(
    database: str,
    folder: Path,
    plan: Plan,
    *,
    seed: int = 1,
    slug: str = "civica_cx",
    orders: int = 40,
    clients: int = 1,
) -> AsyncIterator[Stage]:
    """One gateway with this plan, answering; its wire is good."""
    size = Size(clients=clients, orders=0, shared=0, others=0, spare=orders)
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        world(database, folder, seed=seed, size=size, plan=plan, slugs=[slug]) as made,
        aiohttp.ClientSession(timeout=timeout) as http,
    ):
        try:
            yield Stage(world=made, http=http, slug=slug)
        finally:
            for gateway in made.gateways:
                if gateway.runs:
                    gateway.send_signal(signal.SIGCONT)
