"""A work order as our API shows it, and an observation of one in the vendor's system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from app.domain import lateness
from app.domain.json import JsonObject, JsonValue
from app.domain.record import record
from app.domain.statuses import StatusCode
from app.domain.times import rfc3339


@record(frozen=True, kw_only=True)
class OrderKey:
    """How a vendor names one order: our `number`, the reference people write, and ids that only the vendor's calls need."""

    number: str
    reference: str | None = None
    vendor_ids: Mapping[str, str] = field(default_factory=dict)


@record(frozen=True, kw_only=True)
class Observation:
    """One work order as the vendor's system showed it at `as_of`.

    `fields` holds the canonical members (docs/work-order.md) that the vendor has, by their JSON names; a date-only value stays
    a date. `record` is the vendor's own part, from which the ETag is made. `code` is the vendor's status code as text.
    """

    key: OrderKey
    code: str | None
    status_at: datetime | None
    late: bool
    target_at: datetime | None
    fields: JsonObject
    record: JsonObject
    as_of: datetime
    mark: str | None = field(default=None, compare=False)
    """Of an order in a list: see `glimpses.Glimpse`."""

    def is_late(self, row: StatusCode | None, *, occurred_at: datetime | None = None) -> bool:
        """Whether the order, of this status, was late when it was read, for an update if one is meant."""
        return lateness.is_late(
            marked=self.late, target_at=self.target_at, present=row, now=self.as_of, occurred_at=occurred_at
        )


MEMBERS = (
    "parent_number", "title", "description", "notes", "type", "priority", "dates", "appointment", "account", "location",
    "project", "work_center", "assets", "operations", "discounts", "info_panels", "related_values", "rules", "extensions",
)  # fmt: skip
"""The members that a vendor's record fills, in the order in which an answer shows them."""


def status_of(row: StatusCode | None) -> str | None:
    """Our status for a vendor's code, as an answer tells it; None where we have none for it."""
    return None if row is None or row.status is None else row.status.value


def vendor_status(code: str | None, row: StatusCode | None) -> JsonObject | None:
    """The vendor's own code beside our status: an unknown code keeps its raw word and gets no guess."""
    if code is None:
        return None
    if row is None:
        return {"code": code, "label": None, "master": None}
    return {"code": row.code, "label": row.label, "master": row.master}


def work_order(
    observation: Observation, *, backend: str, row: StatusCode | None, delivery: JsonObject
) -> dict[str, JsonValue]:
    """The work order of our API, with what the vendor's system has of it."""
    key = observation.key
    return {
        "backend": backend,
        "number": key.number,
        "external_reference": key.reference,
        **{name: observation.fields[name] for name in MEMBERS if name in observation.fields},
        "status": status_of(row),
        "phase": row.phase.value if row is not None and row.phase is not None else None,
        "vendor_status": vendor_status(observation.code, row),
        "delivery": delivery,
        "as_of": rfc3339(observation.as_of),
        "vendor_ids": dict(key.vendor_ids),
    }
