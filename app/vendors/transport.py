"""The one way out to a vendor over HTTP: one request, one deadline, one capped answer, and what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable
from app.vendors.exchange import NotSent, Outgoing, Reply, Unanswered
from app.vendors.transport_wire import Arriving, TooLarge, Wire

MIB = 1024 * 1024
ANSWER_LIMIT = 4 * MIB
LIST_LIMIT = 64 * MIB
CONNECT_S = 3.0
_LAST_S = 0.05
"""Kept of the deadline for the request itself, so that connecting always ends before the deadline does."""

NEVER_SENT: frozenset[type[httpx.TransportError]] = frozenset(
    {
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
        httpx.LocalProtocolError,
    }
)
"""The errors after which no byte of the request has left us; after any other, the outcome is unknown."""


class Streamed:
    """An answer whose body is still arriving; read `chunks` once. Only waiting counts against the deadline."""

    def __init__(self, arriving: Arriving, *, left_s: float, limit: int) -> None:
        self.status = arriving.status
        self.headers = arriving.headers
        self._arriving = arriving
        self._left_s = left_s
        self._limit = limit

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes; raises Unanswered."""
        loop = asyncio.get_running_loop()
        arrived = 0
        parts = aiter(self._arriving.chunks())
        while True:
            began = loop.time()
            try:
                async with asyncio.timeout(self._left_s):
                    chunk = await anext(parts)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Unanswered(_NOT_WHOLE, late=True) from None
            except httpx.TransportError as error:
                raise Unanswered(_in_words(error)) from error
            self._left_s -= loop.time() - began
            arrived += len(chunk)
            if arrived > self._limit:
                raise Unanswered(_too_large(self._limit))
            yield chunk


class VendorHttp:
    """The connections to one backend: at most `max_connections` calls at once, the others wait their turn.

    No cookies, no proxies or netrc from the environment, no redirects, TLS verified, no decompression.
    """

    def __init__(self, *, max_connections: int) -> None:
        self._places = asyncio.Semaphore(max_connections)
        self._wire = Wire()

    async def exchange(self, request: Outgoing, *, deadline_s: float, limit: int = ANSWER_LIMIT) -> Reply:
        """Send `request` and read the whole answer, both within `deadline_s`; raises NotSent or Unanswered."""
        ends = asyncio.get_running_loop().time() + deadline_s
        arriving: Arriving | None = None
        await self._take_place(ends)
        try:
            connect_s = _left_to_connect(ends)
            async with asyncio.timeout_at(ends):
                arriving = await self._wire.send(request, connect_s=connect_s)
                _need_readable(arriving, limit)
                body = await arriving.whole(limit)
        except TimeoutError:
            raise Unanswered(_NO_ANSWER if arriving is None else _NOT_WHOLE, late=True) from None
        except TooLarge:
            raise Unanswered(_too_large(limit)) from None
        except httpx.TransportError as error:
            raise _failure(error, answered=arriving is not None) from error
        finally:
            if arriving is not None:
                arriving.close()
            self._places.release()
        return Reply(status=arriving.status, headers=arriving.headers, body=body)

    @asynccontextmanager
    async def stream(self, request: Outgoing, *, deadline_s: float) -> AsyncIterator[Streamed]:
        """Send `request` and hand out the answer while it arrives; raises NotSent or Unanswered."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + deadline_s
        await self._take_place(ends)
        try:
            arriving = await self._begun(request, ends)
            try:
                _need_readable(arriving, LIST_LIMIT)
                yield Streamed(arriving, left_s=ends - loop.time(), limit=LIST_LIMIT)
            finally:
                arriving.close()
        finally:
            self._places.release()

    async def _begun(self, request: Outgoing, ends: float) -> Arriving:
        connect_s = _left_to_connect(ends)
        try:
            async with asyncio.timeout_at(ends):
                arriving = await self._wire.send(request, connect_s=connect_s)
        except TimeoutError:
            raise Unanswered(_NO_ANSWER, late=True) from None
        except httpx.TransportError as error:
            raise _failure(error, answered=False) from error
        return arriving

    async def _take_place(self, ends: float) -> None:
        if not self._places.locked():
            await self._places.acquire()  # there is one: this does not wait
            return
        try:
            async with asyncio.timeout_at(ends):
                await self._places.acquire()
        except TimeoutError:
            raise NotSent(BackendUnavailable, "Every connection to the vendor was busy until the deadline.") from None

    async def aclose(self) -> None:
        await self._wire.aclose()


_NO_ANSWER = "There was no answer before the deadline."
_NOT_WHOLE = "The answer did not arrive whole before the deadline."


def _left_to_connect(ends: float) -> float:
    """Seconds that a connection may take. Raises NotSent."""
    connect_s = min(CONNECT_S, ends - asyncio.get_running_loop().time() - _LAST_S)
    if connect_s <= 0:
        raise NotSent(BackendTimeout, "No time was left to begin.")
    return connect_s


def _need_readable(arriving: Arriving, limit: int) -> None:
    """Raises Unanswered for a body not worth reading: coded although we asked for none, or too large by its own word."""
    coding = arriving.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise Unanswered("The answer is compressed, which we did not ask for.")
    length = arriving.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise Unanswered(_too_large(limit))


def _too_large(limit: int) -> str:
    return f"The answer is larger than {limit} bytes."


def _failure(error: httpx.TransportError, *, answered: bool) -> NotSent | Unanswered:
    """What a failure means; once the answer's head was there, the request had been sent."""
    if not answered and type(error) in NEVER_SENT:
        ours = isinstance(error, httpx.LocalProtocolError)  # nothing that goes into a head is a caller's
        return NotSent(BackendMisconfigured if ours else BackendUnavailable, _in_words(error))
    return Unanswered(_in_words(error), late=not answered and isinstance(error, httpx.TimeoutException))


# In our own words: an exception's text may hold an address or a part of a message.
_WORDS: dict[type[httpx.TransportError], str] = {
    httpx.TimeoutException: "The connection timed out.",
    httpx.ConnectTimeout: "The vendor's system did not take the connection in time.",
    httpx.ReadTimeout: "The connection timed out while the answer was awaited.",
    httpx.WriteTimeout: "The connection timed out while the request was sent.",
    httpx.PoolTimeout: "Something came on the kept connection before the request was begun, so it was given up.",
    httpx.NetworkError: "The network failed.",
    httpx.ConnectError: "The vendor's system could not be reached: no such host, connection refused, or TLS failed.",
    httpx.ReadError: "The connection broke before the answer was whole.",
    httpx.WriteError: "The connection broke while the request was sent.",
    httpx.CloseError: "The connection broke while it was being closed.",
    httpx.ProxyError: "The proxy refused.",
    httpx.UnsupportedProtocol: "The address has a protocol that we do not speak.",
    httpx.ProtocolError: "The answer is not HTTP.",
    httpx.LocalProtocolError: "The request cannot be put into HTTP: look for a line break in a secret or an address.",
    httpx.RemoteProtocolError: "The connection was closed without an answer, or the answer is not HTTP.",
}


def _in_words(error: httpx.TransportError) -> str:
    return next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), "The exchange failed.")
