"""A vendor's server on loopback that behaves as badly as a test asks, and keeps every request that reached it."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One whole request as it came over the socket."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Behaviour: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What to do with the connection once a request has arrived."""
Route: TypeAlias = Callable[[Arrived], Behaviour]


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def reply(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    """A whole answer; `Content_Type="text/xml"` is the header Content-Type."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, {"Content-Type": "text/xml", "Content-Length": str(len(body)), **named}) + body)
        await writer.drain()

    return behave


def after(pause_s: float, behaviour: Behaviour) -> Behaviour:
    """The same, a little later."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(pause_s)
        await behaviour(writer)

    return behave


def raw(*pieces: bytes, pause_s: float = 0.0) -> Behaviour:
    """These bytes one after the other, then the end of the connection."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.close()

    return behave


def truncated(body: bytes, *, promised: int | None = None) -> Behaviour:
    """Half of a body whose length was announced."""
    length = str(promised or len(body))
    return raw(head(200, {"Content-Type": "text/xml", "Content-Length": length}) + body[: len(body) // 2])


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """The connection ends without an answer."""
    writer.close()


async def reset(writer: asyncio.StreamWriter) -> None:
    """The connection breaks (RST)."""
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang(writer: asyncio.StreamWriter) -> None:
    """Nothing, until the other side gives up."""
    while not writer.is_closing():
        await asyncio.sleep(0.02)


@dataclass(kw_only=True)
class Loopback:
    """The server. `answers` are used up in order; then `route` decides."""

    port: int
    arrived: list[Arrived] = field(default_factory=list)
    answers: deque[Behaviour] = field(default_factory=deque)
    route: Route | None = None
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                request = await _request(reader)
                self.arrived.append(request)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                try:
                    await self._behaviour(request)(writer)
                finally:
                    self.at_once -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _behaviour(self, request: Arrived) -> Behaviour:
        if self.answers:
            return self.answers.popleft()
        assert self.route is not None, f"nobody said how to answer {request}"
        return self.route(request)


async def _request(reader: asyncio.StreamReader) -> Arrived:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    method, target, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Arrived(method=method, target=target, headers=headers, body=body)


@asynccontextmanager
async def loopback(*answers: Behaviour) -> AsyncIterator[Loopback]:
    """A running server that gives these answers."""
    told = Loopback(port=0, answers=deque(answers))
    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        await told.serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()
