"""Steps of `pattern.json` with holes in the place of ids, times and numbers: what a step leaves can be made again and again.

A time counts from the step's first (`began`), a number from what the order's row had before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
from pathlib import Path

from app.domain.json import JsonObject, JsonValue
from app.ledger.models import metadata

PATTERN = Path(__file__).with_name("pattern.json")
DAY = 86_400_000_000
SECOND = 1_000_000
Slot = tuple[str, int]
"""What goes into a hole: `at` (micros after the step began), `second` (the same, to the second), `rfc` and `rfc-second` (as
text), `op`, `hold`, `key`, `print`, `request` and `reference` (the nth of the step), `last_seq`, `event_seq` and `fence` (so much
above what the order had), `number`, `uid`, `backend`, `tenant`, `client`, `code_since`, `code_operation`, `etag`,
`mark`, `marked_version`."""
Values = Sequence[object]
COUNTS = ("version", "last_seq", "event_seq", "fence")
COUNTED = {"seq": "last_seq", "fence": "fence"}
WHOLE = {"work_order": (*COUNTS, "code_since", "etag", "mark", "marked_version"), "attempt": ("code_since",)}
"""Columns that are holes whatever stands in them."""
TENANTS = frozenset({"tenant", "code_tenant", "blocked_tenant"})
CLIENTS = frozenset({"client_id", "closed_by"})
_TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z"
_MICROS = r"(?<!\d)1[5-9]\d{14}(?!\d)"


@dataclass(frozen=True, kw_only=True)
class RowPattern:
    """One row: `fixed` values by place, holes that take a value as it is, and texts with holes in them."""

    table: str
    fixed: Sequence[object]
    plain: Sequence[tuple[int, int]]
    texts: Sequence[tuple[int, str, Callable[[Values], object]]]

    def filled(self, values: Values) -> list[object]:
        """The row's values, in the order of its table's columns."""
        row = list(self.fixed)
        for place, slot in self.plain:
            row[place] = values[slot]
        for place, text, take in self.texts:
            row[place] = text % take(values)
        return row


@dataclass(frozen=True, kw_only=True)
class StepPattern:
    """What a step leaves. `lasts` is how long it takes, in microseconds; `slots` are the holes, `filled` takes their values."""

    name: str
    was: str
    """The state that it goes out from: the order's code, with `r` where the vendor is to be read first; empty for a new order."""
    state: str
    adds: Mapping[str, int]
    """By how much it raises version, last_seq, event_seq and fence."""
    sets_code: bool
    """The last of its operations is what the order's code comes from now."""
    since: Slot | int | None
    """Since when the order has its code, where the step changed that."""
    lasts: int
    slots: Sequence[Slot]
    rows: Sequence[RowPattern]
    order_slots: Sequence[Slot]
    order: RowPattern
    """The order's row as the step left it."""

    @cached_property
    def operations(self) -> int:
        return sum(row.table == "operation" for row in self.rows)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many ids it takes of each kind."""
        return {kind: 1 + max((n for of, n in self.slots if of == kind), default=-1) for kind in ("op", "hold", "key")}


def columns_of(table: str) -> list[str]:
    return [column.name for column in metadata.tables[table].columns]


def steps(path: Path = PATTERN) -> list[StepPattern]:
    """The steps that were kept. Raises KeyError where the tables have other columns by now: then capture them anew."""
    kept: list[JsonObject] = json.loads(path.read_text(encoding="utf-8"))
    return [cut(step) for step in kept]


def cut(kept: JsonObject) -> StepPattern:
    """A step as `capture` keeps it, with holes."""
    return _Cutter(kept).step()


@dataclass
class _Cutter:
    """Cuts one step into fixed parts and holes."""

    kept: JsonObject
    slots: dict[Slot, int] = field(default_factory=dict)

    def step(self) -> StepPattern:
        kept, before, after = self.kept, self._before, self._after
        rows = [self._row(table, row) for table, row in self._rows()]
        slots, self.slots = self.slots, {}
        order = self._row("work_order", after)
        mine = after["code_operation"] in self._known and self._known[str(after["code_operation"])][0] == "op"
        since = _int(after["code_since"])
        moments = [offset for kind, offset in (*slots, *self.slots) if kind in ("at", "second")]
        return StepPattern(
            name=str(kept["name"]),
            was="" if kept["before"] is None else _state(before),
            state=_state(after),
            adds={name: _int(after[name]) - _int(before[name]) for name in COUNTS},
            sets_code=mine,
            since=None if before["code"] == after["code"] else self._moment(since) if self._near(since) else since,
            lasts=max(moments) + SECOND,
            slots=list(slots),
            rows=rows,
            order_slots=list(self.slots),
            order=order,
        )

    @cached_property
    def _before(self) -> JsonObject:
        found = self.kept["before"]
        if found is None:
            return {"code": "", "recheck": 0, "version": 0, "last_seq": 0, "event_seq": 0, "fence": 0}
        assert isinstance(found, dict)
        return found

    @cached_property
    def _after(self) -> JsonObject:
        found = self.kept["after"]
        assert isinstance(found, dict)
        return found

    def _rows(self) -> Iterator[tuple[str, JsonObject]]:
        tables = self.kept["rows"]
        assert isinstance(tables, dict)
        for table, rows in tables.items():
            assert isinstance(rows, list)
            for row in rows:
                assert isinstance(row, dict)
                yield table, row

    @cached_property
    def _began(self) -> int:
        names = {"operation": "accepted_at", "event": "at", "idempotency_key": "created_at"}
        return min(_int(row[names[table]]) for table, row in self._rows() if table in names)

    @cached_property
    def _known(self) -> Mapping[str, Slot]:
        """Texts that stand for something of this step, wherever they are found."""
        ids = json.loads(str(self._after["vendor_ids"]))
        known: dict[str, Slot] = {
            str(self.kept["number"]): ("number", 0),
            str(self._after["backend"]): ("backend", 0),
            str(ids["work_order_uid"]): ("uid", 0),
        }
        own = {"operation": {"id": "op", "request_id": "request", "client_reference": "reference"},
               "idempotency_key": {"key": "key", "fingerprint": "print"}, "order_hold": {"id": "hold"}}  # fmt: skip
        for table, row in self._rows():
            for column, kind in own.get(table, {}).items():
                if row[column] is not None:
                    known[str(row[column])] = kind, sum(of == kind for of, _ in known.values())
        return known

    @cached_property
    def _holes(self) -> re.Pattern[str]:
        known = sorted(map(re.escape, self._known), key=len, reverse=True)
        return re.compile("|".join([*known, r"op_[0-9A-Z]{26}", r'(?<="by":")bench(?=")', _TIME, _MICROS]))

    def _row(self, table: str, row: JsonObject) -> RowPattern:
        fixed: list[object] = []
        plain: list[tuple[int, int]] = []
        texts: list[tuple[int, str, Callable[[Values], object]]] = []
        for place, column in enumerate(columns_of(table)):
            value = row[column]
            slot = self._whole(table, column, value)
            cut = self._cut(value) if slot is None and isinstance(value, str) else None
            numbered = (table, column) == ("event", "id")  # by whoever stores the row
            fixed.append(value if slot is None and cut is None and not numbered else None)
            if slot is not None:
                plain.append((place, self._place(slot)))
            elif cut is not None:
                texts.append((place, *cut))
        return RowPattern(table=table, fixed=fixed, plain=plain, texts=texts)

    def _whole(self, table: str, column: str, value: JsonValue) -> Slot | None:
        """The hole that the whole value is."""
        if value is None:
            return None
        if column in WHOLE.get(table, ()):
            return column, 0
        if column in COUNTED and table != "work_order":
            name = "event_seq" if table == "event" else COUNTED[column]
            return name, _int(value) - _int(self._before[name])
        if column in TENANTS or column in CLIENTS:
            return "tenant" if column in TENANTS else "client", 0
        if isinstance(value, int) and self._near(value):
            return self._moment(value)
        if isinstance(value, str) and (found := self._holes.fullmatch(value)):
            return self._slot(found[0])
        return None

    def _near(self, micros: int) -> bool:
        return abs(micros - self._began) < DAY

    def _moment(self, micros: int) -> Slot:
        return "second" if micros % SECOND == 0 else "at", micros - self._began

    def _slot(self, found: str) -> Slot | None:
        """The hole for a text that was found; None for a time that has nothing to do with the step's."""
        if found in self._known:
            return self._known[found]
        if found.startswith("op_"):
            return "code_operation", 0
        if found == "bench":
            return "client", 0
        if found.isdigit():
            return self._moment(int(found)) if self._near(int(found)) else None
        at = round(datetime.fromisoformat(found).astimezone(UTC).timestamp() * SECOND)
        if not self._near(at):
            return None
        return "rfc" if "." in found else "rfc-second", at - self._began

    def _cut(self, value: str) -> tuple[str, Callable[[Values], object]] | None:
        """The text with `%s` in its holes, and what takes their values; None where it has none."""
        parts: list[str] = []
        places: list[int] = []
        end = 0
        for found in self._holes.finditer(value):
            slot = self._slot(found[0])
            if slot is not None:
                parts.append(value[end : found.start()].replace("%", "%%"))
                places.append(self._place(slot))
                end = found.end()
        if not places:
            return None
        return "%s".join([*parts, value[end:].replace("%", "%%")]), itemgetter(*places)

    def _place(self, slot: Slot) -> int:
        return self.slots.setdefault(slot, len(self.slots))


def _state(order: JsonObject) -> str:
    return f"{order['code']}{'r' if order['recheck'] else ''}"


def _int(value: JsonValue) -> int:
    assert isinstance(value, int)
    return value
