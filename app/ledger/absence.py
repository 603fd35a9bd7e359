"""Orders that the vendor should show and may show no more: which to read by themselves, and one that is not there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, bindparam, func, not_, or_, select, union_all, update

from app.domain.json import JsonObject
from app.domain.times import CLOCKS_APART, SECOND, ahead, rfc3339_micros
from app.ledger.accept import LOCK_ORDER
from app.ledger.events import ADD_EVENT, order_event
from app.ledger.rows import SEEN_AT, number, number_or_none, seen_at, text, text_or_none
from app.ledger.sql import Row, Sql, Unit, Value
from app.ledger.tables import ORDER, POLL_ROUND, STANDS

JUST_SEEN = 3 * SECOND
"""An order that was shown or written so lately need not show everywhere in the vendor's system yet."""
MISSES = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(
        missing_since=bindparam("since"),
        version=ORDER.c.version + 1,
        changed_at=bindparam("now"),
        event_seq=ORDER.c.event_seq + 1,
    )
    .returning(ORDER.c.event_seq)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unseen:
    """An order that is open as far as we know, and that nobody has looked at since."""

    number: str
    missing: bool
    """The vendor has already said that it has none."""


def unseen(backend: str, *, since: int, now: int, ended: frozenset[str], listed: bool, most: int) -> Unit[list[Unseen]]:
    """Open orders not seen since the round of polling that began at `since`, those seen longest ago first.

    `listed`: and that its list did not name. Those that are known to be missing come last.
    """
    rows = yield CODES, {"of_backend": backend}
    codes = [code for code in (text(row, "code") for row in rows) if code not in ended]
    values: dict[str, Value] = {"of_backend": backend, "since": since, "ahead": now + CLOCKS_APART, "most": most}
    values.update({f"code_{n}": code for n, code in enumerate(codes)})
    rows = yield _unseen_statement(len(codes), listed=listed), values
    return [
        Unseen(number=text(row, "number"), missing=number_or_none(row, "missing_since") is not None) for row in rows
    ]


_of_backend = ORDER.c.backend == bindparam("of_backend")
_lowest = select(func.min(ORDER.c.code).label("code")).where(_of_backend).cte("codes", recursive=True)
_next = select(func.min(ORDER.c.code)).where(_of_backend, ORDER.c.code > _lowest.c.code).scalar_subquery()
_codes = _lowest.union_all(select(_next).where(_lowest.c.code.is_not(None)))
CODES = Sql(select(_codes.c.code).where(_codes.c.code.is_not(None)))
"""The codes that orders of a backend have, one by one from the index: the many orders that have ended are passed over."""


_last_shown, _last_round = [
    func.coalesce(select(column).where(POLL_ROUND.c.backend == bindparam("of_backend")).scalar_subquery(), 0)
    for column in (POLL_ROUND.c.shown_at, POLL_ROUND.c.shown_round)
]


def _not_since(at: ColumnElement[int]) -> ColumnElement[bool]:
    return or_(at < bindparam("since"), at > bindparam("ahead"))


@lru_cache(maxsize=64)
def _unseen_statement(codes: int, *, listed: bool) -> Sql:
    wanted = [_of_backend, _not_since(ORDER.c.observed_at), or_(not_(STANDS), _not_since(_last_shown))]
    if listed:
        wanted.append(or_(ORDER.c.listed_at.is_(None), _not_since(ORDER.c.listed_at)))
        wanted.append(or_(not_(STANDS), _not_since(_last_round)))
    columns = (ORDER.c.number, ORDER.c.missing_since, ORDER.c.observed_at)
    at_code = [ORDER.c.code.is_(None), *[ORDER.c.code == bindparam(f"code_{n}") for n in range(codes)]]
    found = union_all(*[select(*columns).where(and_(*wanted, one)) for one in at_code]).subquery()
    order = (found.c.missing_since.is_not(None), found.c.observed_at, found.c.number)
    return Sql(select(found.c.number, found.c.missing_since).order_by(*order).limit(bindparam("most")))


def not_shown(
    backend: str, number_is: str, *, asked_at: int, now: int, ended: frozenset[str], source: str
) -> Unit[bool]:
    """The vendor was asked for the order and has none: an event, once until it is shown again, and nothing else.

    It says nothing of an order that was seen or written just before or since, that a write of ours is about to change or
    remove, that has ended, or that we have removed. True if it was news.
    """
    rows = yield LOCK_ORDER, {"backend": backend, "number": number_is}
    if not rows or not _is_news(rows[0], asked_at=asked_at, now=now, ended=ended):
        return False
    row = rows[0]
    told = yield MISSES, {"of_backend": backend, "of_number": number_is, "since": asked_at, "now": now}
    data: JsonObject = {
        "code": text_or_none(row, "code"),
        "last_seen_at": rfc3339_micros(seen_at(row)),
    }
    seq = number(told[0], "event_seq")
    event = order_event(
        "work_order.missing", backend=backend, order=number_is, seq=seq, at=now, source=source, data=data
    )
    yield ADD_EVENT, event
    return True


def _is_news(row: Row, *, asked_at: int, now: int, ended: frozenset[str]) -> bool:
    if (
        number_or_none(row, "observed_at") is None
        or number_or_none(row, "missing_since") is not None
        or text_or_none(row, "code") in ended
        or ahead(asked_at, now=now)  # the clock was set back since: a write of ours may have come in between
    ):
        return False
    at_work = number(row, "open_count") > 0 and not number(row, "held")
    times = [number_or_none(row, name) for name in (*SEEN_AT, "confirmed_at")]
    lately = [at for at in times if at is not None and not ahead(at, now=now)]
    return not at_work and all(at + JUST_SEEN <= asked_at for at in lately)
