"""Take in what a vendor's list says of many orders: what has not changed by one statement, what has by few.

What differs is compared with the orders' rows outside of any transaction, and written only where the row still is as it was
compared. An order of which the list says something that is not plain (it had ended, or a write of ours was confirmed since), or
that somebody is at work on, is left for `orders.observe`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.glimpses import Glimpse
from app.domain.times import CLOCKS_APART, to_micros
from app.domain.work_orders import Observation
from app.ledger.accept import new_order
from app.ledger.comparing import change_of, is_later, is_news, values_of, was_forgotten
from app.ledger.contradictions import differs_from_its_end
from app.ledger.listed_sql import ADD_MANY, BESIDE, CHANGED_MANY, REFRESH, SEEN_MANY, TELL_MANY
from app.ledger.order_sql import OBSERVED
from app.ledger.orders import etag_of
from app.ledger.records import Change
from app.ledger.rows import compact, number, number_or_none, text, text_or_none
from app.ledger.sql import Row, Unit, Value

_BLANK = new_order("", "", now=0)
"""What a new order is compared with."""
CHANGED = "work_order.changed"
FIRST = 1
"""The version of a new order's row, and the place of its first event."""


def refresh(backend: str, glimpses: Sequence[Glimpse], *, now: int, listed_at: int) -> Unit[set[str]]:
    """Orders whose rows say what the list says were seen again; no other row is touched. Returns their numbers."""
    rows: list[dict[str, Value]] = [
        {"number": one.number, "mark": one.mark, "at": to_micros(one.as_of)} for one in glimpses
    ]
    rows.sort(key=_by_number)
    return _refreshed({"of_backend": backend, "rows": compact(rows), "listed": listed_at, "ahead": now + CLOCKS_APART})


def beside(backend: str, numbers: Sequence[str]) -> Unit[Mapping[str, Row | None]]:
    """The rows that orders have now, by their numbers; None for an order without one."""
    rows = compact([{"number": one} for one in numbers])
    return _found({"of_backend": backend, "rows": rows})


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What was taken in, and the orders that have to be taken in one by one."""

    changes: Sequence[Change]
    left: Sequence[Observation]


@dataclass(kw_only=True, slots=True)
class Differing:
    """Orders of a list beside the rows that they had. Each is compared by `add`; `take_in` writes them all.

    `listed_at` is when the round of polling began, `ended` are the codes with which an order has ended.
    """

    backend: str
    source: str
    now: int
    listed_at: int
    ended: frozenset[str]
    _new: dict[str, dict[str, Value]] = field(default_factory=dict)
    _changed: dict[str, dict[str, Value]] = field(default_factory=dict)
    _seen: dict[str, dict[str, Value]] = field(default_factory=dict)
    _changes: dict[str, Change] = field(default_factory=dict)
    _shown: dict[str, Observation] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._shown)

    def add(self, seen: Observation, row: Row | None) -> None:
        """Compare an order with its row."""
        number_is, etag = seen.key.number, etag_of(seen)
        self._shown[number_is] = seen
        if row is None:
            self._new[number_is] = self._differs(_BLANK, seen, etag)
        elif not is_news(row, seen, etag, now=self.now, ended=self.ended):
            if not was_forgotten(row, seen, now=self.now):
                self._seen[number_is] = {
                    "number": number_is,
                    "version": number(row, "version"),
                    "at": to_micros(seen.as_of),
                    "mark": seen.mark if _says(row, seen, etag) else None,
                }
        elif self._is_plain(row, seen):
            more = {"version": number(row, "version"), "ends": int(seen.code in self.ended)}
            values = self._differs(row, seen, etag)
            self._changed[number_is] = {**values, **more, "tells": int(bool(self._changes[number_is].now))}

    def take_in(self) -> Unit[Taken]:
        """Write all of them, each only if its row is as it was compared."""
        rows = [self._rows(of) for of in (self._new, self._changed, self._seen)]
        return self._take_in(*rows)

    def _differs(self, row: Row, seen: Observation, etag: str) -> dict[str, Value]:
        values = values_of(row, seen, etag, now=self.now, keeps_code=False)
        self._changes[seen.key.number] = change_of(row, seen, values)
        shown = {name: values["new_" + name] for name in OBSERVED}
        return {"number": seen.key.number, "mark": seen.mark, **shown}

    def _is_plain(self, row: Row, seen: Observation) -> bool:
        return not (
            differs_from_its_end(row, seen, self.ended)
            or is_later(row, "confirmed_at", seen, now=self.now)
            or was_forgotten(row, seen, now=self.now)
        )

    def _rows(self, of: Mapping[str, Mapping[str, Value]]) -> str | None:
        return compact(sorted(of.values(), key=_by_number)) if of else None

    def _take_in(self, new: str | None, changed: str | None, seen: str | None) -> Unit[Taken]:
        common: dict[str, Value] = {"of_backend": self.backend, "now": self.now, "listed": self.listed_at}
        places: dict[str, int] = {}
        written: set[str] = set()
        if new is not None:
            rows = yield ADD_MANY, {**common, "rows": new}
            places.update({text(row, "number"): FIRST for row in rows})
        if changed is not None:
            rows = yield CHANGED_MANY, {**common, "rows": changed}
            places.update({text(row, "number"): number(row, "event_seq") for row in rows})
        written.update(places)
        told = [one for one in places if self._changes[one].now]
        if told:
            yield (
                TELL_MANY,
                {**common, "source": self.source, "rows": compact([self._event(one, places) for one in told])},
            )
        if seen is not None:
            rows = yield SEEN_MANY, {**common, "rows": seen, "ahead": self.now + CLOCKS_APART}
            written.update(text(row, "number") for row in rows)
        left = [one for number_is, one in self._shown.items() if number_is not in written]
        return Taken(changes=[self._changes[one] for one in told], left=left)

    def _event(self, number_is: str, places: Mapping[str, int]) -> dict[str, Value]:
        change = self._changes[number_is]
        data = compact({"was": change.was, "now": change.now})
        return {"number": number_is, "seq": places[number_is], "type": CHANGED, "data": data}


def _says(row: Row, seen: Observation, etag: str) -> bool:
    """Whether the row says what the observation says."""
    same = text_or_none(row, "etag") == etag and text_or_none(row, "code") == seen.code
    return same and number_or_none(row, "missing_since") is None


def _by_number(one: Mapping[str, Value]) -> str:
    return str(one["number"])


def _refreshed(params: Mapping[str, Value]) -> Unit[set[str]]:
    rows = yield REFRESH, params
    return {text(row, "number") for row in rows}


def _found(params: Mapping[str, Value]) -> Unit[Mapping[str, Row | None]]:
    rows = yield BESIDE, params
    return {text(row, "named"): None if row["number"] is None else row for row in rows}
