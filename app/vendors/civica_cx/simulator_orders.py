"""The simulator's works orders: the record of one, how a change of status alters it, and where they are found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from app.vendors.civica_cx.simulator_contract import DATA
from app.vendors.simulation import AddedOrders, Json

FIXED = (
    "AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "AppointmentEnd", "AppointmentStart",
    "ContractorName", "Description", "IssuedDate", "Notes", "PostCode", "PriorityCode", "PropertyReference",
    "RaisedDate", "TargetDate", "TradeCode",
)  # fmt: skip

PLAIN: Mapping[str, str | None] = {
    **dict.fromkeys(FIXED),
    "AddressLine1": "1 Sandpiper Street",
    "AddressLine3": "Westbury",
    "ContractorName": "Ohm Sweet Ohm Electrics Ltd",
    "Description": "Replace light fitting",
    "IssuedDate": "2022-10-05T09:00:00",
    "PostCode": "RV4 1AA",
    "PriorityCode": "R3",
    "PropertyReference": "SAN0001",
    "RaisedDate": "2022-10-05T08:00:00",
    "TargetDate": "2049-12-31T17:00:00",
    "TradeCode": "ELEC",
}
ISSUED = 3
CONTRACTOR_UNIT = "Responsive Repairs"


@dataclass(kw_only=True, slots=True)
class Order:
    """Times are as the vendor writes them: UK time without an offset."""

    number: int
    uid: str
    unit: str
    """The functional unit: a user who is not of it sees nothing of the order."""
    fixed: Mapping[str, str | None]
    """The members that no call changes."""
    status_code_id: int
    status_date: str | None
    status_reason_id: int | None = None
    completed: str | None = None
    late: bool | None = False
    """The record's own mark, besides the target date; None where the client leaves it unset."""
    changed_at: datetime

    @property
    def reference(self) -> str:
        return f"WO{self.number}"

    def is_late(self, at: datetime) -> bool:
        """Whether the order counts as late at this UK time; a completed one as of its completion."""
        target = self.fixed["TargetDate"]
        when = at if self.completed is None else datetime.fromisoformat(self.completed)
        return bool(self.late) or (target is not None and when > datetime.fromisoformat(target))

    def shown_late(self, at: datetime) -> bool | None:
        return None if self.late is None and not self.is_late(at) else self.is_late(at)

    def set_status(self, code_id: int, *, date: str | None, reason_id: int, completes: bool, at: datetime) -> None:
        self.status_code_id = code_id
        self.status_date = date
        self.status_reason_id = reason_id or None
        self.completed = date if completes else self.completed
        self.changed_at = at


class Orders:
    """The vendor's works orders, by id, reference or uid."""

    def __init__(self) -> None:
        self._by_number = {order.number: order for order in _documented()}
        self._by_uid = {order.uid: order for order in self._by_number.values()}

    def __iter__(self) -> Iterator[Order]:
        return iter(self._by_number.values())

    def find(self, number: int) -> Order | None:
        return self._by_number.get(number)

    def resolve(self, name: str) -> Order | None:
        """The order of a reference ("WO113427") or a bare number."""
        digits = name.strip().upper().removeprefix("WO")
        return self._by_number.get(int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 11 else None

    def with_uid(self, uid: str) -> Order | None:
        return self._by_uid.get(uid)

    def next_number(self) -> int:
        return max(self._by_number) + 1

    def add_plain(self, added: AddedOrders) -> None:
        """Issued, not late, alike but for their ids; the uid follows from the number."""
        for number in range(added.first, added.first + added.count):
            order = Order(
                number=number,
                uid=str(uuid5(NAMESPACE_URL, f"urn:orderbridge:civica-cx:{number}")),
                unit=CONTRACTOR_UNIT,
                fixed=PLAIN,
                status_code_id=ISSUED,
                status_date=PLAIN["IssuedDate"],
                changed_at=added.at,
            )
            self._by_number[number] = order
            self._by_uid[order.uid] = order


def _documented() -> Iterator[Order]:
    rows: list[dict[str, Json]] = json.loads((DATA / "orders.json").read_text(encoding="utf-8"))
    for row in rows:
        match row:
            case {
                "WorkOrderId": int(number),
                "WorkOrderUid": str(uid),
                "FunctionalUnit": str(unit),
                "RepairStatusCodeId": int(code_id),
                "StatusDate": str() | None as status_date,
                "IsLate": bool() | None as late,
            }:
                yield Order(
                    number=number,
                    uid=uid,
                    unit=unit,
                    fixed={name: None if row.get(name) is None else str(row[name]) for name in FIXED},
                    status_code_id=code_id,
                    status_date=status_date,
                    completed=None if row.get("CompletedDate") is None else str(row["CompletedDate"]),
                    late=late,
                    changed_at=datetime.fromisoformat(status_date or "2022-10-05T00:00:00").replace(tzinfo=UTC),
                )
            case _:
                raise ValueError(f"orders.json: {row}")
