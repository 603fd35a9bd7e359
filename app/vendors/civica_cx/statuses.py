"""A client's own status codes, read from the CSV that their database gives (cx-assumed-contract.md, last section)."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from app.domain.statuses import PHASE, Basis, StatusCode
from app.vendors.civica_cx.tables import MASTER_STATUS, PREFERRED_MASTER
from app.vendors.status_csv import Columns, Row, codes, plain

EXAMPLE_STATUSES = Path(__file__).with_name("example-statuses.csv")

COLUMNS = Columns(
    needed=("RepairStatusCodeId", "RepairStatusCode", "RepairMasterStatusCode", "WorksOrderApplicable"),
    optional=("Description", "EffectiveFrom", "EffectiveTo", "Status", "DefaultForMaster"),
)
_LARGEST_ID = 2**31 - 1
MASTERS = {plain(master): master for master in MASTER_STATUS}
"""A master's plain name -> as Cx writes it."""


def read_statuses(text: str, zone: ZoneInfo) -> tuple[StatusCode, ...]:
    """The rows that apply to works orders; `zone` is the client's, in which the dates stand.

    Raises StatusFileFault with every fault of the file, each with its line number; then nothing may be imported.
    """
    seen: dict[str, int] = {}

    def code_of(row: Row) -> StatusCode | None:
        return _status_code(row, seen) if row.true("WorksOrderApplicable") else None

    return codes(text, COLUMNS, zone, code_of, none="no row has WorksOrderApplicable 1")


def _status_code(row: Row, seen: dict[str, int]) -> StatusCode | None:
    number = _number(row["RepairStatusCodeId"])
    if number is None:
        row.fault("RepairStatusCodeId", "is not a whole number that Cx could have given")
    label = row["RepairStatusCode"] or row["Description"]
    if not label:
        row.fault("RepairStatusCode", "is empty, and so is Description")
    master = MASTERS.get(plain(row["RepairMasterStatusCode"]))
    if master is None:
        row.fault("RepairMasterStatusCode", f"is none of {', '.join(MASTER_STATUS)}")
    status = row.status()
    begins, ends = row.effective()
    if number is not None:
        row.only_once("RepairStatusCodeId", number, seen)
    if row.faulty or number is None or master is None:
        return None
    status = status or MASTER_STATUS[master]
    return StatusCode(
        code=number,
        label=label,
        status=status,
        phase=PHASE[MASTER_STATUS[master]],
        master=master,
        effective_from=begins,
        effective_to=ends,
        default=row.true("DefaultForMaster") and PREFERRED_MASTER.get(status, master) == master,
        basis=Basis.configured,
    )


def _number(text: str) -> str | None:
    """A RepairStatusCodeId, written as a number is."""
    if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _LARGEST_ID:
        return str(int(text))
    return None
