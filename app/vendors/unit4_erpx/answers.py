"""Reads an answer of ERPx: which of the known shapes its body has, and what it says, without our secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import VendorSaid
from app.domain.json import JsonObject, JsonValue
from app.domain.waits import retry_after
from app.vendors.exchange import Reply
from app.vendors.json_bodies import NotJson, json_value
from app.vendors.replies import MOST_TEXT, media_type, redacted
from app.vendors.unit4_erpx.tables import NOT_FOUND, NOT_FOUND_CODE, TOKEN_REFUSED, Shape

MOST_MESSAGES = 20


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One whole answer. `order` is the record of a Shape.order; `messages` are the vendor's texts, one for each fault."""

    status: int
    shape: Shape
    asked_at: datetime
    order: JsonObject | None = None
    code: str | None = None
    messages: tuple[str, ...] = ()
    retry_after_s: float | None = None

    @property
    def token_refused(self) -> bool:
        """Whether ERPx did nothing because our token is invalid or has expired."""
        return self.status == TOKEN_REFUSED

    @property
    def said(self) -> VendorSaid:
        text = " ".join(self.messages)[:MOST_TEXT]
        return VendorSaid(code=self.code, message=text or None, status=self.status)


def read_answer(reply: Reply, *, asked_at: datetime, now: datetime, secrets: tuple[str, ...]) -> Heard:
    """What an answer is; only JSON that says so in its media type is read as such."""
    after_s = retry_after(reply.headers, now=now)
    if not reply.body.strip():
        return Heard(status=reply.status, shape=Shape.empty, asked_at=asked_at, retry_after_s=after_s)
    value = json_of(reply)
    shape = _shape(value)
    order = value if shape is Shape.order and isinstance(value, Mapping) else None
    code, messages = (None, ()) if order is not None else _said(value, secrets)
    return Heard(
        status=reply.status,
        shape=shape,
        asked_at=asked_at,
        order=order,
        code=code,
        messages=messages,
        retry_after_s=after_s,
    )


def json_of(reply: Reply) -> JsonValue:
    """The body as JSON that can be kept and sent on; None for anything else."""
    kind = media_type(reply.headers)
    if kind not in {"application/json", "text/json"} and not kind.endswith("+json"):
        return None
    try:
        return json_value(reply.body)
    except NotJson:
        return None


def _shape(value: JsonValue) -> Shape:
    parts = _parts(value)
    if not parts or not all(isinstance(part, Mapping) and part for part in parts):
        return Shape.other
    errors = [part for part in parts if isinstance(part, Mapping)]
    if any("statusCode" in error for error in errors):
        return Shape.gateway
    if isinstance(value, Mapping) and isinstance(value.get("workOrderId"), str | int) and value["workOrderId"] != "":
        return Shape.order
    if any(_says_not_found(error) for error in errors):
        return Shape.no_order
    return Shape.words


def _parts(value: JsonValue) -> list[JsonValue]:
    """The objects of an answer that is one object, or an array of them (dossier 2.3)."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, Mapping) else []


def _says_not_found(error: JsonObject) -> bool:
    message = error.get("message")
    return str(error.get("code")) == NOT_FOUND_CODE or (isinstance(message, str) and NOT_FOUND in message.casefold())


_CODES = ("code", "statusCode", "error")
_TEXTS = ("message", "error_description")
"""ERPx's, the API manager's, and those of OAuth2 (RFC 6749, 5.2)."""


def _said(value: JsonValue, secrets: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The vendor's code and texts; of an error whose members we do not know, all of it, unless it may hold a token."""
    code: str | None = None
    messages: list[str] = []
    for part in _parts(value)[:MOST_MESSAGES]:
        if not isinstance(part, Mapping):
            continue
        number = next((part[name] for name in _CODES if name in part), None)
        if code is None and isinstance(number, str | int) and not isinstance(number, bool):
            code = redacted(str(number), secrets)
        texts = [text for name in _TEXTS if isinstance(text := part.get(name), str)]
        if texts:
            messages.append(redacted(texts[0], secrets))
        elif not part.keys() <= set(_CODES) and not any("token" in name.casefold() for name in part):
            escaped = tuple(json.dumps(one, ensure_ascii=False)[1:-1] for one in secrets)
            messages.append(redacted(json.dumps(part, ensure_ascii=False), secrets + escaped))
    return code, tuple(messages)
