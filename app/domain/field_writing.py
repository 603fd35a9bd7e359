"""Members of our work order, or a merge patch of them, as a vendor's table names them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from app.domain.errors import FieldFault
from app.domain.field_shapes import (
    EXTENSIONS,
    FieldTable,
    Keyed,
    Member,
    Moment,
    Nested,
    Plain,
    Record,
    Rows,
    Shape,
    Spread,
    fits,
)
from app.domain.json import JsonObject, JsonValue, escaped
from app.domain.merge_patch import same
from app.domain.order_body import OURS

NO_FIELDS = OURS - {"number"}
"""Places here that no member of a body's fields is written to; a status has a way of its own."""
Path: TypeAlias = "tuple[str, ...]"
Removed: TypeAlias = "Callable[[JsonObject], JsonObject]"


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """What the vendor receives, and what could not be said in its words.

    `homeless`: members that this vendor has no place for. `wrong`: members that contradict their key, or stand in
    `extensions` although they have a name of ours.
    """

    record: Record
    homeless: tuple[FieldFault, ...]
    wrong: tuple[FieldFault, ...]


def to_theirs(table: FieldTable, ours: JsonObject, *, removed: Removed | None = None) -> Theirs:
    """A work order of ours, or a merge patch of one, as the vendor names its members; null stays null.

    `removed` makes the vendor's element for a keyed one that is null; without it, that is a fault.
    """
    writing = _Writing(table.vendor, removed)
    record = writing.whole(table.members, ours, "")
    return Theirs(record=record, homeless=tuple(writing.homeless), wrong=tuple(writing.wrong))


class _Writing:
    """One translation towards the vendor, and the faults that it meets."""

    def __init__(self, vendor: str, removed: Removed | None) -> None:
        self.vendor = vendor
        self.removed = removed
        self.homeless: list[FieldFault] = []
        self.wrong: list[FieldFault] = []

    def whole(self, members: tuple[Member, ...], ours: JsonObject, at: str) -> Record:
        taken: set[str] = set()
        record = self._members(members, ours, at, taken)
        beneath = f"{at}/{EXTENSIONS}/{self.vendor}"
        self._merge_in(record, self._checked(members, self._extension(ours, at), beneath), beneath)
        self._left_over(members, ours, at, taken)
        return record

    def _members(self, members: tuple[Member, ...], ours: JsonObject, at: str, taken: set[str]) -> Record:
        record: Record = {}
        for member in members:
            if isinstance(member.shape, Spread):
                inner = self._members(member.shape.members, ours, at, taken)
                if inner:
                    record[member.theirs] = inner
                continue
            found, value = _get(ours, member.ours)
            if found:
                taken.add(member.ours)
                record[member.theirs] = self._value(member.shape, value, f"{at}/{member.ours.replace('.', '/')}")
        return record

    def _value(self, shape: Shape, value: JsonValue, at: str) -> JsonValue:
        if value is None or isinstance(shape, Plain | Spread):
            return value
        if isinstance(shape, Moment):
            return _in_utc(value)
        if isinstance(shape, Rows):
            if not isinstance(value, list):
                return self._not(at, value, "a list")
            return [
                self.whole(shape.members, one, f"{at}/{n}") if isinstance(one, Mapping) else one
                for n, one in enumerate(value)
            ]
        if not isinstance(value, Mapping):
            return self._not(at, value, "an object")
        if isinstance(shape, Nested):
            return self.whole(shape.members, value, at)
        return [self._element(shape, key, one, f"{at}/{escaped(key)}") for key, one in value.items()]

    def _element(self, shape: Keyed, key: str, value: JsonValue, at: str) -> JsonValue:
        ids = shape.ids(key)
        if ids is None:
            return self._not(at, value, "under a key that this vendor can have")
        if value is None:
            if self.removed is None:
                return self._not(at, value, "an object here")
            return self.removed(ids)
        if not isinstance(value, Mapping):
            return self._not(at, value, "an object")
        element = self.whole(shape.members, value, at)
        listed = {member.theirs: member.ours for member in shape.members}
        for name, own in ids.items():
            if not same(element.get(name, own), own):
                pointer = f"{at}/{listed.get(name, name)}"
                self.wrong.append(
                    FieldFault(pointer=pointer, code="invalid", message=f"This id differs from its key {key!r}.")
                )
        return {**ids, **element}

    def _extension(self, ours: JsonObject, at: str) -> JsonObject:
        """The vendor's own members; those of another vendor, or a null for all of them, have no place."""
        if EXTENSIONS not in ours:
            return {}
        extensions = ours[EXTENSIONS]
        if not isinstance(extensions, Mapping):
            self._no_home(f"{at}/{EXTENSIONS}", "Name the members to change, each under the vendor's name.")
            return {}
        for name, value in extensions.items():
            if name != self.vendor or not isinstance(value, Mapping):
                self._no_home(f"{at}/{EXTENSIONS}/{escaped(name)}", f"Only members under {self.vendor!r} have a place.")
        own = extensions.get(self.vendor)
        return own if isinstance(own, Mapping) else {}

    def _checked(self, members: tuple[Member, ...], own: JsonObject, at: str) -> JsonObject:
        """An extension's members; one that the table lists belongs under our name."""
        kept: Record = {}
        listed = {member.theirs: member for member in members}
        for name, value in own.items():
            member = listed.get(name)
            if member is None:
                kept[name] = value
            elif isinstance(member.shape, Spread) and isinstance(value, Mapping):
                kept[name] = self._checked(member.shape.members, value, f"{at}/{escaped(name)}")
            elif not fits(member.shape, value):
                kept[name] = value
            else:
                self.wrong.append(
                    FieldFault(
                        pointer=f"{at}/{escaped(name)}",
                        code="invalid",
                        message=_elsewhere(member.ours),
                    )
                )
        return kept

    def _merge_in(self, record: Record, own: JsonObject, at: str) -> None:
        """Put an extension's members beside those that were given under our names; it takes no place of theirs."""
        for name, value in own.items():
            pointer, there = f"{at}/{escaped(name)}", record.get(name)
            if name not in record:
                record[name] = value
            elif isinstance(there, dict) and isinstance(value, Mapping):
                self._merge_in(there, value, pointer)
            elif value is not None:  # a null removes what else is in it
                message = "What stands under our names says otherwise: write it there alone."
                self.wrong.append(FieldFault(pointer=pointer, code="invalid", message=message))

    def _left_over(self, members: tuple[Member, ...], ours: JsonObject, at: str, taken: set[str]) -> None:
        known = {tuple(path.split(".")) for path in _paths(members)}
        for path in _leaves(ours, known):
            if ".".join(path) not in taken and path != (EXTENSIONS,):
                self._no_home("/".join([at, *map(escaped, path)]), "This vendor has no place for it.")

    def _no_home(self, pointer: str, message: str) -> None:
        self.homeless.append(FieldFault(pointer=pointer, code="capability-missing", message=message))

    def _not(self, at: str, value: JsonValue, what: str) -> JsonValue:
        self.wrong.append(FieldFault(pointer=at, code="invalid", message=f"This must be {what}."))
        return value


