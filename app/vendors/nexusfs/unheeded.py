"""What an accepted PATCH asked for and the order shows as it was. Pure.

Only what the order showed before is weighed, as no document says that NexusFS shows everything. What shows a third value
was taken in a form of the vendor's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from app.domain.json import JsonObject, JsonValue, escaped
from app.domain.merge_patch import Difference, differences, is_moment, nothing, same, shows, surplus
from app.domain.order_body import contents
from app.domain.ports import Write
from app.vendors.nexusfs.evidence import as_shown, untold, with_ids
from app.vendors.nexusfs.fields import COLLECTIONS
from app.vendors.nexusfs.words import pruned


def unheeded(write: Write, before: JsonObject, seen: JsonObject) -> list[str]:
    """Pointers of what was to be set and shows as before, or no more; and of what was to go and is there still."""
    replaced = write.terms.replace
    body = with_ids(contents(write.body), replaced)
    was, asked, now = as_shown(before), as_shown(pruned(body)), as_shown(seen)
    absent = {path for path in _elements(asked) if not nothing(_at(asked, path)) and _at(now, path) is None}
    beyond = surplus({name: now.get(name) for name in replaced}, asked)
    standing = {
        one.path
        for one in (*differences(now, asked), *beyond)
        if one.path[:2] not in absent and _stands(one, _at(was, one.path))
    }
    left = {(name, key) for name in replaced for key in _left(was.get(name), body.get(name), now.get(name))}
    return sorted("".join(f"/{escaped(name)}" for name in path) for path in absent | standing | left)


def _stands(change: Difference, was: JsonValue) -> bool:
    """Whether a member that differs from what was asked is one that was not changed. `change.was`: as it shows now."""
    asked, now = change.asked, change.was
    if nothing(was) or untold(replace(change, there=True, was=was)):
        return False
    if asked is None and not was:  # it may be what NexusFS shows where there is nothing
        return False
    if nothing(now):
        return bool(asked)  # it may show nothing for a blank, false or 0
    if isinstance(was, list) and isinstance(now, list):
        return _list_stands(was, asked if isinstance(asked, list) else [], now)
    return same(was, now, moment=is_moment(change.path[-1]))


def _list_stands(was: Sequence[JsonValue], asked: Sequence[JsonValue], now: Sequence[JsonValue]) -> bool:
    """Whether elements are there that were to go, or none has come."""
    if len(now) == len(asked) and all(any(_is(one, there) for there in now) for one in asked):
        return False
    if len(asked) > len(now) and same(list(was), list(now)):
        return True
    to_go = [one for one in was if not any(_is(another, one) for another in asked)]
    return any(same(one, there) for one in to_go for there in now)


def _is(asked: JsonValue, there: JsonValue) -> bool:
    """Whether an element of a list is the one that was asked for; NexusFS may show more of it."""
    if isinstance(asked, Mapping) and isinstance(there, Mapping):
        return shows(there, asked)
    return same(asked, there)


def _elements(asked: JsonObject) -> Iterator[tuple[str, ...]]:
    for name in COLLECTIONS:
        elements = asked.get(name)
        yield from ((name, key) for key in (elements if isinstance(elements, Mapping) else ()))


def _left(was: JsonValue, asked: JsonValue, now: JsonValue) -> set[str]:
    """Keys of the elements that a replacement of the collection should have taken away."""
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        return set()
    wanted = {key for key, one in asked.items() if one is not None} if isinstance(asked, Mapping) else set()
    return (was.keys() & now.keys()) - wanted


def _at(members: JsonValue, path: Sequence[str]) -> JsonValue:
    for name in path:
        members = members.get(name) if isinstance(members, Mapping) else None
    return members
