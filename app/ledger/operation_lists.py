"""Lists of operations, the newest first, each found by the index that holds what was asked for, however much else there is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, Text, bindparam, func, literal_column, select, tuple_

from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.ledger.granted import granted_values, on_granted
from app.ledger.planners import Beside, Implied
from app.ledger.rows import number, operation, text
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import OPERATION, OPERATIONS

OFTEN = (State.applied, State.sending)
"""States that every write goes through; operations in any other have an index (`ix_operation_state`)."""
OPEN_BY_BACKEND = Sql(
    select(OPERATION.c.backend, func.count().label("n"))
    .where(OPERATION.c.finished_at.is_(None))
    .group_by(OPERATION.c.backend)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationFilter:
    """What a tenant's list of operations is narrowed to."""

    tenant: str
    backends: frozenset[str]
    """Those that the caller may use; operations on others are not shown."""
    state: State | None = None
    work_order: str | None = None
    kind: Kind | None = None
    before: str | None = None
    """The id of the last operation of the page before; the newest come first."""


def open_by_backend() -> Unit[dict[str, int]]:
    """How many operations are open on each backend that has any."""
    return {text(row, "backend"): number(row, "n") for row in (yield OPEN_BY_BACKEND, {})}


def list_operations(narrowed: OperationFilter, *, most: int) -> Unit[list[Operation]]:
    """A tenant's operations on these backends, the newest first."""
    if not narrowed.backends:
        return []
    values: dict[str, Value] = {"of_tenant": narrowed.tenant, "most": most, **granted_values(narrowed.backends)}
    if narrowed.work_order is not None:
        values["of_order"] = narrowed.work_order
    if narrowed.kind is not None:
        values["of_kind"] = narrowed.kind.value
    if narrowed.before is not None:
        values["before"] = narrowed.before
    statement = _list_statement(
        state=narrowed.state,
        backends=len(narrowed.backends),
        of_order=narrowed.work_order is not None,
        kind=narrowed.kind is not None,
        deep=narrowed.before is not None,
    )
    rows = yield statement, values
    return [operation(row) for row in rows]


def list_everyones(*, state: State | None, backend: str | None, most: int) -> Unit[list[Operation]]:
    """Operations of all tenants, the newest first: for an operator, never for the API."""
    of: dict[str, Value] = {} if backend is None else {"backend": backend}
    rows = yield _everyones_statement(state=state, backend=backend is not None), {**of, "most": most}
    return [operation(row) for row in rows]


_of_tenant = bindparam("of_tenant", type_=Text)
_before = bindparam("before", type_=Text)
_mine = OPERATION.c.tenant == _of_tenant


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """By which index a list is found: the conditions and the order that lead there, and what lies before a place."""

    conditions: tuple[ColumnElement[bool], ...]
    order: tuple[ColumnElement[str], ...]
    before: ColumnElement[bool]
    backend: ColumnElement[str]


def _few(*conditions: ColumnElement[bool], backend: ColumnElement[str]) -> _Way:
    """What is few, wherever it stands among the tenant's operations: it is sorted when it is found."""
    place = Beside(OPERATION.c.id)
    mine = Beside(OPERATION.c.tenant) == _of_tenant
    return _Way(conditions=(mine, *conditions), order=(place.desc(),), before=place < _before, backend=backend)


def _most(*conditions: ColumnElement[bool], deep: bool) -> _Way:
    """A tenant's operations as they came. It is asked for a range of tenants, of just this one.

    Asked for one tenant, PostgreSQL may go through everybody's instead, the newest first, however few are this tenant's.
    """
    tenant, place = OPERATION.c.tenant, OPERATION.c.id
    upto = () if deep else (tenant <= _of_tenant,)
    return _Way(
        conditions=(tenant >= _of_tenant, *upto, *conditions),
        order=(tenant.desc(), place.desc()),
        before=tuple_(tenant, place) < tuple_(_of_tenant, _before),
        backend=Beside(OPERATION.c.backend),
    )


def _seldom(state: State) -> _Way:
    """Those in a state that few are in, or not for long."""
    place = OPERATION.c.id
    return _Way(
        conditions=(_mine, *_in(state)), order=(place.desc(),), before=place < _before, backend=OPERATION.c.backend
    )


def _way(state: State | None, *, of_order: bool, deep: bool) -> _Way:
    is_so = () if state is None else _in(state)
    if of_order:
        its = OPERATION.c.work_order == bindparam("of_order")
        return _few(its, *is_so, backend=OPERATION.c.backend)
    if state is State.sending:
        return _few(*is_so, backend=Beside(OPERATION.c.backend))
    return _most(*is_so, deep=deep) if state in (None, State.applied) else _seldom(state)


def _in(state: State) -> tuple[ColumnElement[bool], ...]:
    """In this state; the words are part of the statement, as they are of the indexes of some states only."""
    is_so = OPERATION.c.state == _word(state)
    if state is State.applied:
        return (is_so,)
    if state is State.sending:
        return (is_so, OPERATION.c.finished_at.is_(None))
    return (is_so, *[Implied(OPERATION.c.state != _word(often)) for often in OFTEN])


def _word(state: State) -> ColumnElement[str]:
    return literal_column(f"'{state.value}'")


@lru_cache(maxsize=256)
def _list_statement(*, backends: int, state: State | None, of_order: bool, kind: bool, deep: bool) -> Sql:
    way = _way(state, of_order=of_order, deep=deep)
    wanted = [*way.conditions, on_granted(way.backend, count=backends)]
    if kind:
        wanted.append(OPERATION.c.kind == bindparam("of_kind"))
    if deep:
        wanted.append(way.before)
    return Sql(OPERATIONS.where(*wanted).order_by(*way.order).limit(bindparam("most")))


@lru_cache(maxsize=32)
def _everyones_statement(*, state: State | None, backend: bool) -> Sql:
    wanted = () if state is None else _in(state)
    if backend:
        wanted = (*wanted, OPERATION.c.backend == bindparam("backend"))
    place = OPERATION.c.id if state in (None, State.applied) else Beside(OPERATION.c.id)
    return Sql(OPERATIONS.where(*wanted).order_by(place.desc()).limit(bindparam("most")))
