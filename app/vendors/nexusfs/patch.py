"""From a merge patch in our names to the body of NexusFS's PATCH: members, `_fields` and `_paths` (dossier 3.7).

`_fields` clears members of the order before the body sets them, `_paths` removes what lies deeper; arrays too, before the
body sets them anew, as NexusFS may merge what it is sent into what is there. An empty object would
empty what it names (Example 4) but asks for nothing in a merge patch: it is never sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.errors import FieldFault
from app.domain.field_table import EXTENSIONS, Record, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import applied, differences, same, shows
from app.vendors.nexusfs.evidence import as_shown, expands
from app.vendors.nexusfs.fields import COLLECTIONS, DISPATCH_STATUS, SECTIONS, TABLE
from app.vendors.nexusfs.pointers import pointer_to
from app.vendors.nexusfs.tables import SLUG
from app.vendors.nexusfs.words import (
    DELETE,
    fault,
    in_nexus_words,
    pruned,
    refuse,
    section_in_nexus_words,
    without_nulls,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNQUOTED = re.compile(r"[^'\\\x00-\x1f\x7f]+")
_KEYS = {one.theirs: one.key for one in COLLECTIONS.values()}
_OURS = {one.theirs: name for name, one in COLLECTIONS.items()}


def to_nexus_patch(
    number: str, patch: JsonObject, *, replaced: tuple[str, ...] = (), before: JsonObject | None
) -> Record | None:
    """The body of the PATCH; None where nothing is to change.

    `patch` has no member that only we write. `before`: the order's members as last read; None: not known yet, and then
    neither are the gaps of an account or a location. Raises CapabilityMissing or InvalidRequest.
    """
    refuse([fault(f"/{name}", "?replace= names it: give the collection.") for name in replaced if name not in patch])
    asked = in_nexus_words(
        {name: _elements(value) if name in replaced else value for name, value in patch.items()},
        removed=lambda ids: {**ids, DELETE: True},
    )
    if DISPATCH_STATUS in asked:
        refuse([fault(pointer_to([DISPATCH_STATUS]), "A status update sets this: vendor_code 1/0 to 1/3.")])
    sections = _sections(patch, before)
    for name in sections:
        asked.pop(SECTIONS[name].theirs, None)
    writing = _Writing(
        replaced=frozenset(COLLECTIONS[name].theirs for name in replaced if name in COLLECTIONS),
        named=_named(patch),
        there=to_theirs(TABLE, before or {}).record,
    )
    for theirs, value in asked.items():
        writing.member(theirs, value)
    refuse(writing.faults)
    for name, whole in sections.items():
        if whole:
            writing.members[SECTIONS[name].theirs] = whole
            if _clears_section(patch[name], (before or {}).get(name)):
                writing.fields.append(SECTIONS[name].theirs)
    return writing.body(number)


def _elements(collection: JsonValue) -> JsonValue:
    """A collection that takes the whole place of another: there is nothing in it to remove."""
    if not isinstance(collection, Mapping):
        return collection
    return {key: without_nulls(element) for key, element in collection.items() if element is not None}


def _named(patch: JsonObject) -> set[tuple[str, str]]:
    """The elements that are asked for by their id itself, each by the vendor's name of its collection and its key."""
    found: set[tuple[str, str]] = set()
    for name, collection in COLLECTIONS.items():
        elements = patch.get(name)
        for key, element in elements.items() if isinstance(elements, Mapping) else ():
            if isinstance(element, Mapping) and element.get(collection.id) is not None:
                found.add((collection.theirs, key))
    return found


def _sections(patch: JsonObject, before: JsonObject | None) -> dict[str, Record]:
    """What to send of the account and the location that a patch changes; {} for one in which it asks for nothing."""
    found: dict[str, Record] = {}
    for name in SECTIONS:
        change = patch.get(name)
        if not isinstance(change, Mapping):
            continue
        asked = pruned(change)
        found[name] = {}
        there = None if before is None else before.get(name)
        if isinstance(there, Mapping) and shows(as_shown(there), as_shown(asked)):
            continue  # its own number again would undo an override
        if set(asked) == {"number"} and asked["number"] is not None:
            found[name] = section_in_nexus_words(name, asked)
        elif asked and before is not None:
            merged = applied(asked, there if isinstance(there, Mapping) else {})
            found[name] = section_in_nexus_words(name, merged)
    return found


def _clears_section(change: JsonValue, there: JsonValue) -> bool:
    """Whether an account or a location must go before it is set, as what a PATCH does not name may remain, also in an override:
    where something leaves it, and where it becomes another one."""
    if not isinstance(change, Mapping) or not isinstance(there, Mapping):
        return False
    found = differences(as_shown(there), as_shown(change))
    leaves = any(one.there and (one.asked is None or isinstance(one.asked, list)) for one in found)
    return leaves or expands(pruned(change), there)


