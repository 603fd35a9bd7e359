"""From a path in NexusFS's names to a JSON Pointer in ours, for what it calls wrong and for what we refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from app.domain.field_table import EXTENSIONS, Keyed, Member, Nested, Rows
from app.domain.json import JsonObject, JsonValue, escaped
from app.vendors.nexusfs.fields import TABLE
from app.vendors.nexusfs.tables import SLUG

_STEP = re.compile(r"(?P<name>[^.\[\]$]+)|\[(?P<at>\d{1,9})\]")
_PATH = re.compile(r"(?:\$\.?)?[^.\[\]$]+(?:\.[^.\[\]$]+|\[\d{1,9}\])*")
_WORDS = ("_fields", "_paths")


def pointer_to(steps: Sequence[str]) -> str:
    """The pointer for the vendor's members from the top down; an element of a collection is its key."""
    if steps[:1] == ["OrderStatus"]:
        return "/status"
    members: tuple[Member, ...] = TABLE.members
    at, rest = "", list(steps)
    while rest:
        member = next((one for one in members if one.theirs == rest[0]), None)
        if member is None:
            return f"{at}/{EXTENSIONS}/{SLUG}/{_joined(rest)}"
        at += "/" + member.ours.replace(".", "/")
        del rest[0]
        match member.shape:
            case Nested():
                members = member.shape.members
            case Keyed() | Rows() if rest:
                at += "/" + escaped(rest.pop(0))
                members = member.shape.members
            case _:
                members = ()
                if rest:
                    return f"{at}/{_joined(rest)}"
    return at


def pointer_in(path: str, sent: JsonObject) -> str:
    """The pointer for a path such as `Assets[0].AssetNum` of a body that we sent; "" for one that cannot be read."""
    if _PATH.fullmatch(path) is None:
        return ""
    steps: list[str] = []
    value: JsonValue = sent
    for found in _STEP.finditer(path):
        if found["name"] is not None:
            steps.append(found["name"])
            value = value.get(found["name"]) if isinstance(value, Mapping) else None
            continue
        at = int(found["at"])
        value = value[at] if isinstance(value, Sequence) and not isinstance(value, str) and at < len(value) else None
        if steps[-1:] and steps[-1] in _WORDS:
            return pointer_to([value]) if isinstance(value, str) and steps[-1] == "_fields" else ""
        steps.append(_key(steps, value, at))
    return pointer_to(steps)


def _key(steps: list[str], element: JsonValue, at: int) -> str:
    """How our pointer names an element of an array: by its own id in a collection, else by its place."""
    member = next((one for one in TABLE.members if steps == [one.theirs]), None)
    if member is not None and isinstance(member.shape, Keyed) and isinstance(element, Mapping):
        return member.shape.key(element) or str(at)
    return str(at)


def _joined(steps: Sequence[str]) -> str:
    return "/".join(map(escaped, steps))
