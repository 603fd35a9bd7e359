"""A conversation with one ERPx: requests built, the log-in kept, one request per call, one more when the token was bad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from app.domain.errors import BackendMisconfigured, BackendUnavailable
from app.domain.json import JsonValue
from app.domain.ports import VendorRequest
from app.vendors.exchange import EVERY_REQUEST, NotSent, Outgoing, Reply, Unanswered, with_secret
from app.vendors.json_bodies import json_bytes
from app.vendors.tokens import Token, Tokens, not_logged_in
from app.vendors.transport import VendorHttp
from app.vendors.unit4_erpx.answers import Heard, json_of, read_answer
from app.vendors.unit4_erpx.deprecation import Deprecations
from app.vendors.unit4_erpx.settings import Unit4ErpxSettings
from app.vendors.unit4_erpx.tables import Call
from app.vendors.unit4_erpx.token import token_from

Clock = Callable[[], datetime]

JSON_PLEASE = {**EVERY_REQUEST, "Accept": "application/json"}
MEDIA_TYPES: Mapping[Call, str] = {
    Call.create: "application/json",
    Call.patch: "application/json-patch+json",
}
HIDDEN = "Bearer ***"


class Wire:
    """Calls to one ERPx. What does not get there raises NotSent or NotApplied, what gets no whole answer Unanswered."""

    def __init__(
        self,
        settings: Unit4ErpxSettings,
        http: VendorHttp,
        deprecations: Deprecations,
        *,
        deadline_s: float,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._http = http
        self._deprecations = deprecations
        self._deadline_s = deadline_s
        self._clock = clock
        self._tokens = Tokens(self.log_in, clock)

    def request(self, call: Call, number: str = "", body: JsonValue = None) -> VendorRequest:
        """A request as it is sent, but for its token. The company goes into the query; of a POST, it is in the body."""
        url = f"{self._settings.url}{self._settings.work_orders_path}"
        if call is not Call.create:
            url += f"/{quote(number, safe='')}?companyId={quote(self._settings.company_id, safe='')}"
        headers = {**JSON_PLEASE, "Authorization": HIDDEN}
        if call not in MEDIA_TYPES:
            return VendorRequest(method=call.value, url=url, headers=headers, body=b"")
        headers["Content-Type"] = MEDIA_TYPES[call]
        return VendorRequest(method=call.value, url=url, headers=headers, body=json_bytes(body))

    async def ask(self, request: VendorRequest, *, ends: float) -> Heard:
        """One call, its answer whole; `ends` is the loop's time at which it must be over."""
        return await self._tokens.carried(
            lambda token: self._exchange(request, token, ends), is_refused=lambda heard: heard.token_refused, ends=ends
        )

    async def log_in(self) -> Token:
        """A real log-in, whatever is kept. Raises NotSent: nothing that waits for it has been sent."""
        form = {
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "scope": self._settings.scope,
            "grant_type": "client_credentials",
        }
        headers = {**JSON_PLEASE, "Content-Type": "application/x-www-form-urlencoded"}
        request = Outgoing(method="POST", url=self._settings.token_url, headers=headers, body=urlencode(form).encode())
        asked_at = self._clock()
        try:
            reply = await self._http.exchange(request, deadline_s=self._deadline_s)
        except Unanswered as fault:
            raise not_logged_in(fault) from fault
        token = token_from(json_of(reply), now=asked_at) if reply.status == 200 else None
        if token is None:
            raise self._no_token(reply, self._heard(reply, asked_at))
        return token

    async def greet(self) -> int:
        """The HTTP status with which the bare address answers, whatever it is. Raises NotSent or Unanswered."""
        request = Outgoing(method="GET", url=self._settings.url, headers=JSON_PLEASE)
        return (await self._http.exchange(request, deadline_s=self._deadline_s)).status

    async def aclose(self) -> None:
        await self._tokens.aclose()
        await self._http.aclose()

    async def _exchange(self, shown: VendorRequest, token: Token, ends: float) -> Heard:
        request = with_secret(shown, "Authorization", f"Bearer {token.text}")
        asked_at = self._clock()
        reply = await self._http.exchange(request, deadline_s=ends - asyncio.get_running_loop().time())
        self._deprecations.note(reply.headers)
        return self._heard(reply, asked_at, token.text)

    def _heard(self, reply: Reply, asked_at: datetime, *token: str) -> Heard:
        secrets = (self._settings.client_secret.get_secret_value(), *token)
        return read_answer(reply, asked_at=asked_at, now=self._clock(), secrets=secrets)

    def _no_token(self, reply: Reply, heard: Heard) -> NotSent:
        said = heard.said
        if reply.status == 429:
            detail = "The identity service asks us to slow down (HTTP 429)."
            return NotSent(BackendUnavailable, detail, said=said, retry_after_s=heard.retry_after_s)
        if reply.status in LOG_IN_REFUSED:
            detail = f"The log-in of client {self._settings.client_id} was refused (HTTP {reply.status})."
            return NotSent(BackendMisconfigured, detail, said=said)
        if reply.status in NO_LOG_IN_HERE:
            detail = f"There is no identity service at this address (HTTP {reply.status}): token_url."
            return NotSent(BackendMisconfigured, detail, said=said)
        detail = f"The log-in was not answered with a token (HTTP {reply.status})."
        return NotSent(BackendUnavailable, detail, said=said, retry_after_s=heard.retry_after_s)


LOG_IN_REFUSED = frozenset({400, 401, 403})
"""OAuth2 answers a wrong client with 400 or 401 (RFC 6749, 5.2)."""
NO_LOG_IN_HERE = frozenset({404, 405, 410, 415})
