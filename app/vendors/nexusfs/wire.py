"""A conversation with one NexusFS: the token kept, one request per call, one more when the token was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from app.domain.ports import VendorRequest
from app.domain.waits import retry_after
from app.vendors.exchange import EVERY_REQUEST, Outgoing, Unanswered, with_secret
from app.vendors.json_bodies import json_bytes
from app.vendors.nexusfs.answers import Object, read_answer
from app.vendors.nexusfs.outcomes import Heard, log_in_fault, without_secrets
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.nexusfs.tables import LOGIN, TOKEN_HEADER
from app.vendors.tokens import Token, Tokens, fits_header, not_logged_in
from app.vendors.transport import VendorHttp

Clock = Callable[[], datetime]


class NexusFs:
    """Calls to one NexusFS. What does not get there raises NotSent or NotApplied, what gets no whole answer Unanswered."""

    def __init__(self, settings: NexusFsSettings, http: VendorHttp, *, deadline_s: float, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._deadline_s = deadline_s
        self._clock = clock
        fixed = settings.access_token
        self._fixed = None if fixed is None else Token(text=fixed.get_secret_value())
        self._tokens = Tokens(self.log_in, clock)

    async def ask(self, request: VendorRequest, *, ends: float) -> Heard:
        """One call, its answer whole; `ends` is the loop's time at which it must be over."""
        if self._fixed is not None:  # once it is refused, there is no other
            return await self._call(request, self._fixed, ends)
        return await self._tokens.carried(
            lambda token: self._call(request, token, ends), is_refused=lambda heard: heard.status == 401, ends=ends
        )

    async def log_in(self) -> Token:
        """A real log-in, whatever is kept. Raises NotSent.

        How long the token lives is the customer's choice and stands nowhere: it is used until it is refused.
        """
        request = Outgoing(
            method="POST",
            url=f"{self._settings.url}{LOGIN}",
            headers=_LOG_IN_HEADERS,
            body=_log_in_body(self._settings),
        )
        try:
            heard = await self._exchange(request, self._now() + self._deadline_s)
        except Unanswered as fault:
            raise not_logged_in(fault) from fault
        token = heard.reading.members.get("token") if isinstance(heard.reading, Object) else None
        if heard.status != 200 or not isinstance(token, str) or not fits_header(token):
            raise log_in_fault(heard)
        return Token(text=token)

    async def greet(self) -> int:
        """The HTTP status with which the bare address answers, whatever it is. Raises NotSent or Unanswered."""
        request = Outgoing(method="GET", url=self._settings.url, headers=GREETING)
        return (await self._exchange(request, self._now() + self._deadline_s)).status

    async def aclose(self) -> None:
        await self._tokens.aclose()
        await self._http.aclose()

    async def _call(self, request: VendorRequest, token: Token, ends: float) -> Heard:
        return await self._exchange(with_secret(request, TOKEN_HEADER, token.text), ends, token.text)

    async def _exchange(self, request: Outgoing, ends: float, *secrets: str) -> Heard:
        asked_at = self._clock()
        reply = await self._http.exchange(request, deadline_s=ends - self._now())
        return Heard(
            status=reply.status,
            reading=without_secrets(read_answer(reply), (*self._settings.secrets, *secrets)),
            asked_at=asked_at,
            retry_after_s=retry_after(reply.headers, now=self._clock()),
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


GREETING = {**EVERY_REQUEST, "Accept": "*/*"}
_LOG_IN_HEADERS = {**GREETING, "Accept": "application/json", "Content-Type": "application/json"}


def _log_in_body(settings: NexusFsSettings) -> bytes:
    assert settings.password is not None
    return json_bytes({"username": settings.username, "password": settings.password.get_secret_value()})
