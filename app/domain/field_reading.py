"""A vendor's record as members of our work order, by its table."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.field_shapes import (
    EXTENSIONS,
    FieldTable,
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
from app.domain.json import JsonObject, JsonValue


def to_ours(table: FieldTable, record: JsonObject) -> Record:
    """The members of our work order that a vendor's record holds."""
    ours: Record = {}
    rest = _object_to_ours(table.vendor, table.members, record, ours)
    _keep(ours, table.vendor, rest)
    return ours


def _object_to_ours(vendor: str, members: tuple[Member, ...], record: JsonObject, ours: Record) -> Record:
    """Fill `ours`; returns what has no place there, under the vendor's names."""
    listed = {member.theirs: member for member in members}
    rest: Record = {}
    for name, value in record.items():
        member = listed.get(name)
        if member is None or not fits(member.shape, value):
            rest[name] = value
        elif isinstance(member.shape, Spread):
            assert isinstance(value, Mapping)
            inner = _object_to_ours(vendor, member.shape.members, value, ours)
            if inner or not value:
                rest[name] = inner
        else:
            _put(ours, member.ours, _value_to_ours(vendor, member.shape, value))
    return rest


def _value_to_ours(vendor: str, shape: Shape, value: JsonValue) -> JsonValue:
    if value is None or isinstance(shape, Plain | Moment | Spread):
        return value
    if isinstance(shape, Nested):
        assert isinstance(value, Mapping)
        return _whole(vendor, shape.members, value)
    assert isinstance(value, list)
    if isinstance(shape, Rows):
        return [_whole(vendor, shape.members, row) for row in value]
    return {shape.key(element) or "": _whole(vendor, shape.members, element) for element in value}


def _whole(vendor: str, members: tuple[Member, ...], value: JsonObject) -> Record:
    ours: Record = {}
    _keep(ours, vendor, _object_to_ours(vendor, members, value, ours))
    return ours


def _keep(ours: Record, vendor: str, rest: Record) -> None:
    if rest:
        ours[EXTENSIONS] = {vendor: rest}


def _put(ours: Record, path: str, value: JsonValue) -> None:
    *groups, last = path.split(".")
    for group in groups:
        inner = ours.setdefault(group, {})
        assert isinstance(inner, dict)
        ours = inner
    ours[last] = value
