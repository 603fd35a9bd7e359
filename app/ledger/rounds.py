"""Whose turn it is to look at a backend's orders: one gateway's in each interval, however many share the database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, and_, bindparam, case, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.domain.times import CLOCKS_APART, ahead
from app.ledger.rows import number, text_or_none
from app.ledger.sql import Params, Sql, Unit
from app.ledger.tables import POLL_ROUND

ADD = Sql(insert_or(POLL_ROUND).on_conflict_do_nothing())
FIND = Sql(select(POLL_ROUND).where(POLL_ROUND.c.backend == bindparam("of_backend")))
_at_rest = POLL_ROUND.c.owner.is_(None)
_free = or_(
    _at_rest,
    POLL_ROUND.c.until <= bindparam("now"),
    POLL_ROUND.c.until > bindparam("ahead"),
    bindparam("alone") == 1,
)
_due = or_(
    POLL_ROUND.c.owner.is_not(None),  # begun, and neither ended nor going on: whoever did it is gone
    POLL_ROUND.c.started_at <= bindparam("before"),
    POLL_ROUND.c.started_at > bindparam("ahead"),
)
TAKE = Sql(
    update(POLL_ROUND)
    .where(POLL_ROUND.c.backend == bindparam("of_backend"), _free, _due)
    .values(
        owner=bindparam("me"),
        until=bindparam("until_then"),
        started_at=bindparam("now"),
        rounds=POLL_ROUND.c.rounds + 1,
    )
    .returning(POLL_ROUND.c.rounds)
)
_mine = and_(
    POLL_ROUND.c.backend == bindparam("of_backend"),
    POLL_ROUND.c.owner == bindparam("me"),
    POLL_ROUND.c.rounds == bindparam("of_round"),
)
GO_ON = Sql(update(POLL_ROUND).where(_mine).values(until=bindparam("until_then")).returning(POLL_ROUND.c.rounds))
END = Sql(
    update(POLL_ROUND)
    .where(_mine)
    .values(
        owner=null(),
        until=0,
        completed_at=func.coalesce(bindparam("completed", type_=BigInteger), POLL_ROUND.c.completed_at),
    )
)
OURS = and_(
    POLL_ROUND.c.backend == bindparam("of_backend"),
    POLL_ROUND.c.owner == bindparam("turn_of"),
    POLL_ROUND.c.rounds == bindparam("turn"),
)
"""The round is that of `ours` still, for statements that are not about rounds."""
_at = bindparam("at", type_=BigInteger)
_later = or_(POLL_ROUND.c.shown_at.is_(None), POLL_ROUND.c.shown_at < _at, POLL_ROUND.c.shown_at > bindparam("ahead"))
SHOWED = Sql(
    update(POLL_ROUND)
    .where(_mine)
    .values(shown_at=case((_later, _at), else_=POLL_ROUND.c.shown_at), shown_round=POLL_ROUND.c.started_at)
    .returning(POLL_ROUND.c.rounds)
)

NOBODY = ""
"""The row under the name that no backend can have: it is written to see whether anything can be."""
_pinged = insert_or(POLL_ROUND)
PING = Sql(
    _pinged.on_conflict_do_update(index_elements=[POLL_ROUND.c.backend], set_={"rounds": POLL_ROUND.c.rounds + 1})
)
_ZEROS = dict.fromkeys(("until", "started_at", "rounds"), 0)


def ping() -> Unit[None]:
    """A row that is really written, for whoever asks whether the database takes any."""
    yield PING, {**dict.fromkeys(column.name for column in POLL_ROUND.columns), **_ZEROS, "backend": NOBODY}


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A round that is ours: when it began, and the how many-eth it is."""

    backend: str
    owner: str
    started_at: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NotYet:
    """No turn of ours: the last round began then, and is under way until then at the latest (0: it is over)."""

    started_at: int
    until: int


def take(backend: str, *, owner: str, now: int, until: int, every: int, alone: bool) -> Unit[Turn | NotYet]:
    """Begin a round if the last began `every` ago, or was left unfinished. `alone`: no other process can be at work on one."""
    yield ADD, {**dict.fromkeys(column.name for column in POLL_ROUND.columns), **_ZEROS, "backend": backend}
    taken = yield (
        TAKE,
        {
            "of_backend": backend,
            "me": owner,
            "now": now,
            "until_then": until,
            "before": now - every,
            "ahead": now + CLOCKS_APART,
            "alone": int(alone),
        },
    )
    if taken:
        return Turn(backend=backend, owner=owner, started_at=now, count=number(taken[0], "rounds"))
    row = (yield FIND, {"of_backend": backend})[0]
    busy = text_or_none(row, "owner") is not None and not ahead(number(row, "until"), now=now)
    return NotYet(started_at=number(row, "started_at"), until=number(row, "until") if busy else 0)


def go_on(turn: Turn, *, until: int) -> Unit[bool]:
    """Say that the round is still under way; False when another gateway has begun one since."""
    rows = yield GO_ON, {"of_backend": turn.backend, "me": turn.owner, "of_round": turn.count, "until_then": until}
    return bool(rows)


def ours(turn: Turn) -> Params:
    """The parameters of `OURS`."""
    return {"of_backend": turn.backend, "turn_of": turn.owner, "turn": turn.count}


def showed(turn: Turn, *, at: int, now: int) -> Unit[bool]:
    """The vendor's list, asked for `at`, was taken in whole: all that stand in it are so fresh. False: the turn is lost."""
    mine: Params = {"of_backend": turn.backend, "me": turn.owner, "of_round": turn.count}
    return bool((yield SHOWED, {**mine, "at": at, "ahead": now + CLOCKS_APART}))


def end(turn: Turn, *, completed: int | None) -> Unit[None]:
    """The round is over: `completed` is when, if it saw every order."""
    yield END, {"of_backend": turn.backend, "me": turn.owner, "of_round": turn.count, "completed": completed}


def leave(turn: Turn) -> Unit[None]:
    """The gateway stops in mid-round: whoever is there may begin one at once."""
    yield GO_ON, {"of_backend": turn.backend, "me": turn.owner, "of_round": turn.count, "until_then": 0}
