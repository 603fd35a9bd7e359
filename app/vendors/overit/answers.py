"""Reads an HTTP answer of NextGen FSM: a JSON object, a problem with a code of the vendor's, nothing at all, or unclear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn, TypeAlias

from app.domain.errors import VendorSaid
from app.domain.json import JsonObject, JsonValue
from app.vendors.transport import Reply

MOST_TEXT = 500
"""Of a vendor's text, how much is kept."""
JSON, PROBLEM = "application/json", "application/problem+json"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A JSON object that is no problem."""

    members: JsonObject


@dataclass(frozen=True, kw_only=True)
class Problem:
    """RFC 9457 with the document's extension member `code`; `stands`: its own `status` is that of the answer."""

    code: str
    text: str | None
    stands: bool


@dataclass(frozen=True, kw_only=True)
class Empty:
    """No body."""


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """A body that is none of the others; `why` is for an operator."""

    why: str


Reading: TypeAlias = "Document | Problem | Empty | Unclear"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One whole answer. Texts in it are redacted already."""

    status: int
    reading: Reading
    asked_at: datetime
    retry_after_s: float | None = None

    @property
    def said(self) -> VendorSaid:
        if isinstance(self.reading, Problem):
            return VendorSaid(code=self.reading.code, message=self.reading.text, status=self.status)
        return VendorSaid(status=self.status)


def read_answer(reply: Reply, *, secret: str, asked_at: datetime) -> Heard:
    """What the answer says; `secret` is struck out of the vendor's texts, should it repeat it."""
    return Heard(
        status=reply.status,
        reading=_reading(reply, secret),
        asked_at=asked_at,
        retry_after_s=_retry_after(reply.headers, now=asked_at),
    )


def _reading(reply: Reply, secret: str) -> Reading:
    if not reply.body.strip():
        return Empty()
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (JSON, PROBLEM):
        return Unclear(why="The answer is not JSON.")
    try:
        value: JsonValue = json.loads(reply.body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Unclear(why="The answer says that it is JSON, and is not.")
    if not isinstance(value, Mapping):
        return Unclear(why="The answer is JSON, but no object.")
    return _problem(value, reply.status, media_type, secret) or Document(members=value)


def _problem(members: JsonObject, status: int, media_type: str, secret: str) -> Problem | None:
    """A problem has a code that is text, and says its status, or says by its media type that it is one."""
    code, own = members.get("code"), members.get("status")
    said = own if isinstance(own, int) and not isinstance(own, bool) else None
    if not isinstance(code, str) or (said is None and media_type != PROBLEM) or (said is not None and said < 400):
        return None
    texts = [text for name in ("detail", "title") if isinstance(text := members.get(name), str) and text]
    return Problem(
        code=_clean(code, secret),
        text=_clean(texts[0], secret) if texts else None,
        stands=said in (None, status) and status >= 400,
    )


def _clean(text: str, secret: str) -> str:
    return text.replace(secret, "***")[:MOST_TEXT]


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
