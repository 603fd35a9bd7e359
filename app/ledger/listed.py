"""Take in what a vendor's list says of many orders. Of what has not changed nothing is written: it stands in the list still.

What differs is compared with the orders' rows outside of any transaction, and written only where the row still is as it was
compared. An order of which the list says something that is not plain (it had ended, or a write of ours was confirmed since), or
that somebody is at work on, is left for `orders.observe`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.glimpses import Glimpse, Listed, read
from app.domain.times import CLOCKS_APART, to_micros
from app.domain.work_orders import Observation
from app.ledger.accept import new_order
from app.ledger.comparing import change_of, is_later, is_news, values_of, was_forgotten
from app.ledger.contradictions import differs_from_its_end
from app.ledger.listed_sql import ADD_MANY, BESIDE, CHANGED_MANY, LEAVE, SEEN_MANY, STANDING, TELL_MANY
from app.ledger.order_sql import OBSERVED
from app.ledger.orders import etag_of
from app.ledger.records import Change
from app.ledger.rounds import Turn, ours
from app.ledger.rows import compact, number, number_or_none, text, text_or_none
from app.ledger.sql import Row, Unit, Value

_BLANK = new_order("", "", now=0)
"""What a new order is compared with."""
CHANGED = "work_order.changed"
FIRST = 1
"""The version of a new order's row, and the place of its first event."""


def standing(backend: str, *, after: str, most: int, now: int) -> Unit[Mapping[str, str | None]]:
    """Orders that stand in the list as we last knew it, by their numbers, beginning after one; with the mark of each whose row
    says what the list said then."""
    rows = yield STANDING, {"of_backend": backend, "after": after, "most": most, "ahead": now + CLOCKS_APART}
    return {text(row, "number"): text_or_none(row, "mark") for row in rows}


def leave(turn: Turn, numbers: Sequence[str]) -> Unit[None]:
    """Orders that the list names no more. Must be written before the list is `rounds.showed`: they are not as fresh as that."""
    yield LEAVE, {**ours(turn), "rows": compact([{"number": one} for one in sorted(numbers)])}


def beside(backend: str, numbers: Sequence[str]) -> Unit[Mapping[str, Row | None]]:
    """The rows that orders have now, by their numbers; None for an order without one."""
    rows = compact([{"number": one} for one in numbers])
    return _found({"of_backend": backend, "rows": rows})


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What one unit has written: what is told of it, and the orders."""

    changes: Sequence[Change]
    numbers: frozenset[str]


@dataclass(kw_only=True, slots=True)
class Differing:
    """Orders of a list beside the rows that they had. Each is compared by `add`; the units of `writes` write them all.

    `turn` is the round of polling, `ended` are the codes with which an order has ended.
    """

    turn: Turn
    source: str
    now: int
    ended: frozenset[str]
    _new: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    _changed: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    _seen: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    _changes: dict[str, Change] = field(default_factory=dict)
    _shown: dict[str, Listed] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._shown)

    def add(self, one: Listed, row: Row | None) -> bool:
        """Compare an order with its row; False for one that cannot be read."""
        if isinstance(one, Glimpse) and row is not None and _is_marked(row, one.mark):
            self._shown[one.number] = one
            self._sees(row, one.number, one.as_of, one.mark)
            return True
        seen = read(one)
        if seen is None:
            return False
        number_is, etag = seen.key.number, etag_of(seen)
        if row is None:
            self._new[number_is] = self._differs(_BLANK, seen, etag)
        elif not is_news(row, seen, etag, now=self.now, ended=self.ended):
            if not was_forgotten(row, seen, now=self.now):
                self._sees(row, number_is, seen.as_of, seen.mark if _says(row, seen, etag) else None)
        elif self._is_plain(row, seen):
            more = {"version": number(row, "version"), "ends": int(seen.code in self.ended)}
            values = self._differs(row, seen, etag)
            self._changed[number_is] = {**values, **more, "tells": int(bool(self._changes[number_is].now))}
        self._shown[number_is] = seen
        return True

    def writes(self) -> list[Unit[Taken]]:
        """Units that write them, each order only if its row is as it was compared.

        The new, the changed and the others apart: no row is locked for longer than it takes to write what is like it.
        """
        return [
            unit({**self._common, "rows": compact(sorted(of.values(), key=_by_number))})
            for unit, of in ((self._add, self._new), (self._change, self._changed), (self._see, self._seen))
            if of
        ]

    def left(self, written: Sequence[Taken]) -> list[Observation]:
        """Orders that no unit has written: they have to be taken in one by one."""
        numbers = frozenset[str]().union(*[taken.numbers for taken in written])
        left = [read(one) for number_is, one in self._shown.items() if number_is not in numbers]
        return [seen for seen in left if seen is not None]

    @property
    def _common(self) -> Mapping[str, Value]:
        return {**ours(self.turn), "now": self.now, "listed": self.turn.started_at}

    def _sees(self, row: Row, number_is: str, as_of: datetime, mark: str | None) -> None:
        at = to_micros(as_of)
        self._seen[number_is] = {"number": number_is, "version": number(row, "version"), "at": at, "mark": mark}

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

    def _add(self, params: Mapping[str, Value]) -> Unit[Taken]:
        rows = yield ADD_MANY, params
        return (yield from self._tell({text(row, "number"): FIRST for row in rows}))

    def _change(self, params: Mapping[str, Value]) -> Unit[Taken]:
        rows = yield CHANGED_MANY, params
        return (yield from self._tell({text(row, "number"): number(row, "event_seq") for row in rows}))

    def _see(self, params: Mapping[str, Value]) -> Unit[Taken]:
        rows = yield SEEN_MANY, {**params, "ahead": self.now + CLOCKS_APART}
        return Taken(changes=[], numbers=frozenset([text(row, "number") for row in rows]))

    def _tell(self, places: Mapping[str, int]) -> Unit[Taken]:
        told = [one for one in places if self._changes[one].now]
        if told:
            rows = compact([self._event(one, places) for one in told])
            yield TELL_MANY, {**self._common, "source": self.source, "rows": rows}
        return Taken(changes=[self._changes[one] for one in told], numbers=frozenset(places))

    def _event(self, number_is: str, places: Mapping[str, int]) -> Mapping[str, Value]:
        change = self._changes[number_is]
        data = compact({"was": change.was, "now": change.now})
        return {"number": number_is, "seq": places[number_is], "type": CHANGED, "data": data}


def _is_marked(row: Row, mark: str) -> bool:
    """Whether the row says what it said when it had the mark, and that is this one."""
    as_it_was = number_or_none(row, "marked_version") == number(row, "version")
    return as_it_was and text_or_none(row, "mark") == mark and number_or_none(row, "missing_since") is None


def _says(row: Row, seen: Observation, etag: str) -> bool:
    """Whether the row says what the observation says."""
    same = text_or_none(row, "etag") == etag and text_or_none(row, "code") == seen.code
    return same and number_or_none(row, "missing_since") is None


def _by_number(one: Mapping[str, Value]) -> str:
    return str(one["number"])


def _found(params: Mapping[str, Value]) -> Unit[Mapping[str, Row | None]]:
    rows = yield BESIDE, params
    return {text(row, "named"): None if row["number"] is None else row for row in rows}
