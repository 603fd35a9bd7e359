"""Requests over aiohttp's connections, each failure under httpx's name, which tells whether anything was sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from functools import cache, lru_cache

import aiohttp
import httpx
from aiohttp.abc import ResolveResult
from yarl import URL

from app import failpoints
from app.telemetry import spans
from app.vendors.exchange import Outgoing
from app.vendors.transport_kept import Connector, Request, Spoken, Unwritable

KEEPALIVE_S = 4.0
"""Shorter than the 5 s after which uvicorn drops an idle connection: a request on a dying one is an unknown."""

CHUNK = 16 * 1024
TLS = "https:"

_CAUSES: tuple[tuple[type[BaseException], type[httpx.TransportError]], ...] = (
    (Spoken,                             httpx.PoolTimeout),
    (Unwritable,                         httpx.LocalProtocolError),
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
"""aiohttp's failure -> httpx's, the first that matches. A server that hangs up after the request must not look like a
connection never made. No pool of ours is ever full, so PoolTimeout is Spoken's alone."""


def true_error(error: BaseException) -> httpx.TransportError:
    """The failure by httpx's name; what is in no table could have happened after sending."""
    return next((name(str(error)) for kind, name in _CAUSES if isinstance(error, kind)), httpx.ReadError(str(error)))


class _TrueErrors:
    """What fails within it has httpx's name outside."""

    def __enter__(self) -> None:
        """It holds nothing: one serves all."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, aiohttp.ClientError | OSError):
            return
        if type(error) is TimeoutError:  # asyncio.timeout's own, on its way to whoever set the deadline
            return
        raise true_error(error) from error


_true_errors = _TrueErrors()


class TooLarge(Exception):
    """The body is larger than its limit."""


class Arriving:
    """An answer whose head is there. Read its body once, by either way, and `close` it in any case."""

    __slots__ = ("_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = _joined(response.raw_headers)

    async def whole(self, limit: int) -> bytes:
        """The body. Raises httpx.TransportError, TooLarge."""
        parts: list[bytes] = []
        arrived = 0
        with _true_errors:
            while chunk := await self._response.content.readany():
                arrived += len(chunk)
                if arrived > limit:
                    raise TooLarge
                parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises httpx.TransportError."""
        with _true_errors:
            async for chunk in self._response.content.iter_chunked(CHUNK):
                yield chunk

    def close(self) -> None:
        """Give the connection back, or drop it when the body was not read to its end."""
        self._response.release()


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case, the values of a repeated one joined."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


class _Resolver(aiohttp.ThreadedResolver):
    """The machine's own; a name that cannot even be asked for is one that is not found."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            return await super().resolve(host, port, family)
        except ValueError as error:  # an empty or too long label, or a NUL
            raise OSError(str(error)) from error


class Wire:
    """One backend's connections, made when the first request is sent: aiohttp wants the loop that will run them."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def send(self, request: Outgoing, *, connect_s: float) -> Arriving:
        """The answer's head, its body still to be read and closed; raises httpx.TransportError."""
        if self._closed:
            raise httpx.ConnectError("closed")
        if self._session is None:
            self._session = _session()
        body = request.body or None
        headers = request.headers
        if spans.tracer is not None:
            headers = {**headers, **dict(spans.carried())}
        with _true_errors:
            return Arriving(
                await self._session.request(
                    request.method,
                    _address(request.url),
                    headers=headers,
                    data=failpoints.body(body) if body is not None and failpoints.armed_in_body() else body,
                    allow_redirects=False,
                    timeout=_timeout(connect_s),
                    ssl=trust() if request.url[: len(TLS)].lower() == TLS else True,
                )
            )

    async def aclose(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # aiohttp closes its sockets on the loop's next turn


def _session() -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=Connector(limit=0, keepalive_timeout=KEEPALIVE_S, resolver=_Resolver()),
        request_class=Request,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
    )
    # aiohttp sends a GET, PUT or DELETE again by itself when a kept connection breaks under it. Only we send again.
    session._retry_connection = False
    return session


def _address(url: str) -> URL:
    """The address as it stands, which is as a preview shows it. Left to itself, yarl takes back escapes that it thinks needless,
    and a server may part a path at a bare `;`. Raises aiohttp.InvalidURL."""
    try:
        return URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
    except ValueError as error:
        raise aiohttp.InvalidURL(url) from error


@lru_cache(maxsize=8)
def _timeout(connect_s: float) -> aiohttp.ClientTimeout:
    """Nearly every request has the whole time to connect."""
    return aiohttp.ClientTimeout(connect=connect_s, sock_connect=connect_s)


@cache
def trust() -> ssl.SSLContext:
    """Whom we trust: certifi's authorities, and the machine's own, where a client's authority can be added.

    The first call reads them, which takes a while: a backend with TLS makes it in a thread before its first request.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
