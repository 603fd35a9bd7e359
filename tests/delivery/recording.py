"""A vendor seen through glass: every request is passed on to its simulator, noted with its time, or answered as a test asks."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

import httpx

from tests.vendors.loopback import Arrived, Behaviour, loopback

Wrap: TypeAlias = Callable[[bytes], Behaviour]
"""Makes a behaviour from the whole answer that the simulator gave."""
UPDATE, READ, LIST, LOG_IN = (
    "UpdateRepairWorksOrderStatus",
    "GetRepairWorkOrderDetails",
    "GetRepairWorkOrders",
    "GetUserWSToken",
)
"""Civica Cx's calls, as their SOAPAction ends."""
LOG_IN_PATHS = ("/createjwt", "/identity/connect/token")
"""Where NexusFS and Unit4 ERPx log in."""
NO_SUCH_ACTION = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b'<faultcode xmlns:a="urn:x">a:ActionNotSupported</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>'
)
"""What Civica Cx answers where another service is; to a log-in it says that we are configured wrongly."""


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A request that came by: when (monotonic seconds), and what it was."""

    at: float
    request: Arrived

    @property
    def call(self) -> str:
        """The last part of its SOAPAction; for a vendor without SOAP its method, or LOG_IN."""
        action = self.request.headers.get("soapaction", "").strip('"').rpartition("/")[2]
        return action or (LOG_IN if self.request.target in LOG_IN_PATHS else self.request.method)


@dataclass(kw_only=True)
class Glass:
    """What stands between the gateway and the simulator."""

    url: str = ""
    passed: list[Passed] = field(default_factory=list)
    script: dict[str, deque[Wrap]] = field(default_factory=dict)
    """For a call: what its next requests meet instead of the simulator, or around it (`around`)."""
    before: Callable[[Passed], Awaitable[None]] | None = None
    """Looks at each request while its sender waits."""

    def of(self, *calls: str) -> list[Passed]:
        return [one for one in self.passed if one.call in calls]

    def instead(self, call: str, *behaviours: Behaviour) -> None:
        """The next requests of this call never reach the simulator."""
        self.script.setdefault(call, deque()).extend(_Instead(behaviour) for behaviour in behaviours)

    def around(self, call: str, *wraps: Wrap) -> None:
        """The next requests of this call reach the simulator; their answers are handled like this."""
        self.script.setdefault(call, deque()).extend(wraps)


@dataclass(frozen=True)
class _Instead:
    """A behaviour that needs no answer of the simulator's."""

    behaviour: Behaviour

    def __call__(self, answer: bytes) -> Behaviour:
        return self.behaviour


@asynccontextmanager
async def glass(simulator_url: str) -> AsyncIterator[Glass]:
    """A pane in front of the simulator at `simulator_url`."""
    pane = Glass()
    async with (
        httpx.AsyncClient(base_url=simulator_url, trust_env=False, timeout=60, verify=False) as onward,
        loopback() as server,
    ):

        def route(request: Arrived) -> Behaviour:
            async def behave(writer: asyncio.StreamWriter) -> None:
                passing = Passed(at=time.monotonic(), request=request)
                pane.passed.append(passing)
                if pane.before is not None:
                    await pane.before(passing)
                waiting = pane.script.get(passing.call)
                step = waiting.popleft() if waiting else _as_it_is
                answer = b"" if isinstance(step, _Instead) else await _asked(onward, request)
                await step(answer)(writer)

            return behave

        server.route = route
        pane.url = server.url
        yield pane


def _as_it_is(answer: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return behave


async def _asked(onward: httpx.AsyncClient, request: Arrived) -> bytes:
    """The simulator's whole answer, as bytes on the wire."""
    headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
    answer = await onward.request(request.method, request.target, headers=headers, content=request.body)
    lines = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}"]
    lines += [f"Content-Type: {answer.headers.get('content-type', '')}", f"Content-Length: {len(answer.content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + answer.content
