"""Operations: read, listed, and resolved by a person when nothing else could tell what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, bindparam, literal_column, or_, select

from app.domain.errors import NotFound
from app.domain.holds import Action
from app.domain.operations import UNRESOLVED, Operation, State
from app.domain.ports import Kind
from app.ledger.accept import FIND_OPERATION
from app.ledger.holds import open_hold_of
from app.ledger.json_rows import ROWS, TEXT, given
from app.ledger.records import Claim, Ending, Settled, Settlement
from app.ledger.resolving import TAKE_FENCE, Word
from app.ledger.resolving import resolve as resolve_hold
from app.ledger.rows import compact, number, operation, text
from app.ledger.settle import settle
from app.ledger.sql import Beside, Sql, Unit, Value
from app.ledger.tables import OPERATION, OPERATIONS

OFTEN = (State.applied, State.sending)
"""States that every write goes through; operations in any other have an index (`ix_operation_state`)."""
FIND_MINE = Sql(OPERATIONS.where(OPERATION.c.id == bindparam("of_id"), OPERATION.c.tenant == bindparam("of_tenant")))
FIND_SEVERAL = Sql(OPERATIONS.where(OPERATION.c.id.in_(select(given(id=TEXT).c.id))))


def find(operation_id: str) -> Unit[Operation | None]:
    """An operation by its id, whoever's it is; the API uses `find_mine`."""
    rows = yield FIND_OPERATION, {"id": operation_id}
    return operation(rows[0]) if rows else None


def find_several(ids: Iterable[str]) -> Unit[list[Operation]]:
    """Operations by their ids, in no order and whoever's they are; those that are not there are left out."""
    rows = yield FIND_SEVERAL, {ROWS: compact([{"id": one} for one in ids])}
    return [operation(row) for row in rows]


def find_mine(operation_id: str, *, tenant: str, backends: frozenset[str]) -> Unit[Operation | None]:
    """A tenant's operation on one of these backends; any other is as if it did not exist."""
    rows = yield FIND_MINE, {"of_id": operation_id, "of_tenant": tenant}
    found = operation(rows[0]) if rows else None
    return found if found is not None and found.backend in backends else None


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


def _found_by(state: State) -> list[ColumnElement[bool]]:
    """What the index that holds the operations of this state has as its condition, spelt out so that it can be used."""
    if state is State.applied:
        return []
    if state is State.sending:
        return [OPERATION.c.finished_at.is_(None)]
    return [OPERATION.c.state != literal_column(f"'{often.value}'") for often in OFTEN]


@lru_cache(maxsize=256)
def _list_statement(*, backends: int, state: State | None, work_order: bool, kind: bool, before: bool) -> Sql:
    tenant: ColumnElement[str] = OPERATION.c.tenant
    backend: ColumnElement[str] = OPERATION.c.backend
    place: ColumnElement[str] = OPERATION.c.id
    if work_order:  # those of one order are few, wherever they stand among the tenant's
        tenant, place = Beside(tenant), Beside(place)
    elif state is State.sending:  # and so are those that are not final
        tenant, backend, place = Beside(tenant), Beside(backend), Beside(place)
    granted = [backend == bindparam(f"backend_{n}") for n in range(backends)]
    wanted = [tenant == bindparam("of_tenant"), or_(*granted)]
    if state is not None:
        wanted.append(OPERATION.c.state == bindparam("of_state"))
        wanted += _found_by(state)
    if work_order:
        wanted.append(OPERATION.c.work_order == bindparam("of_order"))
    if kind:
        wanted.append(OPERATION.c.kind == bindparam("of_kind"))
    if before:
        wanted.append(place < bindparam("before"))
    return Sql(OPERATIONS.where(and_(*wanted)).order_by(place.desc()).limit(bindparam("most")))


