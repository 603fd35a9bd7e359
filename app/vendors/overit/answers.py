"""Reads an HTTP answer of NextGen FSM: a JSON object, a problem, nothing at all, or unclear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.domain.errors import VendorSaid
from app.domain.json import JsonObject
from app.domain.waits import retry_after
from app.vendors.exchange import Reply
from app.vendors.json_bodies import NotJson, json_value
from app.vendors.replies import media_type, redacted

JSON, PROBLEM = "application/json", "application/problem+json"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A JSON object that is no problem."""

    members: JsonObject


@dataclass(frozen=True, kw_only=True)
class Problem:
    """RFC 9457 with the document's extension member `code`, which the private APIs behind it need not have.

    `stands`: its own `status` is that of the answer, or it has none and says by its media type what it is.
    """

    code: str | None
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
    """One whole answer. Texts in it are redacted already. `of_problem`: it is one, or has the media type of one."""

    status: int
    reading: Reading
    of_problem: bool
    asked_at: datetime
    retry_after_s: float | None = None

    @property
    def said(self) -> VendorSaid:
        if isinstance(self.reading, Problem):
            return VendorSaid(code=self.reading.code, message=self.reading.text, status=self.status)
        return VendorSaid(status=self.status)


def read_answer(reply: Reply, *, secret: str, asked_at: datetime, now: datetime) -> Heard:
    """What the answer says; `secret` is struck out of the vendor's texts, should it repeat it."""
    reading = _reading(reply, secret)
    return Heard(
        status=reply.status,
        reading=reading,
        of_problem=isinstance(reading, Problem) or media_type(reply.headers) == PROBLEM,
        asked_at=asked_at,
        retry_after_s=retry_after(reply.headers, now=now),
    )


def _reading(reply: Reply, secret: str) -> Reading:
    if not reply.body.strip():
        return Empty()
    kind = media_type(reply.headers)
    if kind not in (JSON, PROBLEM):
        return Unclear(why="The answer is not JSON.")
    try:
        value = json_value(reply.body)
    except NotJson:
        return Unclear(why="The answer says that it is JSON, and is not.")
    if not isinstance(value, Mapping):
        return Unclear(why="The answer is JSON, but no object.")
    return _problem(value, reply.status, kind, secret) or Document(members=value)


def _problem(members: JsonObject, status: int, kind: str, secret: str) -> Problem | None:
    """A problem says by its media type that it is one, or by its members: the document prints one as plain JSON."""
    if kind != PROBLEM and not _like_a_problem(members):
        return None
    code, own = members.get("code"), members.get("status")
    said = own if isinstance(own, int) and not isinstance(own, bool) else None
    texts = [text for name in ("detail", "title") if isinstance(text := members.get(name), str) and text]
    return Problem(
        code=redacted(code, (secret,)) if isinstance(code, str) else None,
        text=redacted(texts[0], (secret,)) if texts else None,
        stands=status >= 400 and (said == status or (said is None and kind == PROBLEM)),
    )


def _like_a_problem(members: JsonObject) -> bool:
    """By the document's extension member, a status that is an error's, or RFC 9457's kind of problem beside its occurrence."""
    status = members.get("status")
    if "code" in members or (isinstance(status, int) and status >= 400):
        return True
    return not members.keys().isdisjoint({"type", "title"}) and not members.keys().isdisjoint({"detail", "instance"})
