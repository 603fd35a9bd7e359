"""A client's own status codes, read from the CSV that their database gives (cx-assumed-contract.md, last section)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

from app.domain.statuses import PHASE, Basis, Status, StatusCode
from app.vendors.civica_cx.tables import MASTER_STATUS, PREFERRED_MASTER
from app.vendors.vendor import StatusFileFault

EXAMPLE_STATUSES = Path(__file__).with_name("example-statuses.csv")

NEEDED = ("RepairStatusCodeId", "RepairStatusCode", "RepairMasterStatusCode", "WorksOrderApplicable")
OPTIONAL = ("Description", "EffectiveFrom", "EffectiveTo", "Status", "DefaultForMaster")
_TRUE = frozenset({"1", "true"})
_EMPTY = frozenset({"", "NULL"})
_LARGEST_ID = 2**31 - 1


def _plain(name: str) -> str:
    return "".join(name.split()).lower()


_MASTERS = {_plain(master): master for master in MASTER_STATUS}
_COLUMNS = {_plain(column): column for column in NEEDED + OPTIONAL}


def read_statuses(text: str, zone: ZoneInfo) -> tuple[StatusCode, ...]:
    """The rows that apply to works orders; `zone` is the client's, in which the dates stand.

    Raises StatusFileFault with every fault of the file, each with its line number; then nothing may be imported.
    """
    faults: list[str] = []
    rows: list[StatusCode] = []
    seen: dict[int, int] = {}
    for line, record in _records(text, faults):
        if record["WorksOrderApplicable"].lower() not in _TRUE:
            continue
        row = _Row(line, record, zone, faults)
        number, code = row.number(), row.status_code()
        if number is not None and number in seen:
            faults.append(f"line {line}: RepairStatusCodeId {number} was on line {seen[number]} already")
        elif number is not None:
            seen[number] = line
        if code is not None:
            rows.append(code)
    if not rows and not faults:
        faults.append("line 1: no row has WorksOrderApplicable 1")
    if faults:
        raise StatusFileFault(faults)
    return tuple(rows)


def _records(text: str, faults: list[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each record by our column names, with the number of its first line; SQL's NULL reads as empty."""
    head = text.removeprefix("\ufeff")
    first = head.partition("\n")[0]
    reader = csv.reader(StringIO(head, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    begins, columns = 1, None
    try:
        for fields in reader:
            line, begins = begins, reader.line_num + 1
            if columns is None:
                columns = _header(fields, faults)
                if columns is None:
                    return
            elif len(fields) > len(columns):
                faults.append(f"line {line}: {len(fields)} fields, but the header has {len(columns)}")
            elif any(field.strip() for field in fields):
                cut_off = [column for column in columns[len(fields) :] if column in NEEDED]
                if cut_off:
                    faults.append(f"line {line}: it ends before {', '.join(cut_off)}")
                    continue
                values = dict.fromkeys(NEEDED + OPTIONAL, "")
                for column, field in zip(columns, fields, strict=False):
                    if column is not None and field.strip() not in _EMPTY:
                        values[column] = field.strip()
                yield line, values
    except csv.Error as error:
        faults.append(f"line {begins}: {error}")
    if columns is None:
        faults.append("line 1: the file is empty")


def _header(fields: list[str], faults: list[str]) -> list[str | None] | None:
    columns = [_COLUMNS.get(_plain(field)) for field in fields]
    missing = [column for column in NEEDED if column not in columns]
    twice = sorted({column for column in columns if column is not None and columns.count(column) > 1})
    if missing:
        faults.append(f"line 1: no column {', '.join(missing)}")
    if twice:
        faults.append(f"line 1: twice the column {', '.join(twice)}")
    return None if missing or twice else columns


class _Row:
    """One record on its way to a StatusCode; what is wrong with it goes to `faults`."""

    def __init__(self, line: int, record: Mapping[str, str], zone: ZoneInfo, faults: list[str]) -> None:
        self._line, self._record, self._zone, self._faults = line, record, zone, faults

    def _fault(self, column: str, problem: str) -> None:
        self._faults.append(f"line {self._line}: {column} {self._record[column]!r} {problem}")

    def number(self) -> int | None:
        text = self._record["RepairStatusCodeId"]
        if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _LARGEST_ID:
            return int(text)
        return None

    def status_code(self) -> StatusCode | None:
        faults_before = len(self._faults)
        number = self.number()
        if number is None:
            self._fault("RepairStatusCodeId", "is not a whole number that Cx could have given")
        label = self._record["RepairStatusCode"] or self._record["Description"]
        if not label:
            self._fault("RepairStatusCode", "is empty, and so is Description")
        master = _MASTERS.get(_plain(self._record["RepairMasterStatusCode"]))
        if master is None:
            self._fault("RepairMasterStatusCode", f"is none of {', '.join(MASTER_STATUS)}")
        status = self._status(master)
        begins = self._moment("EffectiveFrom")
        ends = self._moment("EffectiveTo", whole_day=True)
        if begins is not None and ends is not None and ends < begins:
            self._fault("EffectiveTo", "is before EffectiveFrom")
        if len(self._faults) > faults_before or number is None or master is None:
            return None
        return StatusCode(
            code=str(number),
            label=label,
            status=status,
            phase=PHASE[MASTER_STATUS[master]],
            master=master,
            effective_from=begins,
            effective_to=ends,
            default=self._record["DefaultForMaster"].lower() in _TRUE
            and (status is None or PREFERRED_MASTER.get(status, master) == master),
            basis=Basis.configured,
        )

    def _status(self, master: str | None) -> Status | None:
        word = self._record["Status"].lower().replace(" ", "_").replace("-", "_")
        if not word:
            return None if master is None else MASTER_STATUS[master]
        if word not in Status.__members__:
            self._fault("Status", f"is none of {', '.join(Status)}")
            return None
        return Status(word)

    def _moment(self, column: str, *, whole_day: bool = False) -> datetime | None:
        """A date as SQL Server or ISO 8601 writes it. Cx keeps days: midnight means the day, not its first instant."""
        text = self._record[column]
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self._zone)
            if whole_day and moment.time() == time.min:
                # The next midnight on the same clock, as an instant: a day may have 23 or 25 hours.
                return (moment + timedelta(days=1)).astimezone(UTC) - timedelta(microseconds=1)
            return moment.astimezone(UTC)
        except ValueError:
            self._fault(column, "is not a date such as 2026-04-01 or 2026-04-01 08:30:00")
        except OverflowError:  # 9999-12-31 or 0001-01-01: without an end, or without a beginning
            pass
        return None
