"""What both a PATCH and a whole order need on their way to NexusFS: our members in its names, and what has no place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.errors import CapabilityMissing, FieldFault, InvalidRequest
from app.domain.field_table import EXTENSIONS, Record, Removed, own_members, to_theirs
from app.domain.json import JsonObject, JsonValue, escaped
from app.domain.merge_patch import applied
from app.domain.ports import Write
from app.vendors.json_bodies import text_of
from app.vendors.nexusfs.fields import COLLECTIONS, DISPATCH_STATUS, SECTIONS, TABLE
from app.vendors.nexusfs.tables import CAPABILITIES, CODE, SLUG

DELETE = "Delete"
PATCH_WORDS = ("_fields", "_paths")
"""What a PATCH says about an order beside its members; no member has such a name (dossier 3.7)."""


def as_asked(write: Write) -> JsonObject:
    """The body of a write. In a whole order the DispatchStatus that was read, as the `vendor_status` beside it says, gives
    way to the one that the status stands for."""
    shown, own = write.body.get("vendor_status"), own_members(write.body, SLUG)
    asked = CODE.fullmatch(write.status.code) if write.status is not None else None
    if asked is None or asked["dispatch"] is None or not isinstance(shown, Mapping) or DISPATCH_STATUS not in own:
        return write.body
    was = CODE.fullmatch(text_of(shown.get("code")) or "")
    if was is None or was["dispatch"] not in (None, text_of(own[DISPATCH_STATUS])):
        return write.body
    return applied({EXTENSIONS: {SLUG: {DISPATCH_STATUS: int(asked["dispatch"])}}}, write.body)


def in_nexus_words(body: JsonObject, *, removed: Removed | None = None) -> Record:
    """The members of an order, or of a merge patch, in NexusFS's names.

    Raises CapabilityMissing for what it has no place for, InvalidRequest for what contradicts itself.
    """
    theirs = to_theirs(TABLE, body, removed=removed)
    if theirs.homeless:
        raise CapabilityMissing(
            "NexusFS has no place for this.",
            faults=theirs.homeless,
            capabilities=sorted(one.value for one in CAPABILITIES),
        )
    refuse((*theirs.wrong, *_commands(body)))
    return theirs.record


def section_in_nexus_words(name: str, ours: JsonObject) -> Record:
    """An account or a location as NexusFS takes it: its number alone, or an override without gaps.

    Raises InvalidRequest naming each gap, and what `in_nexus_words` raises.
    """
    section = SECTIONS[name]
    whole = pruned({member: without_nulls(value) for member, value in ours.items() if value is not None})
    members = in_nexus_words({name: whole})[section.theirs]
    assert isinstance(members, Mapping)
    if set(members) != {section.number}:
        message = "More than the number is an override of the master data, which needs this too."
        refuse([fault(f"/{name}/{one}", message, code="missing") for one in section.needed if one not in whole])
    return dict(members)


def refuse(faults: Sequence[FieldFault]) -> None:
    """Raise InvalidRequest if there is a fault."""
    if faults:
        raise InvalidRequest(faults[0].message, faults=tuple(faults))


def fault(pointer: str, message: str, *, code: str = "invalid") -> FieldFault:
    return FieldFault(pointer=pointer, code=code, message=message)


def pruned(members: JsonObject) -> Record:
    """Without the objects in it that hold nothing: NexusFS would empty what they stand for."""
    left: Record = {}
    for name, value in members.items():
        inner = _pruned(value)
        if inner != {}:
            left[name] = inner
    return left


def _pruned(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return pruned(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_pruned(one) for one in value]
    return value


def without_nulls(value: JsonValue) -> JsonValue:
    """A whole value as NexusFS takes it: a null member is one that is not there."""
    if isinstance(value, Mapping):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_nulls(one) for one in value]
    return value


def _commands(body: JsonObject) -> list[FieldFault]:
    """Words of the vendor's PATCH that a caller wrote as if they were members: they would do what nobody checked."""
    found = [(f"/{EXTENSIONS}/{SLUG}/{word}", word) for word in PATCH_WORDS if word in own_members(body, SLUG)]
    for name in COLLECTIONS:
        elements = body.get(name)
        found += [
            (f"/{name}/{escaped(key)}/{EXTENSIONS}/{SLUG}/{DELETE}", DELETE)
            for key, element in (elements.items() if isinstance(elements, Mapping) else ())
            if isinstance(element, Mapping) and DELETE in own_members(element, SLUG)
        ]
    return [fault(pointer, f"{word} is a command of NexusFS's PATCH and no member.") for pointer, word in found]
