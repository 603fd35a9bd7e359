"""What every vendor's simulator shares: an ASGI app that shows faults around the vendor's calls, and its server."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol, assert_never

from app.vendors.simulation_connection import Connection
from app.vendors.simulation_control import Control, SimulatedVendor
from app.vendors.simulation_effects import AddedOrders, Effect, Journal, timestamp
from app.vendors.simulation_faults import MEANING, Fault, FaultKind, FaultRegister
from app.vendors.simulation_messages import (
    Answer,
    BadInput,
    Call,
    Clock,
    Json,
    On,
    Receive,
    Request,
    Scope,
    Send,
    number,
    only,
    utc_now,
    whole_number,
)

__all__ = [
    "MEANING",
    "AddedOrders",
    "Answer",
    "BadInput",
    "Call",
    "Clock",
    "Effect",
    "FaultKind",
    "Journal",
    "Json",
    "On",
    "Request",
    "SimulatedVendor",
    "Simulation",
    "number",
    "only",
    "serve",
    "timestamp",
    "utc_now",
    "whole_number",
]

METHOD_OVERRIDE = "x-http-method-override"
PROXY_PAGE = Answer(
    status=502,
    body=b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    b"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
    media_type="text/html",
)
TOO_LARGE = Answer(status=413, body=b"Request Entity Too Large", media_type="text/plain")


class Simulation:
    """The ASGI app: reads a request, lets the vendor understand it, runs the call; through a fault where one is set."""

    def __init__(self, vendor: SimulatedVendor, journal: Journal, *, clock: Clock, most_bytes: int) -> None:
        self._vendor = vendor
        self._journal = journal
        self._faults = FaultRegister(vendor.fault_kinds, random.Random())
        self._control = Control(vendor, journal, self._faults, clock)
        self._most_bytes = most_bytes
        self._late: set[asyncio.Task[None]] = set()
        self.closing = asyncio.Event()
        """Set by the server when it stops: what a fault keeps waiting is dropped, as by a vendor that goes down."""
        for entry in journal.take_stored():
            if isinstance(entry, AddedOrders):
                vendor.add_orders(entry)
            else:
                vendor.replay(entry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            connection = Connection(scope, receive, send)
            request = await connection.read(self._most_bytes)
            if request is None:
                await connection.answer(TOO_LARGE, close=True)
            elif request.path.startswith("/_sim/"):
                await connection.answer(self._control.answer(request))
            else:
                await self._vendor_call(request, connection)

    async def _vendor_call(self, request: Request, connection: Connection) -> None:
        call = self._vendor.receive(request)
        if isinstance(call, Answer):
            await connection.answer(call)
            return
        fault = self._faults.take(call.on, call.order)
        if fault is None:
            await connection.answer(call.run())
        else:
            await self._through(fault, call, request, connection)

    async def _through(self, fault: Fault, call: Call, request: Request, connection: Connection) -> None:
        match fault.kind:
            case "latency":
                if await self._pause(fault.delay_s):
                    await connection.answer(call.run())
                else:
                    await connection.close()
            case "refuse":
                await connection.answer(call.refuse())
            case "http_500":
                await connection.answer(call.crash())
            case "html":
                await connection.answer(PROXY_PAGE)
            case "reset":
                await connection.reset()
            case "truncate":
                await connection.answer_in_part(call.run())
            case "lost_answer":
                call.run()
                await connection.close()
            case "late_effect":
                task = asyncio.create_task(self._run_late(call, fault.delay_s))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
                await connection.close()
            case "token_expired":
                self._vendor.expire_tokens()
                await connection.answer(call.run())
            case "hang":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(connection.gone(), fault.delay_s)
                await connection.close()
            case "strip_override":
                left = {name: value for name, value in request.headers.items() if name != METHOD_OVERRIDE}
                plain = self._vendor.receive(replace(request, headers=left))
                await connection.answer(plain if isinstance(plain, Answer) else plain.run())
            case "rate_limited":
                await connection.answer(call.throttle(math.ceil(fault.delay_s)))
            case _:
                assert_never(fault.kind)

    async def _run_late(self, call: Call, delay_s: float) -> None:
        if await self._pause(delay_s):
            call.run()

    async def _pause(self, seconds: float) -> bool:
        """Waits; False where the server stops meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)
        return not self.closing.is_set()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.closing.set()
        await asyncio.gather(*self._late)
        self._journal.close()
        await send({"type": "lifespan.shutdown.complete"})


class SimulatorFactory(Protocol):
    """Makes the ASGI app. With a folder the simulator keeps its effects there and starts again from them."""

    def __call__(self, *, data: Path | None = None) -> Simulation: ...


class CreateSimulator(SimulatorFactory, Protocol):
    """The same, by the clock of a test."""

    def __call__(self, *, data: Path | None = None, clock: Clock = utc_now) -> Simulation: ...


def factory(make: Callable[[Journal, Clock], SimulatedVendor], *, most_bytes: int) -> CreateSimulator:
    """The factory of one vendor's simulator; a request body longer than `most_bytes` is too large for it."""

    def create(*, data: Path | None = None, clock: Clock = utc_now) -> Simulation:
        journal = Journal(data)
        return Simulation(make(journal, clock), journal, clock=clock, most_bytes=most_bytes)

    return create


def serve(
    create: SimulatorFactory,
    *,
    port: int,
    data: Path | None,
    host: str = "127.0.0.1",
    ready: Callable[[], None] | None = None,
) -> None:
    """Serves one simulator until SIGTERM or SIGINT, then returns; `ready` is called when the port answers.

    A port that is taken ends the process with exit code 3 and the system's reason on stderr.
    """
    from app.vendors.simulation_server import SimulatorServer

    SimulatorServer(create(data=data), host=host, port=port, ready=ready).run()
