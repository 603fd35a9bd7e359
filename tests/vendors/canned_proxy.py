"""A loopback server in front of a vendor's simulator: it passes every request on but those that a test answers itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.client import responses

import httpx

from tests.vendors.loopback import Arrived, Behaviour, loopback

ITS_OWN = frozenset({"connection", "content-length", "host", "transfer-encoding"})
"""Headers that belong to one connection, and are not passed on."""


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Which requests belong to one call: expressions that the path (without its query) and the body must hold."""

    method: str
    path: str
    body: str = ""

    def fits(self, request: Arrived) -> bool:
        path = request.target.partition("?")[0]
        if request.method != self.method or re.search(self.path, path) is None:
            return False
        return re.search(self.body, request.body.decode(errors="replace")) is not None


@dataclass(frozen=True, kw_only=True)
class Canned:
    """One HTTP answer. `cut_off`: it promises more than it holds, and the connection ends."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut_off: bool = False

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(self.status, self.headers, len(self.body) * 2 + 100 if self.cut_off else len(self.body)))
        writer.write(self.body)
        await writer.drain()
        if self.cut_off:
            writer.close()


@dataclass(kw_only=True)
class CannedProxy:
    """`met` counts the requests that were answered here; they never reach the simulator."""

    url: str = ""
    met: int = 0
    _instead: list[tuple[Pattern, Canned]] = field(default_factory=list)

    @contextmanager
    def answering(self, pattern: Pattern, canned: Canned) -> Iterator[None]:
        """Every request that fits gets this answer while the block runs."""
        self.met = 0
        self._instead.append((pattern, canned))
        try:
            yield
        finally:
            self._instead.pop()

    def picks(self, request: Arrived) -> Canned | None:
        found = next((canned for pattern, canned in self._instead if pattern.fits(request)), None)
        self.met += found is not None
        return found


def _head(status: int, headers: Mapping[str, str], length: int) -> bytes:
    named = [f"{name}: {value}" for name, value in headers.items()]
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unnamed')}", *named, f"Content-Length: {length}", "", ""]
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def canned_proxy(simulator_url: str) -> AsyncIterator[CannedProxy]:
    """A running proxy in front of the simulator at `simulator_url`."""
    proxy = CannedProxy()
    async with (
        httpx.AsyncClient(base_url=simulator_url, trust_env=False, timeout=30, verify=False) as onward,
        loopback() as server,
    ):

        def route(request: Arrived) -> Behaviour:
            async def behave(writer: asyncio.StreamWriter) -> None:
                await (proxy.picks(request) or await _asked(onward, request))(writer)

            return behave

        server.route = route
        proxy.url = server.url
        yield proxy


async def _asked(onward: httpx.AsyncClient, request: Arrived) -> Canned:
    """What the simulator answers."""
    headers = {name: value for name, value in request.headers.items() if name not in ITS_OWN}
    answer = await onward.request(request.method, request.target, headers=headers, content=request.body)
    kept = {name: value for name, value in answer.headers.items() if name not in ITS_OWN}
    return Canned(status=answer.status_code, headers=kept, body=answer.content)
