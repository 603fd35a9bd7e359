"""A customer's own table in the place of NexusFS's codes: each must be one that an order can have."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from app.domain.statuses import StatusCode
from app.vendors import status_csv
from app.vendors.nexusfs.tables import CODE
from app.vendors.vendor import StatusFileFault


def read_statuses(text: str, zone: ZoneInfo) -> tuple[StatusCode, ...]:
    """The table's rows. Raises StatusFileFault."""
    rows = status_csv.read_statuses(text, zone)
    faults = [
        f"Code {row.code!r} is neither an OrderStatus other than 1, nor 1/ with a DispatchStatus"
        for row in rows
        if CODE.fullmatch(row.code) is None
    ]
    if faults:
        raise StatusFileFault(faults)
    return rows
