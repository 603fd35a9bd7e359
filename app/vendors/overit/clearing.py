"""What a change clears, and whether an order tells that it is clear: only by a member that it shows, as null.

No document says what a read holds. A member that is not in it may hold anything, so a null is sent for it, and proves
nothing about a change whose answer was lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from app.domain.field_table import to_ours, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import shows
from app.domain.ports import Write
from app.domain.work_orders import Observation
from app.vendors.overit.fields import OPERATIONS, ORDER
from app.vendors.overit.translate import asked_of

Path: TypeAlias = "tuple[str, ...]"


def carried(body: JsonObject) -> JsonObject:
    """A merge patch as the vendor gets it, in our names: without the nulls that it has no place for."""
    return to_ours(ORDER, to_theirs(ORDER, asked_of(body), removed=lambda ids: ids).record)


def stands(order: JsonObject, asked: JsonObject, sent: JsonObject) -> bool:
    """Whether an order shows what is asked; `sent` is as much of it as the vendor can carry."""
    return shows(order, asked) and not _untold(sent, order)


def shows_all(seen: Observation, write: Write) -> bool:
    """Whether an order shows what a patch asked for. A member that it showed before, and no longer does, is clear."""
    return shows(seen.fields, asked_of(write.body)) and not clears_unseen(seen, write)


def clears_unseen(seen: Observation, write: Write) -> bool:
    """Whether a patch clears what the order shows neither now nor showed before."""
    return _untold(carried(write.body), write.before or {}, seen.fields)


def _untold(change: JsonObject, *orders: JsonObject) -> bool:
    return any(not any(_tells(order, path) for order in orders) for path in _nulls(change))


def _nulls(change: JsonObject, above: Path = ()) -> Iterator[Path]:
    for name, value in change.items():
        if value is None:
            yield (*above, name)
        elif isinstance(value, Mapping):
            yield from _nulls(value, (*above, name))


def _tells(order: JsonObject, path: Path) -> bool:
    """Below a null everything is null. An operation that is not among those shown is new, and has nothing to clear."""
    value: JsonValue = order
    for depth, name in enumerate(path):
        of_operations = path[:depth] == (OPERATIONS,)
        if not isinstance(value, Mapping):
            return value is None and not of_operations
        if name not in value:
            return of_operations
        value = value[name]
    return True
