"""Bodies of patches in our names, and what a test says of one that is refused."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import GatewayError
from app.domain.json import JsonObject, JsonValue

EXTENSION = "extensions/overit"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A patch that is refused, and where its faults point."""

    id: str
    body: JsonObject
    error: type[GatewayError]
    pointers: tuple[str, ...]


def own(**members: JsonValue) -> JsonObject:
    return {"extensions": {"overit": members}}


def operation(key: str, **members: JsonValue) -> JsonObject:
    return {"operations": {key: members}}


def at(pointer: str, value: JsonValue) -> JsonObject:
    """A body that has the value there, and nothing else."""
    *_, last = names = pointer[1:].split("/")
    body: JsonObject = {last: value}
    for name in reversed(names[:-1]):
        body = {name: body}
    return body
