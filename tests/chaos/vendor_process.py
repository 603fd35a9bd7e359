"""One vendor's simulator behind a faulty wire, in a process of its own; its effects are on the disk before it answers."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import aiohttp

from app.vendors.registry import VENDORS
from app.vendors.simulation_server import SimulatorServer
from tests.chaos.gateway_process import STARTS_WITHIN_S, end, say_into
from tests.chaos.history import Effect, Sent, mark_in
from tests.chaos.proxy import Proxy
from tests.forks import FORKS
from tests.ports import free_port


def main(slug: str, data: str, ports: Ports, seed: int, deadline_s: float, settle_s: float) -> None:
    """Serve the simulator and the wire before it, until killed."""
    say_into(f"{data}.out")
    module, _, factory = VENDORS[slug].simulator.partition(":")
    app = getattr(importlib.import_module(module), factory)(data=Path(data))
    proxy = Proxy(("127.0.0.1", ports.simulator), seed=seed, deadline_s=deadline_s, settle_s=settle_s)
    asyncio.run(_serve(SimulatorServer(app, host="127.0.0.1", port=ports.simulator), proxy, ports))


async def _serve(server: SimulatorServer, proxy: Proxy, ports: Ports) -> None:
    await proxy.listen(ports.wire)
    await proxy.listen_for_control(ports.control)
    await server.serve()
    await proxy.close()


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the simulator is, where the gateway finds it, and where the wire is told what to spoil."""

    simulator: int = field(default_factory=free_port)
    wire: int = field(default_factory=free_port)
    control: int = field(default_factory=free_port)


@dataclass(kw_only=True)
class VendorProcess:
    """The gateway finds the vendor behind its wire (`section`); the harness speaks to the simulator itself at `url`."""

    slug: str
    folder: Path
    seed: int
    deadline_s: float
    settle_s: float
    ports: Ports = field(default_factory=Ports)
    _process: ForkServerProcess | None = field(default=None)

    @property
    def backend(self) -> str:
        return VENDORS[self.slug].sandbox.backend

    @property
    def section(self) -> Mapping[str, Any]:
        """Of the gateway's configuration."""
        return VENDORS[self.slug].sandbox.section(f"http://127.0.0.1:{self.ports.wire}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.simulator}"

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.control}/_wire"

    async def start(self) -> None:
        data = self.folder / self.slug
        args = (self.slug, str(data), self.ports, self.seed, self.deadline_s, self.settle_s)
        process: ForkServerProcess = FORKS.Process(target=main, args=args, name=self.slug)
        process.start()
        self._process = process
        ends = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                await self.wire()
                await self.call("GET", f"{self.url}/_sim/faults")
                return
            except aiohttp.ClientError:
                said = self.folder / f"{self.slug}.out"
                assert process.is_alive(), f"{self.slug} ended: {said.read_text()[-4000:]}"
                assert time.monotonic() < ends, f"{self.slug} does not answer"
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process)

    async def call(self, method: str, url: str, body: object = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(timeout=timeout) as http, http.request(method, url, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def wire(self, **settings: object) -> dict[str, int]:
        """Set the wire's rates (`writes`, `reads`), or have it refuse for `refuse_s`; gives the faults so far."""
        told = await self.call("POST" if settings else "GET", self.control_url, settings or None)
        assert told["broken"] == [], f"the wire of {self.slug} broke: {told['broken']}"
        faults: dict[str, int] = told["faults"]
        return faults

    async def add_orders(self, count: int, *, first: int) -> list[str]:
        await self.call("POST", f"{self.url}/_sim/orders", {"count": count, "first": first})
        return [str(number) for number in range(first, first + count)]

    async def effects(self, *, order: str | None = None) -> list[Effect]:
        """What the vendor really changed, on one order or on all, oldest first."""
        query = "" if order is None else f"?order={order}"
        found = (await self.call("GET", f"{self.url}/_sim/effects{query}"))["effects"]
        return [
            Effect(
                backend=self.backend,
                order=str(one["order"]),
                kind=one["kind"],
                mark=mark_in(str(one["detail"])),
                at=seconds(one["at"]),
            )
            for one in found
        ]

    async def sent(self) -> list[Sent]:
        found = await self.call("GET", f"{self.control_url}/sent")
        return [Sent(backend=self.backend, mark=mark, at=at) for mark, at in found]


def seconds(rfc3339: str) -> float:
    return datetime.fromisoformat(rfc3339).timestamp()