@dataclass(kw_only=True)
class _Writing:
    """One PATCH in the making. `replaced`: collections to clear first; `named`: elements to have, if only by their id;
    `there`: the order as it is."""

    replaced: frozenset[str]
    named: set[tuple[str, str]]
    there: JsonObject
    fields: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    members: Record = field(default_factory=dict)
    faults: list[FieldFault] = field(default_factory=list)

    def member(self, name: str, value: JsonValue) -> None:
        """One member of the order."""
        if _NAME.fullmatch(name) is None:
            self.faults.append(fault(pointer_to([name]), "NexusFS has no member of such a name."))
        elif isinstance(value, Mapping) and name in _KEYS:
            message = f"NexusFS has a list here. Write it under our name, by the ids of its elements: {_OURS[name]}."
            self.faults.append(fault(f"/{EXTENSIONS}/{SLUG}/{name}", message))
        elif isinstance(value, Mapping):
            inner = self._object([name], f"$.{name}", value, self.there.get(name))
            if inner:
                self.members[name] = inner
        elif isinstance(value, Sequence) and not isinstance(value, str):
            keyed = None if name in self.replaced else self._keyed(name, value)
            if keyed is None:  # a merge patch replaces a whole array, and NexusFS merges arrays: clear it first
                self.fields.append(name)
                keyed = [without_nulls(one) for one in value]
            if keyed:
                self.members[name] = keyed
        elif value is None:
            self.fields.append(name)
        else:
            self.members[name] = value

    def body(self, number: str) -> Record | None:
        if not (self.fields or self.paths or self.members):
            return None
        words: Record = {"_fields": self.fields, "_paths": self.paths}
        members = sorted({**self.members, "OrderNum": number}.items())
        return {name: value for name, value in (*words.items(), *members) if value != []}

    def _keyed(self, name: str, elements: Sequence[JsonValue]) -> list[JsonValue] | None:
        """The elements of a collection, each with what is to be set in it; None for an array that has no keys."""
        key = _KEYS.get(name)
        if key is None or not all(isinstance(one, Mapping) and isinstance(one.get(key), str) for one in elements):
            return None
        kept: list[JsonValue] = []
        for element in elements:
            assert isinstance(element, Mapping)
            one = str(element[key])
            left = self._object([name, one], f"$.{name}[?(@.{key}=='{one}')]", element, self._element(name, one))
            if set(left) != {key} or (name, one) in self.named:
                kept.append(left)
        return kept

    def _element(self, name: str, key: str) -> JsonValue:
        """The element of a collection that the order has."""
        elements = self.there.get(name)
        for one in elements if isinstance(elements, list) else ():
            if isinstance(one, Mapping) and one.get(_KEYS[name]) == key:
                return one
        return None

    def _object(self, steps: list[str], path: str, members: JsonObject, there: JsonValue) -> Record:
        """What is to be set in an object; what is to be removed from it first goes to `paths`."""
        left: Record = {}
        was = there if isinstance(there, Mapping) else {}
        for name, value in members.items():
            if value is None:
                self._remove([*steps, name], path, name)
            elif isinstance(value, Mapping):
                inner = self._object([*steps, name], f"{path}.{name}", value, was.get(name))
                if inner:
                    left[name] = inner
            else:
                whole = without_nulls(value)
                cleared = self._clears([*steps, name], was.get(name), whole)
                if cleared:
                    self.paths.append(f"{path}.{name}")
                if not (cleared and whole == []):
                    left[name] = whole
        return left

    def _clears(self, steps: list[str], was: JsonValue, whole: JsonValue) -> bool:
        """Whether an array must go before another is set in its place. One that no path can name is sent as it is: where
        NexusFS merges it, the order shows that."""
        replaces = isinstance(was, list) and was != [] and isinstance(whole, list) and not same(was, whole)
        return replaces and _can_be_named(steps)

    def _remove(self, steps: list[str], path: str, name: str) -> None:
        """Names and ids that would need quoting are refused: a path that NexusFS reads otherwise removes something else."""
        if _can_be_named(steps):
            self.paths.append(f"{path}.{name}")
        else:
            self.faults.append(fault(pointer_to(steps), "NexusFS has no safe way to name this, to remove it."))


def _can_be_named(steps: list[str]) -> bool:
    """Whether a path can lead there. What stands first below a collection is an element's id, which is quoted in a path."""
    keyed = steps[0] in _KEYS
    names, ids = (steps[2:], steps[1:2]) if keyed else (steps, [])
    return all(map(_NAME.fullmatch, names)) and all(map(_UNQUOTED.fullmatch, ids))
