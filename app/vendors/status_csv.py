"""Reads a client's own status table from CSV; of a vendor whose codes are its own, the setting `statuses` replaces them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

from app.domain.statuses import PHASE, Basis, Status, StatusCode
from app.vendors.vendor import StatusFileFault

_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"", "0", "false"})
_EMPTY = frozenset({"", "NULL"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no table means to hold, and PostgreSQL does not take (NUL); a field may have several lines."""


def plain(name: str) -> str:
    """A name without its spaces and capitals, to compare with another such."""
    return "".join(name.split()).lower()


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What a table's columns are called. Their order is free, and others are ignored."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]

    def named(self, header: list[str], faults: list[str]) -> list[str | None] | None:
        """Which column each field of the header is; None where the table cannot be read."""
        known = {plain(column): column for column in self.needed + self.optional}
        columns = [known.get(plain(field)) for field in header]
        missing = [column for column in self.needed if column not in columns]
        twice = sorted({column for column in columns if column is not None and columns.count(column) > 1})
        if missing:
            faults.append(f"line 1: no column {', '.join(missing)}")
        if twice:
            faults.append(f"line 1: twice the column {', '.join(twice)}")
        return None if missing or twice else columns


COLUMNS = Columns(needed=("Code", "Label", "Status"), optional=("Default", "EffectiveFrom", "EffectiveTo"))


class Row:
    """One record on its way to a StatusCode; what is wrong with it goes to `faults`, and makes it `faulty`."""

    def __init__(self, line: int, texts: Mapping[str, str], zone: ZoneInfo, faults: list[str]) -> None:
        self.faulty = False
        self._line, self._texts, self._zone, self._faults = line, texts, zone, faults

    def __getitem__(self, column: str) -> str:
        return self._texts[column]

    def fault(self, column: str, problem: str) -> None:
        self._add(f"{column} {self[column]!r} {problem}")

    def true(self, column: str) -> bool:
        return self[column].lower() in _TRUE

    def status(self) -> Status | None:
        """Our status that the column Status names; None where it is empty, or faulty."""
        word = self["Status"].lower().replace(" ", "_").replace("-", "_")
        if word and word not in Status.__members__:
            self.fault("Status", f"is none of {', '.join(Status)}")
        return Status.__members__.get(word)

    def effective(self) -> tuple[datetime | None, datetime | None]:
        """From when and until when, both inclusive; None: without a beginning, without an end, or faulty."""
        begins = self._moment("EffectiveFrom")
        ends = self._moment("EffectiveTo", whole_day=True)
        if begins is not None and ends is not None and ends < begins:
            self.fault("EffectiveTo", "is before EffectiveFrom")
        return begins, ends

    def only_once(self, column: str, code: str, seen: dict[str, int]) -> None:
        """A code that another line had is a fault; `seen` is the file's codes so far, with their lines."""
        first = seen.setdefault(code, self._line)
        if first != self._line:
            self._add(f"{column} {code} was on line {first} already")

    def _add(self, problem: str) -> None:
        self.faulty = True
        self._faults.append(f"line {self._line}: {problem}")

    def _moment(self, column: str, *, whole_day: bool = False) -> datetime | None:
        """A date as SQL Server or ISO 8601 writes it. Tables keep days: midnight means the day, not its first instant."""
        text = self[column]
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
            self.fault(column, "is not a date such as 2026-04-01 or 2026-04-01 08:30:00")
        except OverflowError:  # 9999-12-31 or 0001-01-01: without an end, or without a beginning
            pass
        return None


def rows(text: str, columns: Columns, zone: ZoneInfo, faults: list[str]) -> Iterator[Row]:
    """Each record with the number of its first line; SQL's NULL reads as empty. Empty lines are passed over.

    Comma, semicolon or tab, as the first line has it; `zone` is the client's, in which the dates stand.
    """
    table = text.removeprefix("\ufeff")
    first = table.partition("\n")[0]
    reader = csv.reader(StringIO(table, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    begins, named = 1, None
    try:
        for fields in reader:
            line, begins = begins, reader.line_num + 1
            if named is None:
                named = columns.named(fields, faults)
                if named is None:
                    return
            elif len(fields) > len(named):
                faults.append(f"line {line}: {len(fields)} fields, but the header has {len(named)}")
            elif any(field.strip() for field in fields):
                cut_off = [column for column in named[len(fields) :] if column in columns.needed]
                if cut_off:
                    faults.append(f"line {line}: it ends before {', '.join(cut_off)}")
                    continue
                texts = dict.fromkeys(columns.needed + columns.optional, "")
                for column, field in zip(named, fields, strict=False):
                    if column is not None and field.strip() not in _EMPTY:
                        texts[column] = field.strip()
                control = [(column, found[0]) for column, text in texts.items() if (found := _CONTROL.search(text))]
                faults += [
                    f"line {line}: {column} has a control character (U+{ord(one):04X})" for column, one in control
                ]
                if not control:
                    yield Row(line, texts, zone, faults)
    except csv.Error as error:
        faults.append(f"line {begins}: {error}")
    if named is None:
        faults.append("line 1: the file is empty")


def codes(
    text: str, columns: Columns, zone: ZoneInfo, code_of: Callable[[Row], StatusCode | None], *, none: str
) -> tuple[StatusCode, ...]:
    """What `code_of` makes of each row; `none` is the fault of a table of which nothing is left.

    Raises StatusFileFault with every fault of the file, each with its line number; then nothing may be imported.
    """
    faults: list[str] = []
    found = [code for row in rows(text, columns, zone, faults) if (code := code_of(row)) is not None]
    if not found and not faults:
        faults.append(f"line 1: {none}")
    if faults:
        raise StatusFileFault(faults)
    return tuple(found)


def read_statuses(text: str, zone: ZoneInfo) -> tuple[StatusCode, ...]:
    """A table with the columns Code, Label, Status, and if need be Default, EffectiveFrom and EffectiveTo.

    A code without a Status is one that our words do not tell: it is shown, and can be named in `vendor_code`. Raises
    StatusFileFault.
    """
    seen: dict[str, int] = {}

    def code_of(row: Row) -> StatusCode | None:
        for column in ("Code", "Label"):
            if not row[column]:
                row.fault(column, "is empty")
        status = row.status()
        if row["Default"].lower() not in _TRUE | _FALSE:
            row.fault("Default", "is neither 1 nor 0, true nor false")
        begins, ends = row.effective()
        if row["Code"]:
            row.only_once("Code", row["Code"], seen)
        return None if row.faulty else _configured(row, status, begins, ends)

    return codes(text, COLUMNS, zone, code_of, none="the table has no rows")


def _configured(row: Row, status: Status | None, begins: datetime | None, ends: datetime | None) -> StatusCode:
    return StatusCode(
        code=row["Code"],
        label=row["Label"],
        status=status,
        phase=None if status is None else PHASE[status],
        effective_from=begins,
        effective_to=ends,
        default=row.true("Default"),
        basis=Basis.configured,
    )
