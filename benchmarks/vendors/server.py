"""A vendor's HTTP server that costs as little as can be: keep-alive HTTP/1.1 with Content-Length bodies, on uvloop.

`/readyz` answers 200; `GET /_bench` gives what was counted as JSON; `POST /_bench` takes `delay_ms` and `forget_peaks`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import uvloop

Said: TypeAlias = "bytes | Iterator[bytes]"
"""A whole answer, or a long one in pieces: between them the others are served."""

BETWEEN_S = 0.0002
"""The time from one piece of a long answer to the next."""
ENDS_HEAD = b"\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
READY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def answer(status: str, media_type: str, body: bytes) -> bytes:
    """A whole answer; `status` is like `200 OK`."""
    return head(status, media_type, len(body)) + body


def head(status: str, media_type: str, length: int) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n".encode()


@dataclass(kw_only=True)
class Floor:
    """What the server knows: how slow it is to be, and what was counted."""

    delay_s: float = 0.0
    """How late calls of the slow kind are answered."""
    counts: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    most_connections: int = 0
    under_way: int = 0
    most_under_way: int = 0

    def shown(self) -> dict[str, int]:
        return {
            **self.counts,
            "connections": self.connections,
            "most_connections": self.most_connections,
            "under_way": self.under_way,
            "most_under_way": self.most_under_way,
        }

    def forget_peaks(self) -> None:
        self.most_connections, self.most_under_way = self.connections, self.under_way


class Canned(Protocol):
    """A vendor: what it answers to a request, and whether that is a call that may be slow."""

    def take(self, head: bytes, body: bytes) -> tuple[Said, bool]:
        """The whole answer to a request; `head` ends with an empty line. True: it is kept back for the delay."""


class Connection(asyncio.Protocol):
    """One caller's connection; it asks again when it has its answer."""

    def __init__(self, vendor: Canned, floor: Floor) -> None:
        self._vendor = vendor
        self._floor = floor
        self._unread = b""
        self._transport: asyncio.Transport | None = None
        self._counted = False
        self._raised = False
        """The peak is what it is by this connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        floor = self._floor
        floor.connections += 1
        self._counted, self._raised = True, floor.connections > floor.most_connections
        floor.most_connections = max(floor.most_connections, floor.connections)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._floor.connections -= self._counted

    def _is_ours(self) -> None:
        """No caller's connection but the harness's own: it is not counted."""
        floor = self._floor
        if self._counted:
            self._counted = False
            floor.most_connections -= self._raised and floor.most_connections == floor.connections
            floor.connections -= 1

    def data_received(self, data: bytes) -> None:
        data = self._unread + data if self._unread else data
        while True:
            end = data.find(ENDS_HEAD)
            if end < 0:
                break
            head = data[: end + 4]
            length = content_length(head)
            if length is None:
                self._write(BAD_REQUEST)
                self._close()
                return
            if len(data) < end + 4 + length:
                break
            self._take(head, data[end + 4 : end + 4 + length])
            data = data[end + 4 + length :]
            if not data:
                break
        self._unread = data

    def _take(self, head: bytes, body: bytes) -> None:
        place = head[head.find(b" ") + 1 : head.find(b" HTTP/")]
        if place in (b"/_bench", b"/readyz"):
            self._is_ours()
            self._write(self._told(body) if place == b"/_bench" else READY)
        else:
            said, slow = self._vendor.take(head, body)
            delay_s = self._floor.delay_s
            if slow and delay_s > 0:
                self._floor.under_way += 1
                self._floor.most_under_way = max(self._floor.most_under_way, self._floor.under_way)
                asyncio.get_running_loop().call_later(delay_s, self._write_late, said)
            else:
                self._write(said)

    def _write_late(self, said: Said) -> None:
        self._floor.under_way -= 1
        self._write(said)

    def _write(self, said: Said) -> None:
        if isinstance(said, bytes):
            if self._transport is not None:
                self._transport.write(said)
        elif (piece := next(said, None)) is not None:
            self._write(piece)
            asyncio.get_running_loop().call_later(BETWEEN_S, self._write, said)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _told(self, body: bytes) -> bytes:
        if body:
            told: dict[str, float] = json.loads(body)
            self._floor.delay_s = told.get("delay_ms", self._floor.delay_s * 1000) / 1000
            if told.get("forget_peaks"):
                self._floor.forget_peaks()
        return answer("200 OK", "application/json", json.dumps(self._floor.shown()).encode())


def content_length(head: bytes) -> int | None:
    """Of a request's head; 0 where it says nothing, None where the body comes in a way that is not read here."""
    low = head.lower()
    at = low.find(b"\r\ncontent-length:")
    if at < 0:
        return None if b"\r\ntransfer-encoding:" in low else 0
    return int(low[at + 17 : low.index(b"\r\n", at + 17)])


async def serve(vendor: Canned, floor: Floor, port: int) -> None:
    """Serve on loopback until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await loop.create_server(lambda: Connection(vendor, floor), "127.0.0.1", port, backlog=4096)
    await stop.wait()


def arguments(what: str) -> argparse.ArgumentParser:
    """The arguments that each canned vendor takes."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--orders", type=int, default=1000, help="how many there are (default: %(default)s)")
    parser.add_argument("--delay-ms", type=float, default=0, help="how late updates and single reads are answered")
    return parser


def run(vendor: Canned, floor: Floor, port: int) -> None:
    uvloop.run(serve(vendor, floor, port))
