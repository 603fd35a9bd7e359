"""The statements by which a whole list's orders are taken in, many at once.

No order that somebody is at work on is waited for (SKIP LOCKED), and none that has changed since it was looked at is written:
whoever calls them asks which were left, and takes those one by one. What is written stands in the list from then on if it has a
mark; so nothing is written by a round that is another gateway's meanwhile, whose list may not name the order.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.ledger.json_rows import BIG, TEXT, Member, given
from app.ledger.order_sql import LAST_LISTED, OBSERVED, changed
from app.ledger.rounds import OURS
from app.ledger.sql import Sql
from app.ledger.tables import EVENT, ORDER, ORDER_COLUMNS, POLL_ROUND, SHOWN_AT, STANDS

_of_backend = ORDER.c.backend == bindparam("of_backend")
_listed_at = func.coalesce(bindparam("listed", type_=BIG), ORDER.c.listed_at)
_NUMBERS = frozenset({"code_since", "late", "target_at", "observed_at"})
_observed: dict[str, Member] = {name: BIG if name in _NUMBERS else TEXT for name in OBSERVED}


def _free(rows: CTE, *wanted: ColumnElement[bool]) -> CTE:
    """Those of `rows` whose orders are as is wanted and nobody's at the moment; they are ours until the transaction ends."""
    return (
        select(rows)
        .where(_of_backend, ORDER.c.number == rows.c.number, *wanted, _turn_is_ours)
        .order_by(rows.c.number)
        .with_for_update(of=ORDER, skip_locked=True)
        .cte("free")
    )


_turn_is_ours = exists(select(POLL_ROUND.c.rounds).where(OURS))


def _newer(at: ColumnElement[int]) -> ColumnElement[bool]:
    return or_(ORDER.c.observed_at.is_(None), ORDER.c.observed_at < at, ORDER.c.observed_at > bindparam("ahead"))


_named = given(number=TEXT)
BESIDE = Sql(
    select(_named.c.number.label("named"), *ORDER_COLUMNS).select_from(
        _named.outerjoin(ORDER, and_(_of_backend, ORDER.c.number == _named.c.number))
    )
)
"""Orders beside their rows; all null for an order without one."""

_as_marked = and_(
    ORDER.c.marked_version == ORDER.c.version,
    ORDER.c.missing_since.is_(None),
    ORDER.c.observed_at <= bindparam("ahead"),
)
STANDING = Sql(
    select(ORDER.c.number, case((_as_marked, ORDER.c.mark)).label("mark"))
    .where(_of_backend, STANDS, ORDER.c.number > bindparam("after"))
    .order_by(ORDER.c.number)
    .limit(bindparam("most"))
)
"""Orders that stand in the list as far as it was last known; the mark of those whose rows say what they said then."""

_gone = given(number=TEXT)
_leaving = (
    select(_gone)
    .where(_of_backend, ORDER.c.number == _gone.c.number, STANDS, _turn_is_ours)
    .order_by(_gone.c.number)
    .with_for_update(of=ORDER)
    .cte("leaving")
)
LEAVE = Sql(
    update(ORDER)
    .where(_of_backend, ORDER.c.number == _leaving.c.number, STANDS)
    .values(
        stands=0,
        observed_at=case((ORDER.c.observed_at < SHOWN_AT, SHOWN_AT), else_=ORDER.c.observed_at),
        listed_at=LAST_LISTED,
    )
    .returning(ORDER.c.number)
)
"""Orders that the list does not name any more keep the times at which it last did."""

_seen = given(number=TEXT, version=BIG, at=BIG, mark=TEXT)
_as_seen = _free(_seen, ORDER.c.version == _seen.c.version)
SEEN_MANY = Sql(
    update(ORDER)
    .where(_of_backend, ORDER.c.number == _as_seen.c.number, ORDER.c.version == _as_seen.c.version)
    .values(
        observed_at=case((_newer(_as_seen.c.at), _as_seen.c.at), else_=ORDER.c.observed_at),
        listed_at=_listed_at,
        mark=func.coalesce(_as_seen.c.mark, ORDER.c.mark),
        marked_version=case((_as_seen.c.mark.is_not(None), ORDER.c.version), else_=ORDER.c.marked_version),
        stands=case((_as_seen.c.mark.is_not(None), 1), else_=ORDER.c.stands),
    )
    .returning(ORDER.c.number)
)

_changed = given(number=TEXT, version=BIG, mark=TEXT, tells=BIG, ends=BIG, **_observed)
_as_changed = _free(_changed, ORDER.c.version == _changed.c.version)
CHANGED_MANY = Sql(
    update(ORDER)
    .where(_of_backend, ORDER.c.number == _as_changed.c.number, ORDER.c.version == _as_changed.c.version)
    .values(
        {
            **changed(
                {name: _as_changed.c[name] for name in OBSERVED}, ends=_as_changed.c.ends, tells=_as_changed.c.tells
            ),
            "mark": _as_changed.c.mark,
            "marked_version": ORDER.c.version + 1,
            "stands": case((_as_changed.c.mark.is_not(None), 1), else_=0),
        }
    )
    .returning(ORDER.c.number, ORDER.c.event_seq)
)
"""As `order_sql.CHANGED`, for many."""

_new = given(number=TEXT, mark=TEXT, **_observed)
_fresh: dict[str, ColumnElement[Any]] = {
    "backend": bindparam("of_backend", type_=TEXT),
    "number": _new.c.number,
    **{name: _new.c[name] for name in OBSERVED},
    "listed_at": bindparam("listed", type_=BIG),
    "changed_at": bindparam("now", type_=BIG),
    "mark": _new.c.mark,
    "marked_version": literal_column("1"),
    "stands": case((_new.c.mark.is_not(None), 1), else_=0),
    **{name: literal_column("1") for name in ("version", "event_seq")},
    **{
        name: literal_column("0")
        for name in ("confirmed_at", "last_seq", "open_count", "held", "recheck", "lease_until", "fence")
    },
}
ADD_MANY = Sql(
    insert_or(ORDER)
    .from_select(list(_fresh), select(*_fresh.values()).select_from(_new).where(_turn_is_ours))
    .on_conflict_do_nothing()
    .returning(ORDER.c.number)
)
"""Orders that have no row yet; those that another has just added stay as he has made them."""

_told = given(number=TEXT, seq=BIG, type=TEXT, data=TEXT)
_event: dict[str, ColumnElement[Any]] = {
    "at": bindparam("now", type_=BIG),
    "backend": bindparam("of_backend", type_=TEXT),
    "work_order": _told.c.number,
    "seq": _told.c.seq,
    "type": _told.c.type,
    "source": bindparam("source", type_=TEXT),
    "data": _told.c.data,
}
TELL_MANY = Sql(insert(EVENT).from_select(list(_event), select(*_event.values()).select_from(_told)))
