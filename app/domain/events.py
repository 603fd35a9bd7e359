"""What happened to an order, as the ledger records it and as the feed, the stream and a webhook show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.json import JsonObject, JsonValue
from app.domain.operations import number_of
from app.domain.statuses import StatusTable
from app.domain.times import rfc3339_micros
from app.domain.work_orders import status_of, vendor_status

CHANGED = "work_order.changed"
TYPES = (
    "operation.queued",
    "operation.verifying",
    "operation.unknown",
    "operation.held",
    "operation.applied",
    "operation.refused",
    "operation.skipped",
    "operation.replaced",
    "operation.cancelled",
    CHANGED,
    "work_order.deleted",
    "work_order.missing",
    "hold.opened",
    "hold.closed",
)
"""Types that are recorded today; a reader passes over a type that it does not know, as more may come."""
SOURCES = ("delivery", "poll", "read", "request", "operator")
"""Who brought it to light: our own sending, the vendor's list, a look at one order, a read that a caller asked for, a person."""
SAID = ("by", "reason", "evidence")
"""What a person said who resolved a hold; it belongs to that person's tenant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event. `at` is microseconds since 1970; `seq` counts within the order, without gaps.

    `tenant` is null for what the vendor's system showed: that is for every client of the backend.
    """

    id: int
    at: int
    backend: str
    work_order: str
    seq: int
    type: str
    source: str
    tenant: str | None
    operation_id: str | None
    data: JsonObject


def event_json(event: Event, table: StatusTable | None) -> dict[str, JsonValue]:
    """An event in our names. `table` is its backend's; None where that is configured no more."""
    return {
        "type": event.type,
        "at": rfc3339_micros(event.at),
        "backend": event.backend,
        "work_order": number_of(event.work_order, event.operation_id),
        "seq": event.seq,
        "source": event.source,
        "operation_id": event.operation_id,
        "data": data_json(event, table),
    }


def data_json(event: Event, table: StatusTable | None) -> dict[str, JsonValue]:
    """An event's data in our names. What every client of a backend may see does not tell which of them said what."""
    if event.type == CHANGED:
        return {side: _members(event.data.get(side), table) for side in ("was", "now")}
    hidden = SAID if event.tenant is None else ()
    return _told({name: value for name, value in event.data.items() if name not in hidden}, table)


def status_shown(code: JsonValue, table: StatusTable | None) -> dict[str, JsonValue]:
    """A vendor code as every answer shows it: our status, null where there is none, and the vendor's own words."""
    named = code if isinstance(code, str) else None
    row = None if table is None or named is None else table.by_code.get(named)
    return {
        "status": status_of(row),
        "vendor_status": vendor_status(named, row),
    }


def _told(data: JsonObject, table: StatusTable | None) -> dict[str, JsonValue]:
    """An operation's or a hold's data: the state before, and codes as statuses; the rest as it was recorded."""
    shown: dict[str, JsonValue] = {}
    for name, value in data.items():
        if name == "was":
            shown["previous_state"] = value
        elif name == "previous_code":
            shown["previous_status"] = None if value is None else status_shown(value, table)
        elif name == "code":
            shown.update(status_shown(value, table))
        else:
            shown[name] = value
    return shown


def _members(values: JsonValue, table: StatusTable | None) -> dict[str, JsonValue]:
    """The members that an observation changed, each by its name in a work order."""
    shown: dict[str, JsonValue] = {}
    for name, value in values.items() if isinstance(values, Mapping) else ():
        if name == "code":
            shown.update(status_shown(value, table))
        elif name == "code_since":
            shown["status_since"] = _moment(value)
        elif name == "target_at":
            shown["target_at"] = _moment(value)
        elif name == "reference":
            shown["external_reference"] = value
        elif name == "late":
            shown["late"] = bool(value)
        else:
            shown[name.removeprefix("fields.")] = value
    return shown


def _moment(value: JsonValue) -> str | None:
    return rfc3339_micros(value) if isinstance(value, int) else None
