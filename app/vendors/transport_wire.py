"""httpx's requests over aiohttp's connections, each failure under the name that tells whether anything was sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from functools import cache

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from app import failpoints

KEEPALIVE_S = 4.0
"""Shorter than the 5 s after which uvicorn drops an idle connection: a request on a dying one is an unknown."""

CLOSE_S = 1.0

_CAUSES: tuple[tuple[type[BaseException], type[httpx.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError,     httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError,         httpx.ReadTimeout),
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError,       httpx.ProxyError),
    (aiohttp.ClientConnectorError,       httpx.ConnectError),
    (aiohttp.InvalidURL,                 httpx.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError,    httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError,        httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError,         httpx.ReadError),
    (aiohttp.ClientConnectionError,      httpx.ReadError),
    (aiohttp.ClientError,                httpx.ReadError),
    (OSError,                            httpx.ReadError),
)  # fmt: skip
"""aiohttp's failure -> httpx's, the first that matches. In httpx-aiohttp's own table a server that hangs up after the
request looks like a connection never made."""


def true_error(error: BaseException) -> httpx.TransportError:
    """The failure under its right name; what is in no table could have happened after sending."""
    cause = error.__cause__ if isinstance(error, httpx.TransportError) and error.__cause__ else error
    if isinstance(cause, httpx.TransportError):
        return cause
    return next((name(str(cause)) for kind, name in _CAUSES if isinstance(cause, kind)), httpx.ReadError(str(cause)))


@contextmanager
def true_errors() -> Iterator[None]:
    try:
        yield
    except (httpx.TransportError, aiohttp.ClientError, OSError) as error:
        if type(error) is TimeoutError:  # asyncio.timeout's own, on its way to whoever set the deadline
            raise
        raise true_error(error) from error


class _Body(httpx.AsyncByteStream):
    """The answer's body, whose failures have their right names too."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with true_errors():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back, or drop it when the body was not read to its end; a failure changes nothing."""
        with suppress(httpx.TransportError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                with true_errors():
                    await self._stream.aclose()


class Wire:
    """One backend's connections, made when the first request is sent: aiohttp wants the loop that will run them."""

    def __init__(self) -> None:
        self._transport: AiohttpTransport | None = None
        self._closed = False

    async def send(self, request: httpx.Request) -> tuple[httpx.Response, httpx.AsyncByteStream]:
        """The answer's head, and its body still to be read and closed; raises httpx.TransportError."""
        if self._closed:
            raise httpx.ConnectError("closed")
        if self._transport is None:
            self._transport = AiohttpTransport(verify=trust(), trust_env=False, client=_session)
        if failpoints.armed_in_body():
            request = _in_halves(request)
        with true_errors():
            response = await self._transport.handle_async_request(request)
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise httpx.RemoteProtocolError("no body stream")
        return response, _Body(stream)

    async def aclose(self) -> None:
        self._closed = True
        if self._transport is not None:
            await self._transport.aclose()
            await asyncio.sleep(0)  # aiohttp closes its sockets on the loop's next turn


class _Halves(httpx.AsyncByteStream):
    """A request's body for a process that is to end while it sends it."""

    def __init__(self, whole: bytes) -> None:
        self._whole = whole

    def __aiter__(self) -> AsyncIterator[bytes]:
        return failpoints.body(self._whole)


def _in_halves(request: httpx.Request) -> httpx.Request:
    stream = _Halves(request.content)
    return httpx.Request(
        request.method, request.url, headers=request.headers, stream=stream, extensions=request.extensions
    )


def _session() -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S, ssl=trust()),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
    )
    # aiohttp sends a GET, PUT or DELETE again by itself when a kept connection breaks under it. Only we send again.
    session._retry_connection = False
    return session


@cache
def trust() -> ssl.SSLContext:
    """Whom we trust: certifi's authorities, and the machine's own, where a client's authority can be added."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
