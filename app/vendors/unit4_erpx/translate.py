"""What ERPx is sent for a write of ours, and which writes it cannot be sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.errors import CapabilityMissing, FieldFault, InvalidRequest
from app.domain.field_table import Theirs, to_theirs
from app.domain.json import JsonObject, JsonValue
from app.domain.merge_patch import nothing
from app.domain.order_body import contents
from app.domain.ports import Kind, Write
from app.vendors.unit4_erpx.evidence import VALUES, values_of, with_each_named
from app.vendors.unit4_erpx.fields import CUSTOMER, RELATED, TABLE
from app.vendors.unit4_erpx.json_patch import ElementChange, operations, set_members, without_nulls
from app.vendors.unit4_erpx.orders import is_number
from app.vendors.unit4_erpx.own_members import own_member_faults
from app.vendors.unit4_erpx.tables import CAPABILITIES


def check(write: Write) -> None:
    """Raise what is wrong with a write whatever the order is like: CapabilityMissing or InvalidRequest."""
    numbered_by_erpx = write.kind is Kind.create and not write.order.number
    if not numbered_by_erpx and not is_number(write.order.number):
        raise InvalidRequest("ERPx cannot have an order with this number.", pointer="/number")
    match write.kind:
        case Kind.status_update:
            reasons = [name for name in ("reason_code", "late_reason") if write.body.get(name) is not None]
            _no_place(tuple(_homeless(f"/{name}") for name in reasons))
        case Kind.create | Kind.patch:
            _no_place(tuple(_homeless(f"/{name}") for name in write.terms.replace))
            _theirs(write)
        case Kind.replace:
            raise CapabilityMissing("Unit4 ERPx cannot replace a whole order; it can patch one.", capabilities=_CAN)
        case Kind.delete:
            pass


def check_company(write: Write, company: str) -> None:
    """Raise InvalidRequest if a new order's ids, as one that was read shows them, are not those that it can have."""
    ids = write.body.get("vendor_ids")
    if write.kind is not Kind.create or ids is None:
        return
    named = ids.get("company_id") if isinstance(ids, Mapping) else ids
    if named is not None and str(named).casefold() != company.casefold():
        message = f"This backend makes orders in company {company}; leave this out."
        raise InvalidRequest(message, pointer="/vendor_ids/company_id" if isinstance(ids, Mapping) else "/vendor_ids")


def to_erpx_create(write: Write, company: str) -> JsonObject:
    """The body of a POST. Members that are null are not sent: ERPx completes what is empty."""
    said = _theirs(write).record
    record = {name: without_nulls(value) for name, value in said.items() if value is not None}
    rows = record.get(RELATED)
    if isinstance(rows, list):
        record[RELATED] = [without_nulls(row) for row in rows]
    if record.get(CUSTOMER) == {}:
        del record[CUSTOMER]
    return {
        "companyId": company,
        **({"workOrderId": write.order.number} if write.order.number else {}),
        **record,
        **({"status": write.status.code} if write.status is not None else {}),
    }


def to_erpx_patch(write: Write) -> list[dict[str, JsonValue]]:
    """The operations of a PATCH; none where the order is so already."""
    before = write.before or {}
    write = with_each_named(write)
    change = dict(_theirs(write).record)
    elements = change.pop(RELATED, None)
    current = to_theirs(TABLE, before).record
    asked = write.body.get(VALUES)
    related: list[ElementChange] = []
    if isinstance(asked, Mapping) and isinstance(elements, list):
        there = values_of(before)
        if there is None and current.get(RELATED) is not None:
            raise CapabilityMissing(
                "The related values of this order cannot be told apart by relation and date in ERPx.",
                faults=(_homeless(f"/{VALUES}"),),
                capabilities=_CAN,
            )
        places = {key: index for index, key in enumerate(there or ())}
        for (key, value), element in zip(asked.items(), elements, strict=True):
            place = places.get(key)
            if place is not None or not nothing(value):
                related.append(ElementChange(index=place, members=None if value is None else element))
    return operations(current, change, related)


def to_erpx_status(code: str) -> list[dict[str, JsonValue]]:
    """The operations that set a status other than Closed, as the document's sample does."""
    return set_members({"status": code})


def _theirs(write: Write) -> Theirs:
    body = contents(write.body)
    patch = write.kind is Kind.patch
    theirs = to_theirs(TABLE, body, removed=(lambda ids: ids) if patch else None)
    _no_place(theirs.homeless)
    found = (*own_member_faults(body, patch=patch), *theirs.wrong)
    wrong = tuple({fault.pointer: fault for fault in found}.values())
    if wrong:
        raise InvalidRequest(f"{wrong[0].pointer}: {wrong[0].message}", faults=wrong)
    return theirs


_CAN: list[JsonValue] = [*sorted(one.value for one in CAPABILITIES)]


def _homeless(pointer: str) -> FieldFault:
    return FieldFault(pointer=pointer, code="capability-missing", message="This vendor has no place for it.")


def _no_place(faults: tuple[FieldFault, ...]) -> None:
    if faults:
        names = ", ".join(fault.pointer for fault in faults)
        raise CapabilityMissing(f"Unit4 ERPx has no place for {names}.", faults=faults, capabilities=_CAN)
