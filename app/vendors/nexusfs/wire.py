"""A conversation with one NexusFS: the token kept, one request per call, one more when the token was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import httpx

from app.domain.errors import BackendTimeout, BackendUnavailable
from app.domain.ports import VendorRequest
from app.vendors.nexusfs.answers import Object, Reading, read_answer
from app.vendors.nexusfs.outcomes import Heard, log_in_fault, redacted, retry_after
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.nexusfs.tables import LOGIN, TOKEN_HEADER
from app.vendors.nexusfs.token import FixedToken, LoggedInToken, Tokens
from app.vendors.nexusfs.translate import json_bytes
from app.vendors.transport import NotSent, Unanswered, VendorHttp

Clock = Callable[[], datetime]


class NotApplied(NotSent):
    """A first try was sent, and NexusFS refused its token; a second one could not be sent."""


class NexusFs:
    """Calls to one NexusFS. What does not get there raises NotSent or NotApplied, what gets no whole answer Unanswered."""

    def __init__(self, settings: NexusFsSettings, http: VendorHttp, *, deadline_s: float, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._deadline_s = deadline_s
        self._clock = clock
        fixed = settings.access_token
        self._tokens: Tokens = LoggedInToken(self.log_in) if fixed is None else FixedToken(fixed.get_secret_value())

    async def ask(self, request: VendorRequest, *, ends: float) -> Heard:
        """One call, its answer whole; `ends` is the loop's time at which it must be over."""
        token = await self._token(ends)
        heard = await self._call(request, token, ends)
        if heard.status != 401 or not self._tokens.refused(token):
            return heard
        try:
            token = await self._token(ends)
            heard = await self._call(request, token, ends)
        except NotSent as fault:
            raise NotApplied(fault.trouble, fault.detail, said=fault.said, retry_after_s=fault.retry_after_s) from fault
        if heard.status == 401:
            self._tokens.refused(token)
        return heard

    async def log_in(self) -> str:
        """A real log-in, whatever is kept. Raises NotSent."""
        request = httpx.Request(
            "POST", f"{self._settings.url}{LOGIN}", headers=_LOG_IN_HEADERS, content=_log_in_body(self._settings)
        )
        try:
            heard = await self._exchange(request, self._now() + self._deadline_s)
        except Unanswered as fault:
            trouble = BackendTimeout if fault.late else BackendUnavailable
            raise NotSent(trouble, f"The log-in was not answered: {fault.detail}") from fault
        token = heard.reading.members.get("token") if isinstance(heard.reading, Object) else None
        if heard.status != 200 or not isinstance(token, str) or not _fits_header(token):
            raise log_in_fault(heard)
        return token

    async def greet(self) -> int:
        """The HTTP status with which the bare address answers, whatever it is. Raises NotSent or Unanswered."""
        request = httpx.Request("GET", self._settings.url, headers=GREETING)
        return (await self._exchange(request, self._now() + self._deadline_s)).status

    async def aclose(self) -> None:
        await self._tokens.aclose()
        await self._http.aclose()

    async def _token(self, ends: float) -> str:
        try:
            async with asyncio.timeout_at(ends):
                return await self._tokens.get()
        except TimeoutError:
            raise NotSent(BackendTimeout, "The log-in did not come through before the deadline.") from None

    async def _call(self, request: VendorRequest, token: str, ends: float) -> Heard:
        headers = {**request.headers, TOKEN_HEADER: token}
        sent = httpx.Request(request.method, request.url, headers=headers, content=request.body or None)
        return await self._exchange(sent, ends, token)

    async def _exchange(self, request: httpx.Request, ends: float, *secrets: str) -> Heard:
        asked_at = self._clock()
        reply = await self._http.exchange(request, deadline_s=ends - self._now())
        reading: Reading = read_answer(reply.status, reply.headers.get("content-type", ""), reply.body)
        return Heard(
            status=reply.status,
            reading=redacted(reading, (*self._settings.secrets, *secrets)),
            asked_at=asked_at,
            retry_after_s=retry_after(reply.headers, now=self._clock()),
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


GREETING = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "orderbridge"}
_LOG_IN_HEADERS = {**GREETING, "Accept": "application/json", "Content-Type": "application/json"}


def _log_in_body(settings: NexusFsSettings) -> bytes:
    assert settings.password is not None
    return json_bytes({"username": settings.username, "password": settings.password.get_secret_value()})


def _fits_header(token: str) -> bool:
    return token.isascii() and token.isprintable() and token.strip() == token != ""
