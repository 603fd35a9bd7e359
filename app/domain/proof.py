"""What an order that was read back proves about a create, a patch, a replacement or a removal whose answer was lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from app.domain.field_shapes import EXTENSIONS
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import Difference, differences, same, shows, surplus
from app.domain.order_body import contents
from app.domain.ports import Kind, Proof, Write
from app.domain.work_orders import Observation

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
Untold: TypeAlias = "Callable[[Difference], bool]"
"""Whether a vendor may take a change and show nothing of it: then an order that is as it was tells nothing."""


def hardly_told(change: Difference) -> bool:
    """What any vendor may take without a trace: a member of its own that the order did not show, a text that differs in the
    spaces around it, a blank for a null, a time of the same day where the order shows a date."""
    if EXTENSIONS in change.path and not change.there:
        return True
    return _near(change.was, change.asked) or _near(change.asked, change.was)


def prove_change(
    write: Write, seen: Observation | None, *, ended_code: str | None = None, untold: Untold = hardly_told
) -> Proof:
    """Whether `write` took effect. `ended_code`: the vendor code of a closed order, where a removal only closes it.

    An order that is as it was proves that the write was not applied only where the vendor would have shown some of it.
    """
    if write.kind is Kind.delete:
        return _removed(write, seen, ended_code)
    if seen is None:
        return Proof.not_applied if write.before is None else Proof.inconclusive
    asked = asked_of(write)
    shown = write.status is None or seen.code == write.status.code
    shown = shown and shows(seen.fields, asked, replaced=write.terms.replace)
    if shown and not any(_beyond(write, asked, seen.fields)):
        return Proof.applied
    if write.before is not None and same(seen.fields, write.before):
        return Proof.not_applied if _would_tell(write, asked, write.before, untold) else Proof.inconclusive
    return Proof.applied if shown else Proof.inconclusive


def asked_of(write: Write) -> JsonObject:
    """The members that a write asks for. A null removes in a patch; in a whole order it says nothing."""
    asked = contents(write.body)
    return asked if write.kind is Kind.patch else _without_nulls(asked)


def _without_nulls(value: JsonObject) -> JsonObject:
    return {
        name: _without_nulls(one) if isinstance(one, Mapping) else one for name, one in value.items() if one is not None
    }


def _beyond(write: Write, asked: JsonObject, order: JsonObject) -> Iterator[Difference]:
    """Of what was to be replaced whole, what an order shows still: what the vendor completes, or what should go."""
    if write.kind is Kind.replace:
        return surplus(order, asked)
    shown, wanted = ({name: all_of.get(name) for name in write.terms.replace} for all_of in (order, asked))
    return surplus(shown, wanted)


def _would_tell(write: Write, asked: JsonObject, before: JsonObject, untold: Untold) -> bool:
    """Whether the order as it was would look otherwise, had the write been applied."""
    if write.status is not None and write.previous_code not in (None, write.status.code):
        return True
    changes = [*differences(before, asked, replaced=write.terms.replace), *_beyond(write, asked, before)]
    return not all(map(untold, changes))


def _near(one: JsonValue, other: JsonValue) -> bool:
    one, other = ("" if value is None else value for value in (one, other))
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return one.strip() == other.strip() or (_DATE.fullmatch(one) is not None and other.startswith(f"{one}T"))


def _removed(write: Write, seen: Observation | None, ended_code: str | None) -> Proof:
    if seen is None:
        return Proof.applied if ended_code is None else Proof.inconclusive
    if ended_code is not None and seen.code == ended_code:
        return Proof.applied
    return Proof.not_applied if seen.code == write.previous_code else Proof.inconclusive
