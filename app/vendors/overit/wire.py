"""A conversation with one NextGen FSM over HTTP: what is sent, byte for byte, and one exchange. One try, never two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote

from app.domain.json import JsonObject
from app.domain.ports import VendorRequest
from app.vendors.exchange import EVERY_REQUEST, with_secret
from app.vendors.json_bodies import json_bytes
from app.vendors.overit.answers import JSON, PROBLEM, Heard, read_answer
from app.vendors.overit.settings import OverItSettings
from app.vendors.overit.steps import CANCEL, PATCH, READ, VendorCall
from app.vendors.overit.tables import EXTERNAL
from app.vendors.transport import VendorHttp

Clock = Callable[[], datetime]
HEADERS: Mapping[str, str] = {**EVERY_REQUEST, "Accept": f"{JSON}, {PROBLEM}", "Authorization": "Bearer ***"}


def patch_request(settings: OverItSettings, body: JsonObject) -> VendorRequest:
    """The PATCH, without its token."""
    return _with_body(PATCH, settings.work_orders_url, body)


def cancel_request(settings: OverItSettings, body: JsonObject) -> VendorRequest:
    """The cancellation, without its token."""
    return _with_body(CANCEL, settings.cancellation_url, body)


def read_request(settings: OverItSettings, number: str) -> VendorRequest:
    """The read of one order, by its code, or by its external code with `ext:` before it; without its token."""
    if number.startswith(EXTERNAL):
        query = {"externalCode": number.removeprefix(EXTERNAL), "externalSystemCode": settings.external_system_code}
    else:
        query = {"code": number}
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return VendorRequest(method=READ.method, url=f"{settings.read_url}?{asked}", headers=HEADERS, body=b"")


def _with_body(call: VendorCall, url: str, body: JsonObject) -> VendorRequest:
    headers = {**HEADERS, "Content-Type": JSON}
    return VendorRequest(method=call.method, url=url, headers=headers, body=json_bytes(body))


class Wire:
    """One company's NextGen FSM. `ask` raises NotSent or Unanswered."""

    def __init__(self, settings: OverItSettings, http: VendorHttp, *, clock: Clock) -> None:
        self._token = settings.access_token.get_secret_value()
        self._http = http
        self._clock = clock

    async def ask(self, request: VendorRequest, *, ends: float) -> Heard:
        """Send it with our token; `ends` is the loop's time at which the answer must be whole."""
        asked_at = self._clock()
        sent = with_secret(request, "Authorization", f"Bearer {self._token}")
        reply = await self._http.exchange(sent, deadline_s=ends - asyncio.get_running_loop().time())
        return read_answer(reply, secret=self._token, asked_at=asked_at, now=self._clock())

    async def aclose(self) -> None:
        await self._http.aclose()
