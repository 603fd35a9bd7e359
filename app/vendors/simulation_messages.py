"""The words between a simulated vendor and the server around it: request, answer, call, and a refusal of bad input."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Clock = Callable[[], datetime]
"""The time as an aware datetime; tests put their own in."""

Scope = MutableMapping[str, object]
Event = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

On = Literal["write", "read", "login"]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One HTTP request, its body read to the end; header names are lower-case."""

    method: str
    scheme: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    media_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


def too_many_requests(seconds: int) -> Answer:
    """HTTP 429 as a proxy gives it."""
    return Answer(status=429, headers=(("retry-after", str(seconds)),))


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A vendor call that was understood and has done nothing yet.

    `run` makes the effect and returns the answer. It is no coroutine: nothing comes between its check and its effect.
    """

    on: On
    order: str | None
    run: Callable[[], Answer]
    refuse: Callable[[], Answer]
    """The vendor's own business refusal of this call, without an effect."""
    crash: Callable[[], Answer]
    """The vendor's own HTTP 500, without an effect."""
    throttle: Callable[[int], Answer] = too_many_requests
    """The vendor's own HTTP 429, without an effect; its Retry-After is this many seconds."""


class BadInput(Exception):
    """What a caller of `/_sim` sent cannot be used; `field` names the member at fault."""

    def __init__(self, field: str, message: str, *, status: int = 422) -> None:
        super().__init__(message)
        self.field = field
        self.status = status


def json_answer(status: int, value: Json) -> Answer:
    return Answer(status=status, body=json.dumps(value).encode(), media_type="application/json")


def whole_number(body: Mapping[str, Json], field: str, *, least: int, most: int) -> int | None:
    """The member as an int between the two bounds; None where it is absent or null."""
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput(field, f"must be a whole number from {least} to {most}")
    return value


def number(body: Mapping[str, Json], field: str, *, most: float) -> float | None:
    """The member as a number of at least 0; None where it is absent or null."""
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadInput(field, f"must be a number from 0 to {most:g}")
    return float(value)


def only(body: Mapping[str, Json], *known: str) -> None:
    """Raises for a member that the call does not have: a misspelt one would be ignored in silence."""
    for field in body:
        if field not in known:
            raise BadInput(field, f"is not known here; this call takes {', '.join(known) or 'no members'}")
