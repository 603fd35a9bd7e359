"""No kept connection carries a request once something came on it unasked, as when a proxy gives an answer twice.

aiohttp would take that for the answer to the next request: a write that the vendor never got would be `applied`. What comes
unasked while a request is under way cannot be told from its answer: HTTP/1.1 pairs the two by their order alone.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


class Spoken(aiohttp.ClientConnectionError):
    """Something came before the request was begun; nothing of it was sent."""


class Unwritable(aiohttp.ClientError):
    """The head of the request holds what HTTP cannot carry; nothing of it was sent."""


class Connector(aiohttp.TCPConnector):
    """Hands out no kept connection that has spoken; aiohttp asks only whether it is open."""

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close)
        protocol._parser = None  # it keeps half a message to itself; without it every byte is there to see

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        while (kept := await super()._get(key, traces)) is not None and _has_spoken(kept):
            kept.close()
        return kept


class Request(aiohttp.ClientRequest):
    """A body and its head are written one turn of the loop after the connection was handed out, if it is silent still."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        try:
            return await super().send(conn)
        except ValueError as error:  # before the head was written: a line break in a header, or no Unicode
            raise Unwritable from error

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        protocol = conn.protocol
        if protocol is None or not protocol.should_close:
            return await super().write_bytes(writer, conn, content_length)
        protocol._buffer.clear()  # else it would be read before the failure
        protocol.set_exception(Spoken())


def _has_spoken(kept: Connection) -> bool:
    """Whether there is anything to read where no request is under way: a message, a failure, or bytes that lie in the socket
    still; the end of the connection is such too. A new connection must not be asked: TLS has its own words to say."""
    protocol, transport = kept.protocol, kept.transport
    if protocol is None or transport is None or protocol.should_close:
        return True
    unread = select.poll()
    unread.register(transport.get_extra_info("socket"), select.POLLIN)
    return bool(unread.poll(0))
