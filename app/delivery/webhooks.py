"""One try of one webhook: resolve, connect to what was resolved, post, and look at the answer, all within one deadline.

Each try has a connection of its own: a kept one might have been made for another name, or before an address changed hands.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from app.delivery.addresses import Address, AddressRefused, AddressRules, Resolve, Target, addresses, target

ANSWER_LIMIT = 4096
"""How much of an answer's body is read; none of it is shown to anybody."""
GLANCE_S = 2.0
"""How long that may take; the status has been read by then."""
CONNECT_S = 5.0
CONNECT_TO = 4
"""How many of a host's addresses are tried."""
NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What the endpoint answered; or why it did not, in our words."""

    status: int | None
    error: str | None
    headers: Mapping[str, str]

    @property
    def taken(self) -> bool:
        return self.error is None


def _failed(error: str) -> Answered:
    return Answered(status=None, error=error, headers={})


class WebhookSender:
    """Posts to endpoints: TLS verified for the name, no redirects, no proxies or cookies, nothing decompressed."""

    def __init__(
        self,
        *,
        rules: AddressRules,
        resolve: Resolve,
        of_proven: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`of_proven` resolves for endpoints that are proven, so that no other's look-up is in their way."""
        self._rules = rules
        self._resolve = resolve
        self._of_proven = resolve if of_proven is None else of_proven
        self._tls = ssl.create_default_context() if tls is None else tls

    async def check(self, url: str) -> str:
        """The URL as it is kept, if it may be sent to now. Raises AddressRefused and ResolverBusy."""
        of = target(url, self._rules)
        try:
            async with asyncio.timeout(CONNECT_S):
                await addresses(of, self._rules, self._resolve)
        except TimeoutError:
            raise AddressRefused("The host's name cannot be resolved.") from None
        return of.url

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, proven: bool = False
    ) -> Answered:
        """One try. Never raises for what an endpoint does, and never takes longer than `timeout_s`. Raises ResolverBusy."""
        heard: list[Answered] = []
        """What is known of it first counts: once it has answered, no time-out and no fault changes that."""
        try:
            async with asyncio.timeout(timeout_s):
                of = target(url, self._rules)
                found = await addresses(of, self._rules, self._of_proven if proven else self._resolve)
                await self._first_that_connects(of, found, body, headers, heard)
        except AddressRefused as refused:
            heard.append(_failed(str(refused)))
        except TimeoutError:
            heard.append(_failed(f"There was no answer within {timeout_s:g} s."))
        except httpx.TransportError as error:
            heard.append(_failed(_in_words(error)))
        return heard[0]

    async def _first_that_connects(
        self, of: Target, found: tuple[Address, ...], body: bytes, headers: Mapping[str, str], heard: list[Answered]
    ) -> None:
        """Where no connection comes about nothing was sent, and the next address may be tried."""
        *first, last = found[:CONNECT_TO]
        for address in first:
            try:
                return await self._exchange(of, address, body, headers, heard)
            except NO_CONNECTION:
                continue
        await self._exchange(of, last, body, headers, heard)

    async def _exchange(
        self, of: Target, address: Address, body: bytes, headers: Mapping[str, str], heard: list[Answered]
    ) -> None:
        """`heard` gets the answer as soon as its head has been read."""
        request = httpx.Request(
            "POST",
            of.at(address),
            headers={
                "Host": of.authority,
                "Accept-Encoding": "identity",
                "Connection": "close",
                "Content-Type": "application/json",
                "User-Agent": "orderbridge",
                **headers,
            },
            content=body,
            extensions={"sni_hostname": of.host, "timeout": {"connect": CONNECT_S}},
        )
        alone = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        async with httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, limits=alone) as transport:
            response = await transport.handle_async_request(request)
            status = response.status_code
            heard.append(Answered(status=status, error=_refusal(status), headers=dict(response.headers)))
            try:
                await _glance(response)
            finally:
                await response.aclose()


async def _glance(response: httpx.Response) -> None:
    """Read a little of the body, so that an ordinary connection ends in order; what is broken in it says nothing."""
    read = 0
    assert isinstance(response.stream, httpx.AsyncByteStream)
    try:
        async with asyncio.timeout(GLANCE_S):
            async for chunk in response.stream:
                read += len(chunk)
                if read >= ANSWER_LIMIT:
                    return
    except (httpx.TransportError, TimeoutError):
        return


def _refusal(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"It answered {status}; redirects are not followed."
    return f"It answered {status}."


_WORDS: dict[type[httpx.TransportError], str] = {
    httpx.ConnectError: "No connection: refused, unreachable, or TLS failed for the name.",
    httpx.TimeoutException: "No connection in time.",
    httpx.ProtocolError: "The connection was closed without an answer, or the answer is not HTTP.",
    httpx.NetworkError: "The connection broke.",
}
"""In our own words: an exception's text may hold an address."""


def _in_words(error: httpx.TransportError) -> str:
    return next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), "The exchange failed.")
