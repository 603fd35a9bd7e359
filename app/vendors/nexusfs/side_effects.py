"""What an accepted PATCH did besides or instead of what it asked for.

Where it was a POST that lost its override header on the way, it replaced the whole order by the little that a PATCH holds
(since 3.19.0). Otherwise NexusFS may have merged, or replaced, what it was to treat the other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.field_table import EXTENSIONS, Record, own_members
from app.domain.json import JsonObject, escaped
from app.domain.merge_patch import nothing, with_replaced
from app.domain.order_body import contents
from app.domain.ports import Kind, Write
from app.domain.work_orders import Observation
from app.vendors.nexusfs.evidence import as_shown, expands
from app.vendors.nexusfs.fields import DERIVED, SECTIONS
from app.vendors.nexusfs.tables import SLUG
from app.vendors.nexusfs.unheeded import unheeded
from app.vendors.nexusfs.words import pruned

_GONE = "After this change NexusFS shows the order without {what}."
_STRIPPED = (
    " The setting method_override is on: something on the way takes the header X-HTTP-Method-Override off, and NexusFS "
    "then replaces the whole order."
)
_STANDS = "NexusFS accepted this change, and does not show it: {what}."
_MOST_NAMED = 5


def side_effect(write: Write, seen: Observation, *, overridden: bool) -> str | None:
    """What an accepted write did besides or instead of what was asked; None: nothing. `overridden`: it was a POST."""
    if write.kind is Kind.status_update:
        return emptied(seen) if overridden else None
    if write.kind is not Kind.patch or write.before is None:
        return None
    lost = _vanished(write, write.before, seen.fields, whole=overridden)
    told = tuple(f"{pointer}/" for pointer in lost)
    standing = [one for one in unheeded(write, write.before, seen.fields) if not f"{one}/".startswith(told)]
    gone = _GONE.format(what=_named(lost)) + (_STRIPPED if overridden else "") if lost else ""
    stands = _STANDS.format(what=_named(standing)) if standing else ""
    return " ".join(filter(None, (gone, stands))) or None


def emptied(seen: Observation) -> str | None:
    """Of a status update, before which no order is read: but none has nothing besides its status."""
    return None if seen.fields.keys() - {EXTENSIONS} else _GONE.format(what="any other member") + _STRIPPED


def _vanished(write: Write, before: JsonObject, seen: JsonObject, *, whole: bool) -> list[str]:
    """The members that the order had, that nobody asked to remove, and that are gone. `whole`: anywhere in it; else inside
    the objects that the patch names, as others may change the order too."""
    patch, was = as_shown(pruned(contents(write.body))), as_shown(before)
    expected = with_replaced(_without_blanks(patch), write.terms.replace, was)
    another = {name: patch[name] for name in SECTIONS if expands(patch.get(name), was.get(name))}
    kept = {**expected, **another}
    return _lost(kept if whole else _inside(patch, kept), was, as_shown(seen))


def _without_blanks(patch: JsonObject) -> Record:
    """A patch in which a blank, false and 0 are null: NexusFS may show nothing for them."""
    return {
        name: _without_blanks(value) if isinstance(value, Mapping) else value or None for name, value in patch.items()
    }


def _inside(patch: JsonObject, expected: JsonObject) -> JsonObject:
    """Of an order, the objects of NexusFS's that a patch changes a part of. The dates are no object there."""
    named = {name for name, value in patch.items() if isinstance(value, Mapping)} - {EXTENSIONS, "dates"}
    own = {name for name, value in own_members(patch, SLUG).items() if isinstance(value, Mapping)}
    theirs = {name: value for name, value in own_members(expected, SLUG).items() if name in own}
    return {**{name: value for name, value in expected.items() if name in named}, EXTENSIONS: {SLUG: theirs}}


def _named(pointers: Sequence[str]) -> str:
    more = f" and {len(pointers) - _MOST_NAMED} more" if len(pointers) > _MOST_NAMED else ""
    return ", ".join(pointers[:_MOST_NAMED]) + more


def _lost(expected: JsonObject, before: JsonObject, seen: JsonObject, at: str = "") -> list[str]:
    """Pointers of what was there, should be there still, and is not."""
    lost: list[str] = []
    for name in expected.keys() & before.keys():
        was, now, pointer = before[name], seen.get(name), f"{at}/{escaped(name)}"
        if was is None or (name in DERIVED and at == f"/{EXTENSIONS}/{SLUG}"):
            continue
        inner = expected[name]
        if nothing(inner):  # its last member was to go, and NexusFS keeps no empty object
            continue
        if isinstance(was, Mapping) and isinstance(inner, Mapping) and isinstance(now, Mapping):
            lost += _lost(inner, was, now, pointer)
        elif now is None and was != {} and not _only_derived(pointer, was):
            lost.append(pointer)
    return sorted(lost)


def _only_derived(pointer: str, was: object) -> bool:
    """Whether all that is gone is what NexusFS keeps by itself."""
    if not isinstance(was, Mapping):
        return False
    own = was.get(SLUG) if pointer == f"/{EXTENSIONS}" else was if pointer == f"/{EXTENSIONS}/{SLUG}" else None
    return isinstance(own, Mapping) and own.keys() <= DERIVED
