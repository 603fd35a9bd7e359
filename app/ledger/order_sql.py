"""The statements by which an observation is written to an order's row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    union_all,
    update,
)

from app.ledger.sql import Sql
from app.ledger.tables import ORDER, ORDERS, SHOWN_AT, SHOWN_ROUND, STANDS

_of_backend = ORDER.c.backend == bindparam("of_backend")
FIND_ANY_NAME = Sql(
    union_all(
        ORDERS.where(_of_backend, ORDER.c.number == bindparam("name")),
        ORDERS.where(_of_backend, ORDER.c.reference == bindparam("name"), ORDER.c.number != bindparam("name")),
    )
)
"""Two looks into an index: for an `or` SQLite reads every order of the backend."""
_newer = or_(ORDER.c.observed_at < bindparam("at"), ORDER.c.observed_at > bindparam("ahead"))
_listed = bindparam("listed", type_=BigInteger)
LAST_LISTED = case(
    (and_(STANDS, func.coalesce(ORDER.c.listed_at, 0) < SHOWN_ROUND), SHOWN_ROUND), else_=ORDER.c.listed_at
)
"""When the round began whose list last named the order, for a row that does not stand in the list any more."""
_listed_ahead = and_(STANDS, func.coalesce(SHOWN_AT, 0) > bindparam("ahead"))
SEEN = Sql(
    update(ORDER)
    .where(
        ORDER.c.backend == bindparam("of_backend"),
        ORDER.c.number == bindparam("of_number"),
        ORDER.c.version == bindparam("compared"),
        or_(_newer, _listed.is_not(None)),
    )
    .values(
        observed_at=case((_newer, bindparam("at")), else_=ORDER.c.observed_at),
        listed_at=func.coalesce(_listed, case((_listed_ahead, LAST_LISTED), else_=ORDER.c.listed_at)),
        stands=case((_listed_ahead, 0), else_=ORDER.c.stands),
    )
    .returning(ORDER.c.number)
)
"""The order was seen, and is as its row was when they were compared: a row that says something else by now was not seen so.

Where the list in which the order stands is dated ahead of the clock, the order is as fresh as this observation again."""
_now = bindparam("now", type_=BigInteger)
OBSERVED = (
    "reference",
    "vendor_ids",
    "fields",
    "etag",
    "code",
    "code_since",
    "code_operation",
    "code_tenant",
    "late",
    "target_at",
    "observed_at",
)
"""What an observation says of an order, by the names of its columns."""


def changed(
    shown: Mapping[str, ColumnElement[Any]], *, ends: ColumnElement[int], tells: ColumnElement[int]
) -> dict[str, ColumnElement[Any]]:
    """An order's columns after an observation that was news. It `ends` the order, it `tells` something: 1 or 0.

    What is queued for an order that has ended need not wait for its time: it ends with the order. It stands in the list no
    more: the row does not say what the list said, and is as fresh as this observation until a list is compared with it.
    """
    waits = and_(ends == 1, ORDER.c.held == 0, ORDER.c.blocked_by.is_(None), ORDER.c.ready_at > _now)
    return {
        **shown,
        "listed_at": func.coalesce(_listed, LAST_LISTED),
        "stands": literal_column("0"),
        "missing_since": null(),
        "ready_at": case((waits, _now), else_=ORDER.c.ready_at),
        "version": ORDER.c.version + 1,
        "changed_at": case((tells == 1, _now), else_=ORDER.c.changed_at),
        "event_seq": case((tells == 1, ORDER.c.event_seq + 1), else_=ORDER.c.event_seq),
    }


CHANGED = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(
        changed(
            {name: bindparam("new_" + name) for name in OBSERVED},
            ends=bindparam("ends", type_=Integer),
            tells=bindparam("tells", type_=Integer),
        )
    )
    .returning(ORDER.c.event_seq)
)

FORGET = Sql(
    update(ORDER)
    .where(
        ORDER.c.backend == bindparam("of_backend"),
        ORDER.c.number == bindparam("of_number"),
        ORDER.c.observed_at.is_not(None),
    )
    .values(
        {
            **dict.fromkeys(
                (
                    "reference",
                    "etag",
                    "code",
                    "code_since",
                    "code_operation",
                    "code_tenant",
                    "target_at",
                    "observed_at",
                    "listed_at",
                    "missing_since",
                ),
                null(),
            ),
            "vendor_ids": "{}",
            "fields": "{}",
            "late": 0,
            "stands": 0,
            "confirmed_at": bindparam("now"),
            "version": ORDER.c.version + 1,
            "changed_at": bindparam("now"),
            "event_seq": ORDER.c.event_seq + 1,
        }
    )
    .returning(ORDER.c.event_seq)
)
