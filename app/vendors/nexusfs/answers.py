"""Reads an answer of NexusFS: a standard response object, another JSON object, or nothing that we can be sure of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.errors import FieldFault
from app.domain.json import JsonObject, JsonValue
from app.vendors.exchange import Reply
from app.vendors.json_bodies import NotJson, json_value
from app.vendors.nexusfs.pointers import pointer_in
from app.vendors.replies import media_type

MOST_FAULTS = 50
_MEDIA_TYPES = frozenset({"application/json", "application/problem+json"})
_ERROR = frozenset({"type", "title", "detail", "invalidParams"})
_WRONG_URL = 404
"""In the pages of the old form: "URL is incorrect"; an order that is not there is 410. It says nothing of an order."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One of `invalidParams`: what is wrong with which member."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Standard:
    """The standard response object (dossier 3.3): only an error has a title, a detail or invalid parameters."""

    failed: bool
    text: str
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Object:
    """A JSON object that is no standard response object: a work order, a token."""

    members: JsonObject


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """An answer that is none of the others; `why` is for an operator."""

    why: str


Reading: TypeAlias = "Standard | Object | Nothing"


def read_answer(reply: Reply) -> Reading:
    """What an answer says, by its HTTP status, its media type and its body."""
    if not reply.body.strip():
        return Nothing(why="The answer is empty.")
    if media_type(reply.headers) not in _MEDIA_TYPES:
        return Nothing(why="The answer is not JSON by its own word.")
    try:
        value = json_value(reply.body)
    except NotJson:
        return Nothing(why="The answer is not JSON.")
    if not isinstance(value, Mapping):
        return Nothing(why="The answer is not a JSON object.")
    old = value.get("detail")
    if isinstance(old, Mapping) and _is_whole(value.get("code"), reply.status) and reply.status != _WRONG_URL:
        return _old_error(old)
    said = value.get("status")
    if isinstance(said, bool) or not isinstance(said, int):
        return Object(members=value)
    if said != reply.status:
        return Nothing(why=f"The answer says status {said}.")
    return _standard(value)


def faults(standard: Standard, sent: JsonObject) -> tuple[FieldFault, ...]:
    """What NexusFS found wrong, with pointers in our names."""
    return tuple(
        FieldFault(pointer=pointer_in(one.path, sent), code="invalid", message=one.reason)
        for one in standard.parameters[:MOST_FAULTS]
    )


def _standard(value: JsonObject) -> Standard:
    text = next((one for one in (value.get("detail"), value.get("title")) if isinstance(one, str) and one), "")
    given = value.get("invalidParams")
    rows = given if isinstance(given, Sequence) and not isinstance(given, str) else ()
    parameters = tuple(_parameter(row) for row in rows if isinstance(row, Mapping))
    return Standard(failed=not _ERROR.isdisjoint(value), text=text, parameters=parameters)


def _old_error(detail: JsonObject) -> Standard:
    """An error as older versions wrote it: `{"code": 400, "detail": {"message": "", "dataPath": ""}}` (dossier 3.3)."""
    message, path = _text(detail.get("message")), _text(detail.get("dataPath"))
    if not path:
        return Standard(failed=True, text=message)
    return Standard(failed=True, text="", parameters=(Parameter(path=path, reason=message or "invalid"),))


def _is_whole(value: JsonValue, number: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == number


def _parameter(row: JsonObject) -> Parameter:
    return Parameter(
        path=_text(row.get("path")) or _text(row.get("name")), reason=_text(row.get("reason")) or "invalid"
    )


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