def _get(ours: JsonObject, path: str) -> tuple[bool, JsonValue]:
    """The value at a path; below a null everything is null."""
    value: JsonValue = ours
    for name in path.split("."):
        if value is None:
            return True, None
        if not isinstance(value, Mapping) or name not in value:
            return False, None
        value = value[name]
    return True, value


def _elsewhere(ours: str) -> str:
    if ours.split(".")[0] in NO_FIELDS:
        return "This cannot be written."
    return f"Write it under our name: {ours or 'its members'}."


def _paths(members: tuple[Member, ...]) -> Iterator[str]:
    for member in members:
        if isinstance(member.shape, Spread):
            yield from _paths(member.shape.members)
        else:
            yield member.ours


def _leaves(ours: JsonObject, known: set[Path], above: Path = ()) -> Iterator[Path]:
    """The paths that a caller gave values for, as deep as the table goes; what is not there needs no removing."""
    for name, value in ours.items():
        path = (*above, name)
        group = path not in known and any(one[: len(path)] == path for one in known)
        if group and isinstance(value, Mapping):
            yield from _leaves(value, known, path)
        elif path in known or not _asks_nothing(value):
            yield path


def _asks_nothing(value: JsonValue) -> bool:
    """Whether a vendor without a place for it may leave it out: nulls, which remove, and an empty object, which changes
    nothing. An empty element of a collection would be a new one."""
    if value is None:
        return True
    return isinstance(value, Mapping) and all(
        one is None or (isinstance(one, Mapping) and bool(one) and _asks_nothing(one)) for one in value.values()
    )


def _in_utc(value: JsonValue) -> JsonValue:
    if not isinstance(value, str) or "T" not in value.upper():
        return value
    text = value.upper()  # RFC 3339 takes a small t and z, vendors do not
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return value
        if text.endswith("Z"):
            return text
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return value
