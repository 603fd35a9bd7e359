"""The simulated client's status codes and Cx's master workflow: by which of its rules an update is refused."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime

from app.vendors.civica_cx.simulator_contract import DATA
from app.vendors.civica_cx.simulator_orders import Order

CANCELLED, COMPLETE = 18, "Complete"

NEXT: dict[str, tuple[str, ...]] = {
    # Vendor's help pages, "To update the repair order status" (dossier 1.2).
    "Entered": ("Issued", "On Hold", "Awaiting Authorisation", "Awaiting Pre Inspection", "Cancelled"),
    "Awaiting Authorisation": ("Issued", "On Hold", "Cancelled"),
    "Awaiting Variation Authorisation": ("On Hold", "Varied", "Cancelled"),
    "Issued": (
        "On Hold", "Work In Progress", "Awaiting Variation Authorisation", "Awaiting Pre Inspection", "Varied",
        "Complete", "Cancelled",
    ),
    "Work In Progress": (
        "On Hold", "Awaiting Variation Authorisation", "Awaiting Pre Inspection", "Varied", "Partially Complete",
        "Complete", "Cancelled",
    ),
    "Cancelled": (),
    "Fully Invoiced": (),
    # Assumed (dossier 1.2): the vendor's page does not give these rows.
    "On Hold": ("Issued", "Work In Progress", "Complete", "Cancelled"),
    "Varied": ("Issued", "Work In Progress", "On Hold", "Complete", "Cancelled"),
    "Partially Complete": ("Work In Progress", "On Hold", "Complete", "Cancelled"),
    "Complete": ("Fully Invoiced",),
    # Assumed here: the dossier assumes nothing for it. After an inspection the order goes on as from On Hold.
    "Awaiting Pre Inspection": ("Issued", "Work In Progress", "On Hold", "Cancelled"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusCode:
    """One row of the client's RepairStatusCode table."""

    id: int
    name: str
    master: str
    works_order: bool
    effective_from: date | None
    effective_to: date | None

    def effective_on(self, day: date) -> bool:
        return (self.effective_from or date.min) <= day <= (self.effective_to or date.max)


def read_codes() -> dict[int, StatusCode]:
    with (DATA / "status_codes.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["RepairStatusCodeId"]): _code(row) for row in csv.DictReader(file)}


def _code(row: dict[str, str]) -> StatusCode:
    return StatusCode(
        id=int(row["RepairStatusCodeId"]),
        name=row["RepairStatusCode"],
        master=row["RepairMasterStatusCode"],
        works_order=row["WorksOrderApplicable"] == "1",
        effective_from=date.fromisoformat(row["EffectiveFrom"]) if row["EffectiveFrom"] else None,
        effective_to=date.fromisoformat(row["EffectiveTo"]) if row["EffectiveTo"] else None,
    )


CODES = read_codes()


def refusal_of_move(order: Order, code_id: int) -> str | None:
    """Why the order cannot get this code; None where it can. The rules that screens and services share."""
    code, now = CODES.get(code_id), CODES[order.status_code_id]
    if code is None or not code.works_order:
        return f"Status code {code_id} is not valid for a works order."
    if code.id == now.id:
        return f"The works order already has the status {now.name}. A works order cannot be moved to the same status."
    if not NEXT[now.master]:
        return f"The works order is {now.master} and cannot be updated further."
    if code.master != now.master and code.master not in NEXT[now.master]:
        return f"A works order cannot be moved from {now.master} to {code.master}."
    return None


def refusal_of_update(order: Order, code_id: int, *, at: datetime, now: datetime, reason_id: int) -> str | None:
    """The same for an update by web service, with its own date `at` (like `now`, UK time without a zone)."""
    refused = refusal_of_move(order, code_id)
    if refused is not None:
        return refused
    code = CODES[code_id]
    if not code.effective_on(at.date()):
        return f"Status code {code.name} is not effective on {at:%d/%m/%Y}."
    if reason_id == 0 and (order.is_late(now) or order.is_late(at)):
        return "The works order is late. A late completion reason must be supplied."
    return None
