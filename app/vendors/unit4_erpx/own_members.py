"""Members that a caller gives under `extensions.unit4_erpx`, which ERPx may read as others than they look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.domain.errors import FieldFault
from app.domain.field_table import EXTENSIONS, own_members
from app.domain.json import JsonObject, JsonValue, escaped
from app.vendors.unit4_erpx.fields import CUSTOMER, DOCUMENTED, DOCUMENTED_CUSTOMER, DOCUMENTED_RELATED, RELATED
from app.vendors.unit4_erpx.tables import SLUG

NOT_A_NAME = "An empty name is no member: ERPx's path / is the whole order."
OTHER_CAPITALS = "ERPx does not tell capitals apart: write {}."
BY_KEY = "Related values are changed one by one, under /related_values."


def own_member_faults(body: JsonObject, *, patch: bool) -> tuple[FieldFault, ...]:
    """What is wrong with them. `status` in other capitals would be a status update past every check."""
    return tuple(_faults(body, patch=patch))


def _faults(body: JsonObject, *, patch: bool) -> Iterator[FieldFault]:
    at = f"/{EXTENSIONS}/{SLUG}"
    own = own_members(body, SLUG)
    yield from _names(own, DOCUMENTED, at)
    customer = own.get(CUSTOMER)
    if isinstance(customer, Mapping):
        yield from _names(customer, DOCUMENTED_CUSTOMER, f"{at}/{CUSTOMER}")
    if patch and RELATED in own:
        yield _fault(f"{at}/{RELATED}", BY_KEY)
    values = body.get("related_values")
    if isinstance(values, Mapping):
        for key, element in values.items():
            if isinstance(element, Mapping):
                yield from _names(own_members(element, SLUG), DOCUMENTED_RELATED, f"/related_values/{escaped(key)}{at}")


def _names(members: JsonObject, documented: tuple[str, ...], at: str) -> Iterator[FieldFault]:
    right = {name.casefold(): name for name in documented}
    for name, value in members.items():
        known = right.get(name.strip().casefold())
        if known is not None and name != known:
            yield _fault(f"{at}/{escaped(name)}", OTHER_CAPITALS.format(known))
        yield from _empty_names(name, value, at)


def _empty_names(name: str, value: JsonValue, at: str) -> Iterator[FieldFault]:
    pointer = f"{at}/{escaped(name)}"
    if not name:
        yield _fault(pointer, NOT_A_NAME)
    if isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _empty_names(inner, one, pointer)


def _fault(pointer: str, message: str) -> FieldFault:
    return FieldFault(pointer=pointer, code="invalid", message=message)