def list_operations(narrowed: OperationFilter, *, most: int) -> Unit[list[Operation]]:
    """A tenant's operations on these backends, the newest first."""
    if not narrowed.backends:
        return []
    values: dict[str, Value] = {"of_tenant": narrowed.tenant, "most": most}
    for n, backend in enumerate(sorted(narrowed.backends)):
        values[f"backend_{n}"] = backend
    if narrowed.state is not None:
        values["of_state"] = narrowed.state.value
    if narrowed.work_order is not None:
        values["of_order"] = narrowed.work_order
    if narrowed.kind is not None:
        values["of_kind"] = narrowed.kind.value
    if narrowed.before is not None:
        values["before"] = narrowed.before
    statement = _list_statement(
        state=narrowed.state,
        backends=len(narrowed.backends),
        work_order=narrowed.work_order is not None,
        kind=narrowed.kind is not None,
        before=narrowed.before is not None,
    )
    rows = yield statement, values
    return [operation(row) for row in rows]


def list_everyones(*, state: State | None, backend: str | None, most: int) -> Unit[list[Operation]]:
    """Operations of all tenants, the newest first: for an operator, never for the API."""
    wanted = {"state": state and state.value, "backend": backend}
    narrowed = {name: value for name, value in wanted.items() if value is not None}
    rows = yield _everyones_statement(tuple(narrowed), state=state), {**narrowed, "most": most}
    return [operation(row) for row in rows]


@lru_cache(maxsize=32)
def _everyones_statement(columns: tuple[str, ...], *, state: State | None) -> Sql:
    wanted = [OPERATION.c[name] == bindparam(name) for name in columns]
    place: ColumnElement[str] = OPERATION.c.id
    if state is not None and state is not State.applied:
        wanted += _found_by(state)
        place = Beside(place)
    return Sql(OPERATIONS.where(*wanted).order_by(place.desc()).limit(bindparam("most")))


class NotUnresolved(Exception):
    """The operation needs nobody's word: its outcome is known, or it has not been sent."""

    def __init__(self, state: State) -> None:
        super().__init__(
            f"the operation is {state}; only an unknown or held one, or the cause of a hold, can be resolved"
        )


def resolve(
    operation_id: str, *, applied: bool, ending: Ending | None, result: str | None, reason: str, by: str, now: int
) -> Unit[Operation]:
    """A person says whether a lost write took effect, or lets the queue behind a refusal go on.

    Applied: the operation ends so, with `ending` as its answer. Not applied: it returns to its place in the queue and is
    sent again. For a refused operation that stopped its queue the word only lets the rest go on. Raises NotFound and
    NotUnresolved.
    """
    rows = yield FIND_OPERATION, {"id": operation_id}
    if not rows:
        raise NotFound("There is no such operation.")
    lane: dict[str, Value] = {"of_backend": text(rows[0], "backend"), "of_number": text(rows[0], "work_order")}
    fences = yield TAKE_FENCE, lane
    was = operation((yield FIND_OPERATION, {"id": operation_id})[0])  # the fence is ours: this state stays
    found = yield from open_hold_of(operation_id)
    if found is not None:
        held = was.state is State.held
        action = Action.skip if not held else Action.mark_applied if applied else Action.retry
        resolved = yield from resolve_hold(
            found.id, Word(action=action, reason=reason, by=by, now=now, ending=ending, evidence="operator")
        )
        return resolved.changed[0] if resolved.changed else was
    if was.state not in UNRESOLVED:
        raise NotUnresolved(was.state)
    settled: Settled = yield from settle(
        Settlement(
            claim=Claim(backend=was.backend, number=was.work_order, fence=number(fences[0], "fence")),
            operation=was,
            to=State.applied if applied else State.queued,
            now=now,
            lease_until=0,
            ending=ending if applied else None,
            result=result if applied else None,
            ready_at=now,
            probes=0,
            event_data={"reason": reason, "by": by, "evidence": "operator"},
        )
    )
    return settled.operation
