"""Between Cx's words and ours: a status update for Cx, an order from Cx. Pure, and the only place that knows both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from lxml import etree

from app.domain.errors import InvalidRequest
from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Write
from app.domain.times import rfc3339
from app.domain.work_orders import Observation, OrderKey
from app.vendors.civica_cx.answers import NIL
from app.vendors.civica_cx.names import Names, is_number
from app.vendors.civica_cx.tables import SLUG
from app.vendors.reasons import reason_code
from app.vendors.vendor import BackendSettings

NO_REASON = "0"
"""Cx's word for none."""
UID = "work_order_uid"
_ONE_DAY = timedelta(days=1)


class FaultyOrder(Exception):
    """An order that Cx sent cannot be read; the message names the member."""


def to_cx_time(at: datetime, zone: ZoneInfo) -> str:
    """A moment as the client's clock shows it, without an offset: what a user would type into Cx's own screen.

    In the hour that an autumn night has twice, both passes look alike; Cx has no way to tell them apart.
    """
    try:
        return at.astimezone(zone).replace(tzinfo=None).isoformat()
    except OverflowError:
        raise InvalidRequest("occurred_at is out of range.", pointer="/occurred_at") from None


def as_cx_shows(at: datetime, zone: ZoneInfo) -> datetime:
    """The moment that we read back for `at`: in the doubled hour of an autumn night always the first pass."""
    return at.astimezone(zone).replace(fold=0).astimezone(UTC)


def from_cx_time(text: str, zone: ZoneInfo) -> datetime | date:
    """What Cx's clock shows, as a moment in UTC; a date alone stays a date. Raises ValueError, OverflowError."""
    text = text.strip()
    if len(text) == len("2026-11-20"):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)


def to_cx_update(write: Write, settings: BackendSettings) -> dict[str, str]:
    """The texts of an UpdateRepairWorksOrderStatus, by our names of its members; `Comments` only when there are any.

    Raises ReasonUnknown or InvalidRequest. The write's order must have its number and Uid (`has_ids`).
    """
    if write.status is None or write.occurred_at is None:
        raise InvalidRequest("A status update needs a status and occurred_at.", pointer="/status")
    values = {
        "StatusCodeId": write.status.code,
        "StatusDate": to_cx_time(write.occurred_at, settings.zone),
        "StatusReasonId": reason_code(settings, write.body, vendor="Cx") or NO_REASON,
        "WorkOrderId": write.order.number,
        "WorkOrderUid": write.order.vendor_ids[UID],
    }
    comments = write.body.get("comments")
    if isinstance(comments, str) and comments:
        values["Comments"] = comments
    return values


def has_ids(order: OrderKey) -> bool:
    """Whether an order can be named to UpdateRepairWorksOrderStatus, which takes WorkOrderId and WorkOrderUid."""
    return is_number(order.number) and UID in order.vendor_ids


ASKED = (
    "AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "AppointmentEnd", "AppointmentStart", "CompletedDate",
    "ContractorName", "Description", "IsLate", "IssuedDate", "Notes", "PostCode", "PriorityCode", "PropertyReference",
    "RaisedDate", "RepairMasterStatusCode", "RepairStatusCode", "RepairStatusCodeId", "StatusDate", "StatusReasonId",
    "TargetDate", "TradeCode", "WorkOrderId", "WorkOrderReference", "WorkOrderUid",
)  # fmt: skip
"""The members of a RepairWorkOrder that have a place of their own in ours, by our names."""


class OrderReader:
    """Reads the RepairWorkOrders of one client's Cx; what its members are called there is looked up once."""

    def __init__(self, names: Names, zone: ZoneInfo) -> None:
        self._theirs = {name: names.of(name, "RepairWorkOrder") for name in ASKED}
        self._asked = frozenset(self._theirs.values())
        self._zone = zone

    def __call__(self, element: etree._Element, *, as_of: datetime, mark: str | None = None) -> Observation:
        """One order. Raises FaultyOrder: half an order is worse than none."""
        return _observation(_Order(_members(element), self._theirs, self._asked, self._zone), self._zone, as_of, mark)


def from_cx_order(element: etree._Element, names: Names, zone: ZoneInfo, *, as_of: datetime) -> Observation:
    """One order by itself, as an `OrderReader` reads it."""
    return OrderReader(names, zone)(element, as_of=as_of)


