"""What a PATCH did besides what it asked for, where its override header may have been lost on the way.

Without that header it is a POST, which since 3.19.0 replaces the whole order by the little that a PATCH holds.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.field_table import EXTENSIONS
from app.domain.json import JsonObject
from app.domain.merge_patch import nothing, with_replaced
from app.domain.order_body import contents
from app.domain.ports import Kind, Write
from app.domain.work_orders import Observation
from app.vendors.nexusfs.fields import DERIVED, SECTIONS
from app.vendors.nexusfs.tables import SLUG

_LOST = (
    "After this change NexusFS shows the order without {what}. The setting method_override is on: something on the way "
    "takes the header X-HTTP-Method-Override off, and NexusFS then replaces the whole order."
)
_MOST_NAMED = 5


def vanished(write: Write, seen: Observation) -> str | None:
    """The members that the order had, that nobody asked to remove, and that are gone; None: there are none."""
    if write.kind is Kind.status_update:
        # No order is read before a status update; but none has nothing besides its status.
        return _LOST.format(what="any other member") if not seen.fields.keys() - {EXTENSIONS} else None
    if write.kind is not Kind.patch or write.before is None:
        return None
    patch = contents(write.body)
    expected = with_replaced(patch, write.terms.replace, write.before)
    kept = {name: value for name, value in expected.items() if name not in SECTIONS or name not in patch}
    lost = _lost(kept, write.before, seen.fields)
    if not lost:
        return None
    more = f" and {len(lost) - _MOST_NAMED} more" if len(lost) > _MOST_NAMED else ""
    return _LOST.format(what=", ".join(lost[:_MOST_NAMED]) + more)


def _lost(expected: JsonObject, before: JsonObject, seen: JsonObject, at: str = "") -> list[str]:
    """Pointers of what was there, should be there still, and is not."""
    lost: list[str] = []
    for name in expected.keys() & before.keys():
        was, now, pointer = before[name], seen.get(name), f"{at}/{name}"
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
