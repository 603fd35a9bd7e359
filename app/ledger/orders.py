"""Orders as the ledger knows them: found by number or reference, listed, and brought up to date by observations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, select, tuple_, union_all

from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.times import CLOCKS_APART, ahead, to_micros
from app.domain.work_orders import Observation
from app.ledger.accept import ADD_ORDER, FIND_ORDER, LOCK_ORDER, new_order
from app.ledger.comparing import change_of, is_later, is_news, values_of, was_forgotten
from app.ledger.contradictions import Stance, differs_from_its_end, look_again, open_contradiction, stance
from app.ledger.events import ADD_EVENT, order_event
from app.ledger.order_sql import CHANGED, FIND_ANY_NAME, FORGET, SEEN
from app.ledger.records import Change, KnownOrder
from app.ledger.rows import compact, known_order, number, seen_at, text
from app.ledger.sql import Params, Row, Sql, Unit, Value
from app.ledger.tables import ORDER, ORDERS


def etag_of(seen: Observation) -> str:
    """A strong tag over the vendor's part of the order."""
    return hashlib.sha256(compact(seen.record).encode()).hexdigest()[:32]


def observe(
    backend: str,
    seen: Sequence[Observation],
    *,
    source: str,
    now: int,
    ended: frozenset[str] = frozenset(),
    listed_at: int | None = None,
) -> Unit[list[Change]]:
    """Take in what the vendor showed; each difference is an event with its source and the previous values.

    An observation older than the one we have changes nothing, and a code read before our own write was confirmed does not
    undo that write; but for times that lie ahead of the clock. `ended` are the codes with which an order has ended: one that
    is shown open again is held, not overwritten. `listed_at` is when the round of polling began whose list showed them.
    Orders are taken by number, so that two such units never wait for each other in a circle.
    """
    changes: list[Change] = []
    for one in sorted(seen, key=lambda each: each.key.number):
        change = yield from _take_in(backend, one, source=source, now=now, ended=ended, listed_at=listed_at)
        if change is not None:
            changes.append(change)
    return changes


def take_in(backend: str, seen: Observation, *, source: str, now: int, ended: frozenset[str]) -> Unit[KnownOrder]:
    """Take in one order, and give it as the ledger has it then; its `observation` is None if a delete of ours was quicker."""
    yield from observe(backend, [seen], source=source, now=now, ended=ended)
    (row,) = yield FIND_ORDER, {"backend": backend, "number": seen.key.number}
    return known_order(row)


def forget(backend: str, number_is: str, *, now: int) -> Unit[None]:
    """Our own delete has removed the order at the vendor: it is as one that was never seen, and its queue stays."""
    rows = yield FORGET, {"of_backend": backend, "of_number": number_is, "now": now}
    for row in rows:
        yield (
            ADD_EVENT,
            order_event(
                "work_order.deleted",
                backend=backend,
                order=number_is,
                seq=number(row, "event_seq"),
                at=now,
                source="delivery",
                data={},
            ),
        )


def forget_deleted(changed: Iterable[Operation], *, now: int) -> Unit[None]:
    """What moved on a person's word, at a vendor that removes what it deletes: of an applied delete the order is forgotten."""
    for one in changed:
        if one.kind is Kind.delete and one.state is State.applied:
            yield from forget(one.backend, one.work_order, now=now)


def _take_in(
    backend: str, seen: Observation, *, source: str, now: int, ended: frozenset[str], listed_at: int | None
) -> Unit[Change | None]:
    number_is, etag = seen.key.number, etag_of(seen)
    its: Params = {"backend": backend, "number": number_is}
    lane: Params = {"of_backend": backend, "of_number": number_is, "listed": listed_at}
    rows = yield FIND_ORDER, its
    if not rows:
        yield ADD_ORDER, new_order(backend, number_is, now=now)
    elif (yield from _says_nothing(rows[0], seen, etag, lane=lane, now=now, ended=ended)):
        return None
    (row,) = yield LOCK_ORDER, its  # a write of ours, or what another process has seen, may have come between
    if (yield from _says_nothing(row, seen, etag, lane=lane, now=now, ended=ended)):
        return None
    as_shown = Stance.takes
    if differs_from_its_end(row, seen, ended) and not is_later(row, "confirmed_at", seen, now=now):
        as_shown = yield from stance(row, seen, backend=backend)
    values = values_of(row, seen, etag, now=now, keeps_code=as_shown is not Stance.takes)
    change = change_of(row, seen, values)
    tells = {"now": now, "tells": int(bool(change.now)), "ends": int(values["new_code"] in ended)}
    updated = yield CHANGED, {**lane, **values, **tells}
    if change.now:
        event = order_event(
            "work_order.changed",
            backend=backend,
            order=number_is,
            seq=number(updated[0], "event_seq"),
            at=now,
            source=source,
            data={"was": change.was, "now": change.now},
        )
        yield ADD_EVENT, event
    if as_shown is Stance.contradicts:
        yield from open_contradiction(backend, row, seen, source=source, now=now)
    elif as_shown is Stance.keeps_for_now:
        yield from look_again(backend, number_is)
    return change if change.now else None


