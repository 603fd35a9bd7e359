"""The statements by which a whole list's orders are taken in, many at once.

No order that somebody is at work on is waited for (SKIP LOCKED), and none that has changed since it was looked at is written:
whoever calls them asks which were left, and takes those one by one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.ledger.json_rows import BIG, TEXT, Member, given
from app.ledger.order_sql import OBSERVED, changed
from app.ledger.sql import Sql
from app.ledger.tables import EVENT, ORDER

_of_backend = ORDER.c.backend == bindparam("of_backend")
_listed_at = func.coalesce(bindparam("listed", type_=BIG), ORDER.c.listed_at)
_NUMBERS = frozenset({"code_since", "late", "target_at", "observed_at"})
_observed: dict[str, Member] = {name: BIG if name in _NUMBERS else TEXT for name in OBSERVED}


def _free(rows: CTE, *wanted: ColumnElement[bool]) -> CTE:
    """Those of `rows` whose orders are as is wanted and nobody's at the moment; they are ours until the transaction ends."""
    return (
        select(rows)
        .where(_of_backend, ORDER.c.number == rows.c.number, *wanted)
        .order_by(rows.c.number)
        .with_for_update(of=ORDER, skip_locked=True)
        .cte("free")
    )


def _newer(at: ColumnElement[int]) -> ColumnElement[bool]:
    return or_(ORDER.c.observed_at.is_(None), ORDER.c.observed_at < at, ORDER.c.observed_at > bindparam("ahead"))


_glimpsed = given(number=TEXT, mark=TEXT, at=BIG)
_unchanged = and_(
    ORDER.c.marked_version == ORDER.c.version, ORDER.c.mark == _glimpsed.c.mark, ORDER.c.missing_since.is_(None)
)
_same = _free(_glimpsed, _unchanged)
REFRESH = Sql(
    update(ORDER)
    .where(
        _of_backend,
        ORDER.c.number == _same.c.number,
        ORDER.c.marked_version == ORDER.c.version,
        ORDER.c.mark == _same.c.mark,
        ORDER.c.missing_since.is_(None),
    )
    .values(
        observed_at=case((_newer(_same.c.at), _same.c.at), else_=ORDER.c.observed_at),
        listed_at=_listed_at,
    )
    .returning(ORDER.c.number)
)
"""Orders that are to the last member as they were when they were marked, and whose rows nobody has changed since."""

_named = given(number=TEXT)
BESIDE = Sql(
    select(_named.c.number.label("named"), ORDER).select_from(
        _named.outerjoin(ORDER, and_(_of_backend, ORDER.c.number == _named.c.number))
    )
)
"""Orders beside their rows; all null for an order without one."""

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
        }
    )
    .returning(ORDER.c.number, ORDER.c.event_seq)
)
"""As `order_sql.CHANGED`, for many."""

_new = given(number=TEXT, mark=TEXT, **_observed)
_always = literal_column("1") == 1
_fresh: dict[str, ColumnElement[Any]] = {
    "backend": bindparam("of_backend", type_=TEXT),
    "number": _new.c.number,
    **{name: _new.c[name] for name in OBSERVED},
    "listed_at": bindparam("listed", type_=BIG),
    "changed_at": bindparam("now", type_=BIG),
    "mark": _new.c.mark,
    "marked_version": literal_column("1"),
    **{name: literal_column("1") for name in ("version", "event_seq")},
    **{
        name: literal_column("0")
        for name in ("confirmed_at", "last_seq", "open_count", "held", "recheck", "lease_until", "fence")
    },
}
ADD_MANY = Sql(
    insert_or(ORDER)
    .from_select(list(_fresh), select(*_fresh.values()).select_from(_new).where(_always))
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
