"""A vendor's record as members of our work order, by its table."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.field_shapes import (
    EXTENSIONS,
    FieldTable,
    Keyed,
    Member,
    Members,
    Moment,
    Nested,
    Plain,
    Record,
    Rows,
    Spread,
    fits,
)
from app.domain.json import JsonObject, JsonValue


def to_ours(table: FieldTable, record: JsonObject) -> Record:
    """The members of our work order that a vendor's record holds."""
    return _whole(table.vendor, table, record)


def _object_to_ours(vendor: str, members: Members, record: JsonObject, ours: Record) -> Record:
    """Fill `ours`; returns what has no place there, under the vendor's names."""
    listed = members.listed
    rest: Record = {}
    for name, value in record.items():
        member = listed.get(name)
        if member is None:
            rest[name] = value
            continue
        shape = member.shape
        if isinstance(shape, Plain | Moment):
            _put(ours, member, value)
        elif not fits(shape, value):
            rest[name] = value
        elif isinstance(shape, Spread):
            assert isinstance(value, Mapping)
            inner = _object_to_ours(vendor, shape, value, ours)
            if inner or not value:
                rest[name] = inner
        else:
            _put(ours, member, _value_to_ours(vendor, shape, value))
    return rest


def _value_to_ours(vendor: str, shape: Nested | Rows | Keyed, value: JsonValue) -> JsonValue:
    if value is None:
        return None
    if isinstance(shape, Nested):
        assert isinstance(value, Mapping)
        return _whole(vendor, shape, value)
    assert isinstance(value, list)
    if isinstance(shape, Rows):
        return [_whole(vendor, shape, row) for row in value]
    return {shape.key(element) or "": _whole(vendor, shape, element) for element in value}


def _whole(vendor: str, members: Members, value: JsonObject) -> Record:
    ours: Record = {}
    rest = _object_to_ours(vendor, members, value, ours)
    if rest:
        ours[EXTENSIONS] = {vendor: rest}
    return ours


def _put(ours: Record, member: Member, value: JsonValue) -> None:
    groups, last = member.place
    for group in groups:
        inner = ours.setdefault(group, {})
        assert isinstance(inner, dict)
        ours = inner
    ours[last] = value