def _says_nothing(
    row: Row, seen: Observation, etag: str, *, lane: Params, now: int, ended: frozenset[str]
) -> Unit[bool]:
    """Whether the observation says nothing that the row does not; that the order was seen is written then.

    False too if the row, read without a lock, has changed since: they have to be compared anew.
    """
    if was_forgotten(row, seen, now=now):
        return True
    if is_news(row, seen, etag, now=now, ended=ended):
        return False
    at, observed = to_micros(seen.as_of), number(row, "observed_at")
    if ahead(at, now=now):  # the clock was set back meanwhile: what is not taken in was not seen either
        at = seen_at(row) or 0
    if lane["listed"] is None and observed >= at and not ahead(observed, now=now):
        return True
    compared = {"compared": number(row, "version"), "at": at, "ahead": now + CLOCKS_APART}
    return bool((yield SEEN, {**lane, **compared}))


def find(backend: str, name: str) -> Unit[KnownOrder | None]:
    """The order with this number or reference; a number wins over another order's reference."""
    rows = yield FIND_ANY_NAME, {"of_backend": backend, "name": name}
    exact = [row for row in rows if text(row, "number") == name]
    return known_order((exact or list(rows))[0]) if rows else None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderFilter:
    """What a list of orders is narrowed to. `codes` are vendor codes; None means any."""

    codes: tuple[str, ...] | None = None
    changed_since: int | None = None
    after: tuple[int, str] | None = None
    """The (changed_at, number) of the last order of the page before."""


@lru_cache(maxsize=64)
def _list_statement(codes: int | None, *, since: bool, after: bool) -> Sql:
    wanted: list[ColumnElement[bool]] = [ORDER.c.backend == bindparam("of_backend"), ORDER.c.observed_at.is_not(None)]
    if since:
        wanted.append(ORDER.c.changed_at >= bindparam("since"))
    if after:
        wanted.append(
            tuple_(ORDER.c.changed_at, ORDER.c.number) > tuple_(bindparam("after_at"), bindparam("after_number"))
        )
    if codes is None:
        return Sql(_page(ORDERS, *wanted))
    each = [_page(select(*_PLACE), *wanted, ORDER.c.code == bindparam(f"code_{n}")) for n in range(codes)]
    among = union_all(*[select(one.subquery()) for one in each])
    first = among.order_by(*among.selected_columns).limit(bindparam("most")).subquery()
    theirs = and_(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == first.c.number)
    return Sql(ORDERS.join(first, theirs).order_by(first.c.changed_at, first.c.number))


_PLACE = (ORDER.c.changed_at, ORDER.c.number)


def _page(rows: Select[Any], *wanted: ColumnElement[bool]) -> Select[Any]:
    return rows.where(and_(*wanted)).order_by(*_PLACE).limit(bindparam("most"))


def list_orders(backend: str, narrowed: OrderFilter, *, most: int) -> Unit[list[KnownOrder]]:
    """Known orders, those that changed longest ago first, so that a caller can go on from the last it has seen."""
    if narrowed.codes == ():
        return []
    values: dict[str, Value] = {"of_backend": backend, "most": most}
    for n, code in enumerate(narrowed.codes or ()):
        values[f"code_{n}"] = code
    if narrowed.changed_since is not None:
        values["since"] = narrowed.changed_since
    if narrowed.after is not None:
        values["after_at"], values["after_number"] = narrowed.after
    statement = _list_statement(
        None if narrowed.codes is None else len(narrowed.codes),
        since=narrowed.changed_since is not None,
        after=narrowed.after is not None,
    )
    rows = yield statement, values
    return [known_order(row) for row in rows]
