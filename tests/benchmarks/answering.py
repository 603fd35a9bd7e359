"""A server in the test itself that answers what it is told to, and keeps what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CREATED = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}"
Says = Callable[[int], bytes]
"""The whole answer to the nth request (from 0); nothing: the connection is closed without one."""


@dataclass(kw_only=True)
class Server:
    """`heads` and `bodies` of all requests, in the order they came; `by_connection` has the first lines of each connection."""

    url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    by_connection: list[list[str]] = field(default_factory=list)


@asynccontextmanager
async def answering(says: Says, *, in_pieces: bool = False) -> AsyncIterator[Server]:
    """A keep-alive server on loopback; `in_pieces` sends its answers byte by byte."""
    server = Server()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines: list[str] = []
        server.by_connection.append(lines)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = [line[16:] for line in head.splitlines() if line.lower().startswith("content-length: ")]
                body = await reader.readexactly(int(length[0])) if length else b""
                answer = says(len(server.heads))
                server.heads.append(head)
                server.bodies.append(body)
                lines.append(head.splitlines()[0])
                if not answer:
                    return
                for piece in [answer[n : n + 1] for n in range(len(answer))] if in_pieces else [answer]:
                    writer.write(piece)
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    listening = await asyncio.start_server(take, "127.0.0.1", 0)
    async with listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


async def bearer() -> str:
    return "a-token"
