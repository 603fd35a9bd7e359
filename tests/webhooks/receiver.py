"""A receiver of webhooks: a real HTTP server on loopback that keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def place(self) -> tuple[str, int]:
        return self.payload["data"]["work_order"], self.payload["data"]["seq"]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered, after `delay_s`: `raw` bytes instead of an answer, or one byte each `drip_s`, or nothing ever.

    The connection stays open for `stays_s` more.
    """

    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay_s: float = 0
    hang: bool = False
    raw: bytes | None = None
    drip_s: float = 0
    stays_s: float = 0


OK = Reply()
Judge = Callable[[Received], Reply]


@dataclass(kw_only=True)
class Receiver:
    """Serve with `async with`; `judge` says what each request is answered."""

    judge: Judge = field(default=lambda _: OK)
    got: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    tls: ssl.SSLContext | None = None
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def __aenter__(self) -> Receiver:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.close()

    async def until(self, count: int, *, within_s: float = 10) -> list[Received]:
        """What came, once it is so many."""
        ends = time.monotonic() + within_s
        while len(self.got) < count:
            assert time.monotonic() < ends, f"{len(self.got)} of {count} came"
            await asyncio.sleep(0.01)
        return list(self.got)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the test ends
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Received(at=time.monotonic(), path=head[0].split(" ")[1], headers=headers, body=body)
        self.got.append(request)
        reply = self.judge(request)
        await asyncio.sleep(3600 if reply.hang else reply.delay_s)
        lines = [f"HTTP/1.1 {reply.status} Said", f"Content-Length: {len(reply.body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        answer = "\r\n".join([*lines, "", ""]).encode() + reply.body if reply.raw is None else reply.raw
        for byte in answer if reply.drip_s else ():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(reply.drip_s)
        if not reply.drip_s:
            writer.write(answer)
            await writer.drain()
        await asyncio.sleep(reply.stays_s)
