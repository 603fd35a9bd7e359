"""The story of one order, gathered from its operations, their attempts and its events, a page at a time."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    literal,
    or_,
    select,
    union_all,
)

from app.domain.operations import FINAL
from app.domain.ports import Kind
from app.domain.timeline import Begun, Ended, Entry, Place, Recorded, Requested
from app.ledger.feed import event
from app.ledger.planners import Beside
from app.ledger.rows import json_object, number, number_or_none, operation, text, text_or_none
from app.ledger.sql import Row, Sql, Unit, Value
from app.ledger.tables import ATTEMPT, EVENT, KEY, OPERATION

REQUEST, ATTEMPT_BEGUN, ATTEMPT_ENDED, EVENT_RECORDED = range(4)
"""What comes first of two things that happened at the same moment."""
BEGINNING = Place(at=-1, rank=-1, key="", n=0)


def _after(at: ColumnElement[int], key: ColumnElement[str], n: ColumnElement[int]) -> ColumnElement[bool]:
    """Beyond a place: `ties` says whether entries of its very moment are beyond it all (2), by key (1), or not (0)."""
    ties = bindparam("ties", type_=Integer)
    later = or_(
        key > bindparam("after_key", type_=Text),
        and_(key == bindparam("after_key", type_=Text), n > bindparam("after_n", type_=BigInteger)),
    )
    moment = bindparam("after_at", type_=BigInteger)
    return or_(at > moment, and_(at == moment, or_(ties == 2, and_(ties == 1, later))))


_none: ColumnElement[int] = literal(0, BigInteger)
_no_key: ColumnElement[str] = literal("", Text)
_of_order = and_(
    OPERATION.c.backend == bindparam("of_backend"),
    OPERATION.c.work_order == bindparam("of_number"),
    Beside(OPERATION.c.tenant) == bindparam("of_tenant"),
)
_its_key = and_(
    KEY.c.created_at == OPERATION.c.accepted_at,  # by the index that the clearing of old keys has
    KEY.c.client_id == OPERATION.c.client_id,
    KEY.c.operation_id == OPERATION.c.id,
)
_its_end = and_(OPERATION.c.id == EVENT.c.operation_id, OPERATION.c.tenant == bindparam("of_tenant"))
_its_queues = union_all(
    select(bindparam("of_number", type_=Text)),
    select(OPERATION.c.id).where(_of_order, OPERATION.c.kind == Kind.create.value),
)
"""A create is in a queue of its own until the vendor has numbered the order."""


def _page(statement: Select[tuple[object, ...]], *by: ColumnElement[object]) -> Sql:
    return Sql(statement.order_by(*by).limit(bindparam("most")))


REQUESTS = _page(
    select(*OPERATION.c, literal(None, Text).label("blocked_by"), KEY.c.key)
    .select_from(OPERATION.outerjoin(KEY, _its_key))
    .where(_of_order, _after(OPERATION.c.accepted_at, OPERATION.c.id, _none)),
    OPERATION.c.accepted_at,
    OPERATION.c.id,
)
_attempts = select(*ATTEMPT.c).select_from(ATTEMPT.join(OPERATION, OPERATION.c.id == ATTEMPT.c.operation_id))
BEGUN = _page(
    _attempts.where(_of_order, _after(ATTEMPT.c.started_at, ATTEMPT.c.operation_id, ATTEMPT.c.n)),
    ATTEMPT.c.started_at,
    ATTEMPT.c.operation_id,
    ATTEMPT.c.n,
)
ENDED = _page(
    _attempts.where(_of_order, _after(ATTEMPT.c.ended_at, ATTEMPT.c.operation_id, ATTEMPT.c.n)),
    ATTEMPT.c.ended_at,
    ATTEMPT.c.operation_id,
    ATTEMPT.c.n,
)
EVENTS = _page(
    select(*EVENT.c, OPERATION.c.state, OPERATION.c.answer_status, OPERATION.c.answer_body)
    .select_from(EVENT.outerjoin(OPERATION, _its_end))
    .where(
        EVENT.c.backend == bindparam("of_backend"),
        EVENT.c.work_order.in_(_its_queues),
        or_(EVENT.c.tenant.is_(None), EVENT.c.tenant == bindparam("of_tenant")),
        _after(EVENT.c.at, _no_key, EVENT.c.id),
    ),
    EVENT.c.at,
    EVENT.c.id,
)
SOURCES = {REQUEST: REQUESTS, ATTEMPT_BEGUN: BEGUN, ATTEMPT_ENDED: ENDED, EVENT_RECORDED: EVENTS}


def story(backend: str, number_is: str, *, tenant: str, after: Place = BEGINNING, most: int) -> Unit[list[Entry]]:
    """What happened to the order beyond a place, the oldest first: this tenant's writes, and what the vendor showed."""
    found: list[list[Entry]] = []
    for rank, statement in SOURCES.items():
        values: dict[str, Value] = {
            "of_backend": backend,
            "of_number": number_is,
            "of_tenant": tenant,
            "after_at": after.at,
            "after_key": after.key,
            "after_n": after.n,
            "ties": 2 if rank > after.rank else 1 if rank == after.rank else 0,
            "most": most,
        }
        rows = yield statement, values
        found.append([_entry(rank, row) for row in rows])
    return _merged(found)[:most]


def _merged(found: Sequence[list[Entry]]) -> list[Entry]:
    return list(heapq.merge(*found, key=lambda entry: entry.place))


def _entry(rank: int, row: Row) -> Entry:
    if rank == REQUEST:
        key = text_or_none(row, "key")
        asked = Requested(
            operation=operation(row), key_sha256=None if key is None else hashlib.sha256(key.encode()).hexdigest()
        )
        place = Place(at=asked.operation.accepted_at, rank=rank, key=asked.operation.id, n=0)
        return Entry(place=place, what=asked)
    if rank == EVENT_RECORDED:
        recorded = _recorded(row)
        return Entry(place=Place(at=recorded.event.at, rank=rank, key="", n=recorded.event.id), what=recorded)
    operation_id, n = text(row, "operation_id"), number(row, "n")
    if rank == ATTEMPT_BEGUN:
        begun = Begun(operation_id=operation_id, n=n, deadline_at=number(row, "deadline_at"))
        return Entry(place=Place(at=number(row, "started_at"), rank=rank, key=operation_id, n=n), what=begun)
    ended = Ended(
        operation_id=operation_id,
        n=n,
        outcome=text_or_none(row, "outcome"),
        detail=text_or_none(row, "detail"),
        vendor_code=text_or_none(row, "vendor_code"),
        vendor_message=text_or_none(row, "vendor_message"),
        vendor_status=number_or_none(row, "vendor_status"),
    )
    return Entry(place=Place(at=number(row, "ended_at"), rank=rank, key=operation_id, n=n), what=ended)


def _recorded(row: Row) -> Recorded:
    of = event(row)
    state = text_or_none(row, "state")
    ends = state in FINAL and of.type == f"operation.{state}"
    return Recorded(
        event=of,
        answer_status=number_or_none(row, "answer_status") if ends else None,
        answer=json_object(text_or_none(row, "answer_body")) if ends else None,
    )
