"""What an order read back says of a write: NexusFS keeps no empty list, and completes an account or a location. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.domain.field_table import EXTENSIONS, Record
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import Difference, same
from app.domain.ports import Proof, Write
from app.domain.proof import hardly_told, prove_change
from app.domain.work_orders import Observation
from app.vendors.nexusfs.fields import COLLECTIONS, DERIVED, SECTIONS
from app.vendors.nexusfs.tables import SLUG
from app.vendors.nexusfs.words import as_asked


def proof_of(write: Write, seen: Observation | None) -> Proof:
    """Of a write other than a status update, what the order shows."""
    before = None if write.before is None else as_shown(write.before)
    body = with_ids(as_asked(write), write.terms.replace)
    asked = replace(write, body=as_shown(body), before=before)
    return prove_change(asked, seen and replace(seen, fields=as_shown(seen.fields)), untold=untold)


def with_ids(body: JsonObject, replaced: Sequence[str]) -> JsonObject:
    """A patch whose replaced collections name each element by its id too: there, one that holds nothing else is asked for."""
    named: Record = {}
    for name in replaced:
        elements, collection = body.get(name), COLLECTIONS.get(name)
        if isinstance(elements, Mapping) and collection is not None:
            named[name] = {
                key: {collection.id: key, **one} if isinstance(one, Mapping) else one for key, one in elements.items()
            }
    return {**body, **named}


def as_shown(members: JsonObject) -> Record:
    """An order, or a patch of one, whose empty lists are null: NexusFS shows no member for them."""
    return {name: _shown(value) for name, value in members.items()}


def _shown(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return as_shown(value)
    return None if value == [] else value


def expands(asked: JsonValue, there: JsonValue) -> bool:
    """Whether a patch makes an account or a location another one by its number alone, which NexusFS fills in from the master
    data: of what the one before had, the other need not have anything."""
    if not isinstance(asked, Mapping) or not isinstance(there, Mapping) or asked.keys() != {"number"}:
        return False
    return not same(asked["number"], there.get("number"))


def untold(change: Difference) -> bool:
    """Whether NexusFS may take a change without a trace: what it keeps by itself, and what leaves an account or a location,
    which its master data may fill in again."""
    top, *below = change.path
    if top == EXTENSIONS and below[:1] == [SLUG] and DERIVED.intersection(below[1:2]):
        return True
    return (top in SECTIONS and bool(below) and change.asked is None) or hardly_told(change)
