"""Operations: read one by one, and resolved by a person when nothing else could tell what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import bindparam, select

from app.domain.errors import NotFound
from app.domain.evidence import Evidence
from app.domain.holds import Action
from app.domain.operations import UNRESOLVED, Operation, State
from app.ledger.accept import FIND_OPERATION
from app.ledger.contradictions import look_again
from app.ledger.holds import open_hold_of
from app.ledger.json_rows import ROWS, TEXT, given
from app.ledger.orders import forget_deleted
from app.ledger.records import Claim, Ending, Settled, Settlement
from app.ledger.resolving import TAKE_FENCE, Word
from app.ledger.resolving import resolve as resolve_hold
from app.ledger.rows import compact, number, operation, text
from app.ledger.settle import settle
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import OPERATION, OPERATIONS

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


class NotUnresolved(Exception):
    """The operation needs nobody's word: its outcome is known, or it has not been sent."""

    def __init__(self, state: State) -> None:
        super().__init__(
            f"the operation is {state}; only an unknown or held one, or the cause of a hold, can be resolved"
        )


def resolve(
    operation_id: str,
    *,
    applied: bool,
    ending: Ending | None,
    result: str | None,
    reason: str,
    by: str,
    now: int,
    removes: bool = False,
) -> Unit[Operation]:
    """A person says whether a lost write took effect, or lets the queue behind a refusal go on.

    Applied: the operation ends so, with `ending` as its answer. Not applied: it returns to its place in the queue, and is
    sent again unless the order shows it then. For a refused operation that stopped its queue the word only lets the rest go
    on. `removes`: of an applied delete the vendor has the order no more, and so it is forgotten. Raises
    NotFound and NotUnresolved.
    """
    word = Word(action=Action.skip, reason=reason, by=by, now=now, ending=ending, evidence=Evidence.operator)
    after = yield from _resolved(operation_id, word, applied=applied, result=result)
    if removes:
        yield from forget_deleted([after], now=now)
    return after


def _resolved(operation_id: str, word: Word, *, applied: bool, result: str | None) -> Unit[Operation]:
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
        resolved = yield from resolve_hold(found.id, replace(word, action=action))
        return resolved.changed[0] if resolved.changed else was
    if was.state not in UNRESOLVED:
        raise NotUnresolved(was.state)
    yield from look_again(was.backend, was.work_order)
    settled: Settled = yield from settle(
        Settlement(
            claim=Claim(backend=was.backend, number=was.work_order, fence=number(fences[0], "fence")),
            operation=was,
            to=State.applied if applied else State.queued,
            now=word.now,
            lease_until=0,
            ending=word.ending if applied else None,
            result=result if applied else None,
            ready_at=word.now,
            probes=0,
            event_data={"reason": word.reason, "by": word.by, "evidence": word.evidence},
        )
    )
    return settled.operation
