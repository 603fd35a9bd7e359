"""Between NextGen FSM's words and ours: a merge patch for its PATCH, an order from its record. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain.errors import CapabilityMissing, FieldFault, InvalidRequest
from app.domain.field_table import Record, own_members, to_ours, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.domain.order_body import contents
from app.domain.work_orders import Observation, OrderKey
from app.vendors.json_bodies import text_of
from app.vendors.overit.constraints import faults
from app.vendors.overit.fields import ADDRESS_MEMBER, OPERATIONS, ORDER, groups
from app.vendors.overit.tables import CAPABILITIES, EXTERNAL, SLUG

NOT_FIELDS = ("number", "external_reference", "vendor_status", "vendor_ids")
"""Members of an order that its key and its status hold."""

GROUPS = groups(ORDER)


class FaultyOrder(Exception):
    """An order that the vendor sent cannot be read; the message names the member."""


def is_number(text: str) -> bool:
    """Whether a text is an order's code, and not its external code with `ext:` before it."""
    return not text.startswith(EXTERNAL)


def from_record(record: JsonObject, *, as_of: datetime) -> Observation:
    """One work order. Raises FaultyOrder."""
    ours = to_ours(ORDER, record)
    number = ours.get("number")
    if not isinstance(number, str) or not number:
        raise FaultyOrder("its code is missing")
    ids, status = ours.get("vendor_ids"), ours.get("vendor_status")
    own = ids if isinstance(ids, Mapping) else {}
    return Observation(
        key=OrderKey(
            number=number,
            reference=text_of(ours.get("external_reference")),
            vendor_ids={name: text for name, value in own.items() if (text := text_of(value)) is not None},
        ),
        code=text_of(status.get("code")) if isinstance(status, Mapping) else None,
        status_at=None,
        late=False,
        target_at=None,
        fields={name: value for name, value in ours.items() if name not in NOT_FIELDS},
        record=record,
        as_of=as_of,
    )


def to_record(body: JsonObject) -> Record:
    """A merge patch in the vendor's names, as one record with its `operations`; null and blank stay what they are.

    Raises CapabilityMissing for what the vendor has no place for, InvalidRequest for what its document forbids.
    """
    asked = asked_of(body)
    found = to_theirs(ORDER, asked, removed=lambda ids: ids)
    lacking, wrong = [*found.homeless, *_removals(asked)], [*found.wrong, *_misplaced(asked)]
    if not wrong:
        for fault in faults(found.record, asked_operations(asked)):
            (lacking if fault.code == "capability-missing" else wrong).append(fault)
    if lacking:
        raise incapable("NextGen FSM's PATCH cannot carry all of this.", *lacking)
    if wrong:
        raise InvalidRequest(
            "NextGen FSM's PATCH forbids a part of this.",
            faults=tuple({fault.pointer: fault for fault in wrong}.values()),
        )
    return found.record


def asked_of(body: JsonObject) -> dict[str, JsonValue]:
    """What a merge patch asks of the vendor. A group of ours that is null asks for each of its members to be null:
    the vendor keeps them one by one, and shows them so."""
    asked = contents(body)
    for group, members in GROUPS.items():
        if group in asked and asked[group] is None:
            asked[group] = dict.fromkeys(members)
    return asked


def asked_operations(body: JsonObject) -> JsonObject:
    """The operations of a body or an order, by their keys."""
    value = body.get(OPERATIONS)
    return value if isinstance(value, Mapping) else {}


def incapable(detail: str, *why: FieldFault) -> CapabilityMissing:
    """422 with what this vendor can do."""
    return CapabilityMissing(detail, faults=why, capabilities=sorted(one.value for one in CAPABILITIES))


def lacking(pointer: str, message: str) -> FieldFault:
    return FieldFault(pointer=pointer, code="capability-missing", message=message)


def _removals(asked: JsonObject) -> list[FieldFault]:
    keys = [f"/{key}" for key, value in asked_operations(asked).items() if value is None]
    if OPERATIONS in asked and asked[OPERATIONS] is None:
        keys = [""]
    return [lacking(f"/operations{key}", "NextGen FSM's PATCH cannot remove an operation.") for key in keys]


def _misplaced(asked: JsonObject) -> list[FieldFault]:
    """What has a name of ours, and stands under the vendor's: the table lets a value of another shape pass there."""
    found = [(f"/extensions/{SLUG}/{OPERATIONS}", OPERATIONS)] if OPERATIONS in own_members(asked, SLUG) else []
    for key, operation in asked_operations(asked).items():
        if isinstance(operation, Mapping) and ADDRESS_MEMBER in own_members(operation, SLUG):
            found.append((f"/operations/{key}/extensions/{SLUG}/{ADDRESS_MEMBER}", "address"))
    return [
        FieldFault(pointer=pointer, code="invalid", message=f"Write it under our name: {name}.")
        for pointer, name in found
    ]