def _observation(order: _Order, zone: ZoneInfo, as_of: datetime, mark: str | None) -> Observation:
    number = order.integer("WorkOrderId")
    if number is None or number <= 0:
        raise FaultyOrder("WorkOrderId is missing")
    code = order.integer("RepairStatusCodeId")
    target = order.when("TargetDate")
    status_at = order.when("StatusDate")
    return Observation(
        key=OrderKey(
            number=str(number),
            reference=order.text("WorkOrderReference") or None,
            vendor_ids={UID: order.uid()},
        ),
        code=None if code is None else str(code),
        status_at=_moment(status_at, zone),
        late=order.flag("IsLate") is True,
        target_at=_moment(target, zone, end_of_day=True),
        fields={
            "description": order.text("Description"),
            "notes": order.text("Notes"),
            "type": order.text("TradeCode"),
            "priority": order.text("PriorityCode"),
            "dates": {
                "raised": _json(order.when("RaisedDate")),
                "target": _json(target),
                "actual_end": _json(order.when("CompletedDate")),
            },
            "appointment": {
                "start": _json(order.when("AppointmentStart")),
                "end": _json(order.when("AppointmentEnd")),
            },
            "location": {
                "number": order.text("PropertyReference"),
                "address": {
                    "line_1": order.text("AddressLine1"),
                    "line_2": order.text("AddressLine2"),
                    "line_3": order.text("AddressLine3"),
                    "line_4": order.text("AddressLine4"),
                    "postcode": order.text("PostCode"),
                },
            },
            "extensions": {
                SLUG: {
                    "ContractorName": order.text("ContractorName"),
                    "IsLate": order.flag("IsLate"),
                    "IssuedDate": _json(order.when("IssuedDate")),
                    "RepairMasterStatusCode": order.text("RepairMasterStatusCode"),
                    "RepairStatusCode": order.text("RepairStatusCode"),
                    "StatusDate": _json(status_at),
                    "StatusReasonId": order.integer("StatusReasonId"),
                    **order.others(),
                }
            },
        },
        record=order.members,
        as_of=as_of,
        mark=mark,
    )


class _Order:
    """A RepairWorkOrder's members, asked for by our names. `others` are those that have no place in ours."""

    __slots__ = ("_asked", "_theirs", "_zone", "members")

    def __init__(self, members: JsonObject, theirs: Mapping[str, str], asked: frozenset[str], zone: ZoneInfo) -> None:
        self.members = members
        self._theirs, self._asked = theirs, asked
        self._zone = zone

    def text(self, name: str) -> str | None:
        value = self.members.get(self._theirs[name])
        return value if isinstance(value, str) else None

    def integer(self, name: str) -> int | None:
        text = (self.text(name) or "").strip()
        if not text:
            return None
        if _INTEGER.fullmatch(text) is None:
            raise FaultyOrder(f"{name} is not a number")
        return int(text)

    def flag(self, name: str) -> bool | None:
        text = (self.text(name) or "").strip()
        if not text:
            return None
        if text not in _FLAGS:
            raise FaultyOrder(f"{name} is neither true nor false")
        return _FLAGS[text]

    def when(self, name: str) -> datetime | date | None:
        text = self.text(name)
        if not text or text.startswith("0001-"):  # .NET's DateTime that was never set
            return None
        try:
            return from_cx_time(text, self._zone)
        except OverflowError:  # .NET's last moment, west of Greenwich: never
            return None
        except ValueError:
            raise FaultyOrder(f"{name} is not a time") from None

    def uid(self) -> str:
        try:
            return str(UUID((self.text("WorkOrderUid") or "").strip()))
        except ValueError:
            raise FaultyOrder("WorkOrderUid is not a GUID") from None

    def others(self) -> dict[str, JsonValue]:
        return {name: value for name, value in self.members.items() if name not in self._asked}


_TRUE = frozenset({"true", "1"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_FLAGS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


def _moment(value: datetime | date | None, zone: ZoneInfo, *, end_of_day: bool = False) -> datetime | None:
    """A date as a moment: midnight where the client is, or the last moment of the day. None: it lies beyond all time."""
    if value is None or isinstance(value, datetime):
        return value
    midnight = datetime.combine(value, time.min, zone)
    try:
        if end_of_day:
            return (midnight + _ONE_DAY).astimezone(UTC) - timedelta(microseconds=1)
        return midnight.astimezone(UTC)
    except OverflowError:  # 9999-12-31, by which people mean: never
        return None


def _json(value: datetime | date | None) -> str | None:
    if isinstance(value, datetime):
        return rfc3339(value)
    return None if value is None else value.isoformat()


def _members(element: etree._Element) -> dict[str, JsonValue]:
    """Whatever Cx sent, as JSON: a text, a null, an object of its members, or a list where a name comes more than once."""
    found: dict[str, JsonValue] = {}
    several: dict[str, list[JsonValue]] = {}
    for member in element:
        name = _local(member.tag)
        value: JsonValue
        if len(member):
            value = _members(member)
        elif member.get(NIL) in _TRUE:  # as `text_of`, which 27 calls for each order of a list would make dear
            value = None
        else:
            value = member.text or ""
        if name in found:
            several.setdefault(name, [found[name]]).append(value)
        else:
            found[name] = value
    return {**found, **several} if several else found


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
