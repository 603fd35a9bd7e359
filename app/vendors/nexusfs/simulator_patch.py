"""What a PATCH leaves of a work order: `_paths`, then `_fields`, then the body, merged by key (dossier 3.7).

Pure: the record that goes in is never altered, so that records may share what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.vendors.nexusfs.simulator_answers import InvalidParam, invalid
from app.vendors.nexusfs.simulator_reader import DELETE, PATCH_WORDS
from app.vendors.nexusfs.simulator_shapes import WORK_ORDER, Collection, Plain, Section, Shape
from app.vendors.simulation import Json

PATH = re.compile(
    r"\$\.(?P<top>\w+)(?:\[\?\(\s*@\.(?P<key>\w+)\s*==\s*'(?P<text>(?:[^'\\]|\\.)*)'\s*\)\])?(?P<inner>(?:\.\w+)*)",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """One entry of `_paths`: a member, the elements whose `key` is `text`, or what lies in either at `inner`."""

    top: str
    inner: tuple[str, ...]
    key: str | None
    text: str


def deletion(path: Json) -> Deletion | None:
    """None for a path of a form that is not understood."""
    found = PATH.fullmatch(path) if isinstance(path, str) else None
    if found is None:
        return None
    text = re.sub(r"\\(.)", r"\1", found["text"] or "", flags=re.DOTALL)
    return Deletion(top=found["top"], inner=tuple(found["inner"].split(".")[1:]), key=found["key"], text=text)


def word_faults(body: Mapping[str, Json]) -> Iterator[InvalidParam]:
    """What is wrong with `_fields` and `_paths`."""
    for word in PATCH_WORDS:
        entries = body.get(word, [])
        if not isinstance(entries, list):
            yield invalid(word, "must be an array of strings", entries)
            continue
        for at, entry in enumerate(entries):
            if word == "_fields" and not (isinstance(entry, str) and entry in WORK_ORDER.members):
                yield invalid(f"{word}[{at}]", "is not a known property", entry)
            elif word == "_paths" and deletion(entry) is None:
                yield invalid(f"{word}[{at}]", "is not a path that is supported", entry)


def patched(record: Mapping[str, Json], body: Mapping[str, Json]) -> dict[str, Json]:
    """The record after the PATCH; the body has been checked, and its sections filled in from master data."""
    after = dict(record)
    for path in _list(body.get("_paths")):
        wanted = deletion(path)
        if wanted is not None:
            _put(after, wanted.top, _without(after.get(wanted.top), wanted))
    for name in _list(body.get("_fields")):
        after.pop(str(name), None)
    for name, new in body.items():
        if name not in PATCH_WORDS:
            _put(after, name, _merged(WORK_ORDER.members.get(name), after.get(name), new))
    return after


def _merged(shape: Shape | None, old: Json, new: Json) -> Json:
    """None: there is no such property afterwards."""
    if new == {}:
        return None
    match shape, new:
        case Section(whole=False) as section, dict():
            return _merged_object(section, old, new)
        case Collection() as collection, list():
            return _merged_elements(collection, old, new)
        case ((Plain() | None), dict()):
            return _merged_object(Section({}), old, new)
    return new


def _merged_object(shape: Section, old: Json, new: Mapping[str, Json]) -> Json:
    after = dict(old) if isinstance(old, dict) else {}
    for name, inner in new.items():
        if name != DELETE:
            _put(after, name, _merged(shape.members.get(name), after.get(name), inner))
    return after or None


def _merged_elements(shape: Collection, old: Json, new: list[Json]) -> Json:
    """Elements keep their places, new keys come last; an empty array changes nothing."""
    if not new:
        return old
    by_key = {str(one.get(shape.key)): one for one in _list(old) if isinstance(one, dict)}
    for element in new:
        if not isinstance(element, dict):
            continue
        key = str(element[shape.key])
        merged = None if element.get(DELETE) is True else _merged_object(shape.of, by_key.get(key), element)
        if isinstance(merged, dict):
            by_key[key] = merged
        else:
            by_key.pop(key, None)
    return list(by_key.values()) or None


def _without(value: Json, wanted: Deletion) -> Json:
    """The member after one deletion; what it does not match stays as it is."""
    match value:
        case dict() if wanted.key is None and wanted.inner:
            return _less(value, wanted.inner)
        case list() if wanted.key is not None:
            kept = [_less(one, wanted.inner) if _matches(one, wanted) else one for one in value]
            return [one for one in kept if one is not None] or None
    return None if not wanted.inner and wanted.key is None else value


def _matches(element: Json, wanted: Deletion) -> bool:
    return isinstance(element, dict) and wanted.key is not None and element.get(wanted.key) == wanted.text


def _less(value: Json, inner: tuple[str, ...]) -> Json:
    """Without what lies at `inner`; None: nothing is left, or the whole was to go."""
    if not inner:
        return None
    if not isinstance(value, dict) or inner[0] not in value:
        return value
    kept = dict(value)
    _put(kept, inner[0], _less(kept[inner[0]], inner[1:]))
    return kept or None


def _put(record: dict[str, Json], name: str, value: Json) -> None:
    if value is None:
        record.pop(name, None)
    else:
        record[name] = value


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
