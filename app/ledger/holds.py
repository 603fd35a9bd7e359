"""Holds: found and listed, and asked about once more; `resolving` closes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, null, or_, select, union_all, update

from app.domain.holds import Cause, Hold
from app.domain.operations import Operation, State
from app.ledger.granted import granted_values, on_granted
from app.ledger.lanes import FENCED, lane_of
from app.ledger.planners import Beside
from app.ledger.records import Claim
from app.ledger.rows import hold as hold_of
from app.ledger.sql import Now, Sql, Unit, Value
from app.ledger.tables import HOLD, OPERATION, ORDER

FIND = Sql(select(HOLD).where(HOLD.c.id == bindparam("of_id")))
OPEN_OF = Sql(select(HOLD).where(HOLD.c.operation_id == bindparam("of_operation"), HOLD.c.closed_at.is_(None)))
LOOK_AGAIN = Sql(
    update(ORDER)
    .where(
        ORDER.c.backend == bindparam("of_backend"),
        ORDER.c.number == bindparam("of_number"),
        ORDER.c.lease_until <= Now(),
        or_(
            ORDER.c.blocked_by == bindparam("of_operation"),
            ORDER.c.blocked_by
            == select(HOLD.c.id)
            .where(
                HOLD.c.operation_id == bindparam("of_operation"),
                HOLD.c.closed_at.is_(None),
                or_(*[HOLD.c.cause == cause.value for cause in (Cause.outcome_unknown, Cause.side_effect)]),
            )
            .scalar_subquery(),
        ),
        or_(ORDER.c.ready_at.is_(None), ORDER.c.ready_at > Now()),
    )
    .values(held=0, ready_at=bindparam("now"), version=ORDER.c.version + 1)
    .returning(ORDER.c.number)
)
REST = Sql(
    update(ORDER)
    .where(FENCED, ORDER.c.blocked_by.is_not(None))
    .values(held=1, ready_at=null(), lease_owner=null(), lease_until=0, version=ORDER.c.version + 1)
    .returning(ORDER.c.number)
)
REMEMBER = Sql(
    update(OPERATION)
    .where(
        OPERATION.c.backend == bindparam("of_backend"),
        OPERATION.c.work_order == bindparam("of_number"),
        OPERATION.c.finished_at.is_(None),
        OPERATION.c.state == State.held.value,
    )
    .values(probe_evidence=bindparam("shown"))
)


def find(hold_id: str) -> Unit[Hold | None]:
    """A hold by its id, whoever's it is; the API uses `find_mine`."""
    rows = yield FIND, {"of_id": hold_id}
    return hold_of(rows[0]) if rows else None


def find_mine(hold_id: str, *, tenant: str, backends: frozenset[str]) -> Unit[Hold | None]:
    """A hold of this tenant, or of none, on one of these backends; any other is as if it did not exist."""
    found = yield from find(hold_id)
    mine = found is not None and found.backend in backends and found.tenant in (tenant, None)
    return found if mine else None


def open_hold_of(operation_id: str) -> Unit[Hold | None]:
    """The open hold that this operation is the cause of."""
    rows = yield OPEN_OF, {"of_operation": operation_id}
    return hold_of(rows[0]) if rows else None


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldFilter:
    """What a tenant's list of holds is narrowed to."""

    tenant: str
    backends: frozenset[str]
    open: bool | None = None
    work_order: str | None = None
    before: str | None = None
    """The id of the last hold of the page before; the newest come first."""


@lru_cache(maxsize=32)
def _list_statement(*, backends: int, open_: bool | None, work_order: bool, before: bool) -> Sql:
    tenant: ColumnElement[str | None] = Beside(HOLD.c.tenant) if work_order else HOLD.c.tenant
    mine, nobodys = tenant == bindparam("of_tenant"), tenant.is_(None)
    wanted = [on_granted(HOLD.c.backend, count=backends)]
    if open_ is not None:
        wanted.append(HOLD.c.closed_at.is_(None) if open_ else HOLD.c.closed_at.is_not(None))
    if work_order:
        wanted.append(HOLD.c.work_order == bindparam("of_order"))
    if before:
        wanted.append(HOLD.c.id < bindparam("before"))
    if open_ or work_order:  # those are few
        return Sql(_page(or_(mine, nobodys), *wanted))
    pages = [select(_page(whose, *wanted).subquery()) for whose in (mine, nobodys)]
    both = union_all(*pages)
    return Sql(both.order_by(both.selected_columns.id.desc()).limit(bindparam("most")))


def _page(*wanted: ColumnElement[bool]) -> Select[Any]:
    return select(HOLD).where(*wanted).order_by(HOLD.c.id.desc()).limit(bindparam("most"))


def list_holds(narrowed: HoldFilter, *, most: int) -> Unit[list[Hold]]:
    """A tenant's holds on these backends, the newest first."""
    if not narrowed.backends:
        return []
    values: dict[str, Value] = {"of_tenant": narrowed.tenant, "most": most, **granted_values(narrowed.backends)}
    if narrowed.work_order is not None:
        values["of_order"] = narrowed.work_order
    if narrowed.before is not None:
        values["before"] = narrowed.before
    statement = _list_statement(
        backends=len(narrowed.backends),
        open_=narrowed.open,
        work_order=narrowed.work_order is not None,
        before=narrowed.before is not None,
    )
    rows = yield statement, values
    return [hold_of(row) for row in rows]


def look_again(of: Operation, *, now: int) -> Unit[bool]:
    """Have the vendor asked about this unresolved operation now; whether nobody is at it already."""
    rows = yield (
        LOOK_AGAIN,
        {"of_backend": of.backend, "of_number": of.work_order, "of_operation": of.id, "now": now},
    )
    return bool(rows)


def rest(of: Claim, *, shown: str | None = None) -> Unit[None]:
    """The question is answered by nothing that we can read: the queue waits for a person again. `shown` is what the next one
    who asks has to know."""
    rows = yield REST, lane_of(of)
    if rows and shown is not None:
        yield REMEMBER, {"of_backend": of.backend, "of_number": of.number, "shown": shown}
