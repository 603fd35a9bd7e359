"""JSON Patch as ERPx spells it (vendor document 002, PATCH): what a merge patch becomes, all of it in one call.

"/" with `Replace` merges the value's members; elements of an array go by their index. ERPx has no `test` operation and no
version: that an index still means what it meant is found out afterwards, by reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.json import JsonObject, JsonValue, escaped
from app.domain.merge_patch import same
from app.vendors.unit4_erpx.fields import RELATED

REPLACE, ADD, REMOVE = "Replace", "Add", "Remove"
WHOLE = "/"


@dataclass(frozen=True, kw_only=True)
class ElementChange:
    """What becomes of one related value. `index`: where it stands, None where it is not; `members`: None removes it."""

    index: int | None
    members: JsonObject | None


def operations(
    current: JsonObject, change: JsonObject, related: Sequence[ElementChange] = ()
) -> list[dict[str, JsonValue]]:
    """What makes `change`, a merge patch in the vendor's names, of `current`; what is so already is left out."""
    plain = {name: value for name, value in change.items() if value is not None and not isinstance(value, Mapping)}
    differing = {name: value for name, value in plain.items() if not same(value, current.get(name))}
    merged = [_operation(WHOLE, REPLACE, differing)] if differing else []
    nested = [
        one for name, value in change.items() if name not in plain for one in _member(current, name, value, at="")
    ]
    return [*merged, *nested, *_related(current, related)]


def set_members(members: JsonObject) -> list[dict[str, JsonValue]]:
    """These members, whatever they are now."""
    return [_operation(WHOLE, REPLACE, members)]


def without_nulls(value: JsonValue) -> JsonValue:
    """An object without its null members, however deep; lists stay as they are."""
    if not isinstance(value, Mapping):
        return value
    return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}


def _member(there: JsonObject, name: str, value: JsonValue, *, at: str) -> Iterator[dict[str, JsonValue]]:
    pointer = f"{at}/{escaped(name)}"
    present = there.get(name)
    if value is None:
        if present is not None:
            yield {"path": pointer, "op": REMOVE}
        return
    if isinstance(value, Mapping):
        if isinstance(present, Mapping):
            for inner, one in value.items():
                yield from _member(present, inner, one, at=pointer)
            return
        value = without_nulls(value)
        if not value:
            return
    if not same(value, present):
        yield _operation(pointer, REPLACE if name in there else ADD, value)


def _related(current: JsonObject, changes: Sequence[ElementChange]) -> Iterator[dict[str, JsonValue]]:
    """Replacements first, then removals from the last to the first, so that no index moves before it is used."""
    rows = current.get(RELATED)
    there = rows if isinstance(rows, Sequence) and not isinstance(rows, str) else None
    for change in changes:
        if change.index is not None and change.members is not None and there is not None:
            element = there[change.index]
            assert isinstance(element, Mapping)
            for name, value in change.members.items():
                yield from _member(element, name, value, at=f"/{RELATED}/{change.index}")
    gone = [change.index for change in changes if change.index is not None and change.members is None]
    for index in sorted(gone, reverse=True):
        yield {"path": f"/{RELATED}/{index}", "op": REMOVE}
    new = [without_nulls(change.members) for change in changes if change.index is None and change.members is not None]
    if there is None and new:
        yield _operation(f"/{RELATED}", ADD, new)
        return
    for element in new:
        yield _operation(f"/{RELATED}/-", ADD, element)


def _operation(path: str, op: str, value: JsonValue) -> dict[str, JsonValue]:
    return {"path": path, "op": op, "value": value}
