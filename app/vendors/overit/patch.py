"""The two bodies that this adapter sends: a change of an order as the vendor's PATCH takes it, and a cancellation.

Step 12 of vendor document 004, the creation of operations, ends the vendor's work: whatever a request would update
besides is left undone, without a word. So one request creates operations or updates them. Members that a step does not
take are refused here for the same reason, unless the order shows already what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from app.domain.errors import FieldFault, InvalidRequest, WorkOrderNotFound
from app.domain.field_table import Record, own_members
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import nothing, same
from app.domain.ports import Write
from app.domain.work_orders import OrderKey
from app.vendors.overit.clearing import carried, stands
from app.vendors.overit.constraints import ONLY_NEW, OPERATION_PLACES, ORDER_PLACES, pointer
from app.vendors.overit.fields import ADDRESS_MEMBER, OPERATIONS
from app.vendors.overit.tables import SLUG
from app.vendors.overit.translate import asked_of, asked_operations, incapable, lacking, to_record

IGNORED = "NextGen FSM would ignore a part of this without a word."

# What the order's own type decides: steps 7 and 7a are skipped, and so there is no cardinality to write.
ASSIGNMENT, DISTINCT, AGGREGATED = "operationsAssignment", "DISTINCT", "AGGREGATED"
ORDER_IGNORES: Mapping[JsonValue, Mapping[str, str]] = {
    DISTINCT: {"aggregateCardinalityCode": "A DISTINCT order has no cardinality; its operations have."},
}
OPERATIONS_IGNORE: Mapping[JsonValue, Mapping[str, str]] = {
    AGGREGATED: {"cardinalityCode": "An operation of an AGGREGATED order has no cardinality; the order has."},
}
UPDATES_IGNORE = dict.fromkeys(sorted(ONLY_NEW), "NextGen FSM takes this for a new operation only.")


def naming(order: OrderKey, system: str) -> JsonObject:
    """A body that names an order and nothing more: the cancellation of the whole order, and the beginning of a PATCH.

    `code` has precedence over the external code, so that is left out.
    """
    return {"workOrder": {"externalSystemCode": system, "code": order.number}}


def payload(write: Write, system: str) -> JsonObject | None:
    """The PATCH's body for an order that stands as `write.before`; None where nothing is to change.

    Raises CapabilityMissing, InvalidRequest or WorkOrderNotFound.
    """
    record = to_record(write.body)
    before = write.before
    if before is None:
        raise WorkOrderNotFound("There is no such work order in NextGen FSM.")
    asked, sent = asked_of(write.body), carried(write.body)
    if stands(before, asked, sent):
        return None
    assignment = own_members(before, SLUG).get(ASSIGNMENT)
    operations = _operations(record.pop(OPERATIONS, None), asked_operations(asked), asked_operations(sent), before)

    def has(name: str) -> bool:
        return same(own_members(asked, SLUG).get(name), own_members(before, SLUG).get(name))

    members, faults = _taken(_without_empty(record), ORDER_IGNORES.get(assignment, {}), has, ORDER_PLACES, "")
    if faults:
        raise incapable(IGNORED, *faults)
    if not members and not operations:
        return None
    return {
        "workOrder": {"externalSystemCode": system, "code": write.order.number, **members},
        **({OPERATIONS: operations} if operations else {}),
    }


@dataclass(kw_only=True)
class _Sorted:
    """The operations of a patch by what becomes of them, each under its key, and what cannot be done with them."""

    created: dict[str, JsonValue] = field(default_factory=dict)
    updated: dict[str, JsonValue] = field(default_factory=dict)
    faults: list[FieldFault] = field(default_factory=list)


def _operations(rows: JsonValue, asked: JsonObject, sent: JsonObject, before: JsonObject) -> list[JsonValue]:
    if not isinstance(rows, list) or not rows:
        return []
    if not isinstance(before.get(OPERATIONS), Mapping):
        raise incapable(
            "NextGen FSM did not show this order's operations, so a new one cannot be told from one that exists.",
            lacking("/operations", "The operations were not shown, or cannot be told apart by executionOrder."),
        )
    there = asked_operations(before)
    never = OPERATIONS_IGNORE.get(own_members(before, SLUG).get(ASSIGNMENT), {})
    result = _Sorted()
    for key, row in zip(asked, rows, strict=True):
        assert isinstance(row, Mapping)
        now, wanted, carries = (_object(operations.get(key)) for operations in (there, asked, sent))
        if stands(now, wanted, carries if key in there else {}):  # a new one has nothing to clear
            continue
        ignored = {**(UPDATES_IGNORE if key in there else {}), **never}
        element, faults = _taken(
            _without_empty(row), ignored, partial(_stands, now, wanted, carries), OPERATION_PLACES, f"/operations/{key}"
        )
        result.faults += faults
        if key in there:
            result.updated[key] = element
        else:
            result.created[key] = _without_empty_address(element)
    if result.faults:
        raise incapable(IGNORED, *result.faults)
    if result.created and result.updated:
        raise _mixed(result)
    return [*result.created.values(), *result.updated.values()]


def _stands(now: JsonObject, wanted: JsonObject, sent: JsonObject, name: str) -> bool:
    """Whether an operation shows already what is asked of one of its members."""
    place = OPERATION_PLACES[name]
    return stands(now, {place: wanted.get(place)}, {place: sent.get(place)})


def _taken(
    element: Record, ignored: Mapping[str, str], stands: Callable[[str], bool], table: Mapping[str, str], at: str
) -> tuple[Record, list[FieldFault]]:
    """The element without the members that the vendor would ignore, and a fault for each that does not stand so already."""
    faults = [
        lacking(pointer(name, table, at), ignored[name]) for name in element if name in ignored and not stands(name)
    ]
    return {name: value for name, value in element.items() if name not in ignored}, faults


def _mixed(found: _Sorted) -> InvalidRequest:
    return InvalidRequest(
        "One request creates operations or updates them, because NextGen FSM stops after creating. "
        f"These exist: {', '.join(found.updated)}. These are new: {', '.join(found.created)}. Send two patches.",
        faults=tuple(
            FieldFault(pointer=f"/operations/{key}", code="invalid", message="It exists; others of this patch are new.")
            for key in found.updated
        ),
    )


def _without_empty(members: JsonObject) -> Record:
    """An empty object asks for nothing in a merge patch, and is never sent: it might empty what is there."""
    return {name: value for name, value in members.items() if not (isinstance(value, Mapping) and not value)}


def _without_empty_address(created: Record) -> Record:
    """Step 11 creates an address for whatever object is there, of nulls as well."""
    return {name: value for name, value in created.items() if not (name == ADDRESS_MEMBER and nothing(value))}


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
