"""One HTTP exchange of a simulator: reads the request, and answers it whole, in part, late or not at all."""

from __future__ import annotations

import socket
import struct
from typing import Protocol, runtime_checkable

from app.vendors.simulation_messages import Answer, Receive, Request, Scope, Send

TRANSPORT = "orderbridge.transport"
"""The ASGI extension that carries the connection's transport: ASGI itself has no word for hanging up."""


@runtime_checkable
class Wire(Protocol):
    """The part of an asyncio transport that hanging up needs; uvloop's transports are not asyncio's classes."""

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def get_extra_info(self, name: str) -> object: ...


@runtime_checkable
class BareSocket(Protocol):
    def setsockopt(self, level: int, option: int, value: bytes, /) -> None: ...


class Connection:
    """Under a server without the transport extension, hanging up raises ConnectionResetError instead."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send

    async def read(self, most_bytes: int) -> Request | None:
        """The request with its whole body; None where that is longer than `most_bytes`."""
        chunks: list[bytes] = []
        size = 0
        while True:
            event = await self._receive()
            chunk = event.get("body", b"")
            if isinstance(chunk, bytes):
                chunks.append(chunk)
                size += len(chunk)
            if size > most_bytes:
                return None
            if not event.get("more_body", False):
                break
        match self._scope:
            case {
                "method": str(method),
                "scheme": str(scheme),
                "path": str(path),
                "query_string": bytes(query),
                "headers": headers,
            } if isinstance(headers, list | tuple):
                return Request(
                    method=method,
                    scheme=scheme,
                    path=path,
                    query=query.decode("latin-1"),
                    headers={name.decode("latin-1"): value.decode("latin-1") for name, value in headers},
                    body=b"".join(chunks),
                )
        raise TypeError("not an HTTP scope")

    async def answer(self, answer: Answer, *, close: bool = False) -> None:
        await self._start(answer, close=close)
        await self._send({"type": "http.response.body", "body": answer.body})

    async def answer_in_part(self, answer: Answer) -> None:
        """Promises the whole body and hangs up after half of it; an answer without a body breaks off before its head is out."""
        if not answer.body:
            await self.close()
            return
        await self._start(answer)
        half = answer.body[: len(answer.body) // 2]
        await self._send({"type": "http.response.body", "body": half, "more_body": True})
        await self.close()

    async def close(self) -> None:
        """Hangs up (FIN) after what was written."""
        self._transport().close()
        await self.gone()

    async def reset(self) -> None:
        """Hangs up with RST: the caller sees ECONNRESET."""
        transport = self._transport()
        bare = transport.get_extra_info("socket")
        if isinstance(bare, BareSocket):
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await self.gone()

    async def gone(self) -> None:
        """Returns when the connection is closed, by whichever side."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _start(self, answer: Answer, *, close: bool = False) -> None:
        content = [
            (b"content-type", answer.media_type.encode("latin-1")),
            (b"content-length", str(len(answer.body)).encode()),
        ]
        headers = [
            *([] if answer.status == 204 else content),  # RFC 9110, 8.6
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers),
        ]
        if close:
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})

    def _transport(self) -> Wire:
        match self._scope.get("extensions"):
            case {"orderbridge.transport": {"transport": Wire() as transport}}:
                return transport
        raise ConnectionResetError("the simulator hangs up here (fault), which this server cannot show on the wire")
