"""Between NexusFS's words and ours: the HTTP request of each write, and an order as it shows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from app.domain.errors import InvalidRequest
from app.domain.field_table import Record, to_ours
from app.domain.json import JsonObject
from app.domain.merge_patch import shows
from app.domain.order_body import contents
from app.domain.ports import Kind, VendorRequest, Write
from app.domain.work_orders import Observation, OrderKey
from app.vendors.exchange import EVERY_REQUEST
from app.vendors.json_bodies import json_bytes, text_of
from app.vendors.nexusfs.evidence import as_shown
from app.vendors.nexusfs.fields import DISPATCH_STATUS, SECTIONS, TABLE
from app.vendors.nexusfs.patch import to_nexus_patch
from app.vendors.nexusfs.pointers import pointer_to
from app.vendors.nexusfs.settings import NexusFsSettings
from app.vendors.nexusfs.tables import CODE, NEW, OVERRIDE_HEADER, TOKEN_HEADER, WORK_ORDERS
from app.vendors.nexusfs.words import (
    as_asked,
    fault,
    in_nexus_words,
    pruned,
    refuse,
    section_in_nexus_words,
    without_nulls,
)
from app.vendors.reasons import reason_code

_ADDRESSABLE = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f\ud800-\udfff]{1,100}")


def is_number(text: str) -> bool:
    """Whether a text can be an OrderNum that a URL can name."""
    return _ADDRESSABLE.fullmatch(text) is not None


# --- towards NexusFS


def to_nexus_request(write: Write, settings: NexusFsSettings, *, before: JsonObject | None) -> VendorRequest | None:
    """The one request that makes the change, its token shown as `***`; None where nothing is to change.

    `before` is `write.before`, or None while the order has not been read. Raises a GatewayError.
    """
    number = write.order.number
    if not number:
        raise InvalidRequest("NexusFS gives no numbers: give one.", pointer="/number")
    if not is_number(number):
        raise InvalidRequest("An order with this number cannot be named in a URL.", pointer="/number")
    match write.kind:
        case Kind.status_update:
            return _changing(number, to_nexus_status(write, settings), settings)
        case Kind.patch:
            asked, replaced = contents(write.body), write.terms.replace
            if before and not replaced and shows(as_shown(before), as_shown(asked)):
                return None
            body = to_nexus_patch(number, asked, replaced=replaced, before=before)
            return None if body is None else _changing(number, body, settings)
        case Kind.create:
            return _request("PUT", number, settings, to_nexus_order(write))
        case Kind.replace:
            method = "POST" if write.terms.must_exist else "PUT"
            return _request(method, number, settings, to_nexus_order(write))
        case Kind.delete:
            return _request("DELETE", number, settings)


def read_request(number: str, settings: NexusFsSettings) -> VendorRequest:
    return _request("GET", number, settings)


def to_nexus_status(write: Write, settings: NexusFsSettings) -> Record:
    """The PATCH of a status update. Raises ReasonUnknown or InvalidRequest."""
    if write.status is None:
        raise InvalidRequest("A status update needs a status.", pointer="/status")
    code = reason_code(settings, write.body, vendor="NexusFS")
    reason = {} if code is None else {"ReasonCode": code}
    members = {"OrderNum": write.order.number, **_status_members(write.status.code), **reason}
    return dict(sorted(members.items()))


def to_nexus_order(write: Write) -> Record:
    """A whole order, as PUT and POST take it. Raises CapabilityMissing or InvalidRequest."""
    ids = write.body.get("vendor_ids")
    if without_nulls(ids) not in (None, {}):
        refuse([fault("/vendor_ids", "An order in NexusFS has no ids besides its number; leave this out.")])
    ours = {name: without_nulls(value) for name, value in contents(as_asked(write)).items() if value is not None}
    record = in_nexus_words(ours)
    for name, section in SECTIONS.items():
        asked = ours.get(name)
        if isinstance(asked, Mapping) and pruned(asked):
            record[section.theirs] = section_in_nexus_words(name, asked)
    status = _status_members(write.status.code) if write.status is not None else _status_kept(write)
    dispatch = status.get(DISPATCH_STATUS)
    if dispatch is not None and record.get(DISPATCH_STATUS, dispatch) != dispatch:
        message = f"The status stands for DispatchStatus {dispatch}: leave this out, or name the vendor_code."
        refuse([fault(pointer_to([DISPATCH_STATUS]), message)])
    default: Record = {DISPATCH_STATUS: 0} if write.status is None and write.before is None else {}
    whole = {**default, **record, **status, "OrderNum": write.order.number}
    return {name: value for name, value in sorted(pruned(whole).items()) if value != []}


def _status_kept(write: Write) -> Record:
    """A replacement that names no status leaves the order's own; a new order begins as new."""
    if write.before is None or write.previous_code is None:
        return {"OrderStatus": NEW}
    return _status_members(write.previous_code)


def _status_members(code: str) -> Record:
    found = CODE.fullmatch(code)
    if found is None:
        raise InvalidRequest(f"{code!r} is no status code of NexusFS.", pointer="/vendor_code")
    if found["dispatch"] is None:
        return {"OrderStatus": code}
    return {"OrderStatus": NEW, DISPATCH_STATUS: int(found["dispatch"])}


def _changing(number: str, body: Record, settings: NexusFsSettings) -> VendorRequest:
    """A PATCH, or where the network forbids that method a POST that says it is one."""
    if settings.method_override:
        return _request("POST", number, settings, body, **{OVERRIDE_HEADER: "PATCH"})
    return _request("PATCH", number, settings, body)


def _request(
    method: str, number: str, settings: NexusFsSettings, body: Record | None = None, **headers: str
) -> VendorRequest:
    sent = {
        **EVERY_REQUEST,
        "Accept": "application/json",
        TOKEN_HEADER: "***",
    }
    if body is not None:
        sent["Content-Type"] = "application/json"
    return VendorRequest(
        method=method,
        url=f"{settings.url}{WORK_ORDERS}{quote(number, safe='')}",
        headers={**sent, **headers},
        body=b"" if body is None else json_bytes(body),
    )


# --- towards us


def from_nexus_order(record: JsonObject, *, as_of: datetime) -> Observation | None:
    """One Work Order Object; None where it has no OrderNum."""
    number = record.get("OrderNum")
    if not isinstance(number, str) or not number:
        return None
    ours = to_ours(TABLE, record)
    return Observation(
        key=OrderKey(number=number),
        code=status_code(record),
        status_at=None,
        late=False,
        target_at=None,
        fields={name: value for name, value in ours.items() if name not in ("number", "vendor_status")},
        record=record,
        as_of=as_of,
    )


def status_code(record: JsonObject) -> str | None:
    """The OrderStatus; beside 1 with its DispatchStatus, where none counts as 0. An unknown one stays as it is."""
    status, dispatch = text_of(record.get("OrderStatus")), record.get(DISPATCH_STATUS)
    if status != NEW:
        return status
    return f"{NEW}/{'0' if dispatch is None else text_of(dispatch) or '?'}"
