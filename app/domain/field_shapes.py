"""The shapes of a vendor's record beside ours: what a field table is written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from app.domain.json import JsonObject, JsonValue

EXTENSIONS = "extensions"
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
Record: TypeAlias = "dict[str, JsonValue]"


@dataclass(frozen=True, kw_only=True)
class Plain:
    """The same value on both sides."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time: as the vendor wrote it towards us; towards the vendor in UTC, with a Z, where the caller gave another offset."""


@dataclass(frozen=True, kw_only=True)
class Members:
    """What an object of the vendor's may hold."""

    members: tuple[Member, ...]

    @cached_property
    def listed(self) -> Mapping[str, Member]:
        """The members by the vendor's names."""
        return {member.theirs: member for member in self.members}


@dataclass(frozen=True, kw_only=True)
class Nested(Members):
    """An object on both sides."""


@dataclass(frozen=True, kw_only=True)
class Spread(Members):
    """An object of the vendor whose members stand in the parent on our side; `ours` of the member itself is empty."""


@dataclass(frozen=True, kw_only=True)
class Rows(Members):
    """An array of objects on both sides."""


@dataclass(frozen=True, kw_only=True)
class Keyed(Members):
    """An array of the vendor's, which is an object here, keyed by the element's own id.

    `key` gives an element's key, or None where it has none; `ids` gives the vendor's members that a key stands for.
    """

    key: Callable[[JsonObject], str | None]
    ids: Callable[[str], JsonObject | None]


Shape: TypeAlias = "Plain | Moment | Nested | Spread | Rows | Keyed"
PLAIN = Plain()
MOMENT = Moment()


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member of the vendor's, and its path in our object, with dots between."""

    theirs: str
    ours: str = ""
    shape: Shape = field(default=PLAIN)

    @cached_property
    def place(self) -> tuple[tuple[str, ...], str]:
        """The objects of ours in which it stands, outermost first, and its name there."""
        *groups, last = self.ours.split(".")
        return tuple(groups), last


@dataclass(frozen=True, kw_only=True)
class FieldTable(Members):
    """A vendor's whole work order. `vendor` is the slug under which its own members stand in `extensions`."""

    vendor: str


def own_members(ours: JsonObject, vendor: str) -> JsonObject:
    """What stands in `extensions.<vendor>` of an object of ours."""
    extensions = ours.get(EXTENSIONS)
    own = extensions.get(vendor) if isinstance(extensions, Mapping) else None
    return own if isinstance(own, Mapping) else {}


def by_one(name: str, *, number: bool = False) -> Callable[[JsonObject], str | None]:
    """A key that is one member: a text, or (`number`) a whole number from 0 to a billion, written as text."""

    def key(element: JsonObject) -> str | None:
        value = element.get(name)
        if number:
            whole = isinstance(value, int) and not isinstance(value, bool)
            return str(value) if whole and _WHOLE.fullmatch(str(value)) else None
        return value if isinstance(value, str) and value else None

    return key


def one_id(name: str, *, number: bool = False) -> Callable[[str], JsonObject | None]:
    """The member that a key of `by_one` stands for; None for none, and for a text that is no whole number where one is needed."""

    def ids(key: str) -> JsonObject | None:
        if not number:
            return {name: key} if key else None
        return {name: int(key)} if _WHOLE.fullmatch(key) else None

    return ids


def homes(members: tuple[Member, ...], *, theirs: str = "", ours: str = "") -> Iterator[tuple[str, str]]:
    """Every member of the vendor's with its place here, both as paths; an element of a collection is `[]` and `{}`."""
    for member in members:
        name, shape = theirs + member.theirs, member.shape
        if isinstance(shape, Spread):
            yield from homes(shape.members, theirs=name + ".", ours=ours)
            continue
        path = ours + member.ours
        yield name, path
        match shape:
            case Nested():
                yield from homes(shape.members, theirs=name + ".", ours=path + ".")
            case Rows():
                yield from homes(shape.members, theirs=name + "[].", ours=path + "[].")
            case Keyed():
                yield from homes(shape.members, theirs=name + "[].", ours=path + "{}.")


def fits(shape: Shape, value: JsonValue) -> bool:
    """Whether a value of the vendor's can stand in its place here and come back unchanged."""
    match shape:
        case Plain() | Moment():
            return True
        case Nested():
            return value is None or isinstance(value, Mapping)
        case Spread():
            return isinstance(value, Mapping)
    if value is None:
        return True
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return False
    if isinstance(shape, Rows):
        return True
    keys = [shape.key(one) for one in value]
    return None not in keys and len(set(keys)) == len(keys)
