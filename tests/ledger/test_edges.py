"""The database's own guard: of all pairs of states an operation takes those that the table has, whatever the code asks."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3

import asyncpg
import pytest
from sqlalchemy import bindparam, insert, update

from app.domain.operations import EDGES, IllegalMove, State, move
from app.ledger.sql import Sql, Unit, Value
from app.ledger.store import Store
from app.ledger.tables import OPERATION
from tests.ledger.scenes import draft, everything, execute, op_id, operation, rows_of

PAIRS = tuple(itertools.product(State, State))
FORCE = Sql(update(OPERATION).where(OPERATION.c.id == bindparam("of_id")).values(state=bindparam("forced")))
BOTH = Sql(
    update(OPERATION)
    .where(OPERATION.c.id == bindparam("of_id"))
    .values(state=bindparam("forced"), attempts=OPERATION.c.attempts + 1)
)
SAME = Sql(update(OPERATION).where(OPERATION.c.id == bindparam("of_id")).values(probes=7))
ADD = Sql(insert(OPERATION))


def row(n: int, state: State) -> dict[str, Value]:
    """An operation in this state, as no code of ours would put it there at once."""
    asked, now_is = draft(n), operation(n)
    return {
        **dict.fromkeys((column.name for column in OPERATION.columns), None),
        **{name: getattr(asked, name) for name in ("id", "tenant", "client_id", "backend", "body", "occurred_at")},
        "work_order": asked.number,
        "seq": n,
        "kind": asked.kind.value,
        "state": state.value,
        "attempts": now_is.attempts,
        "probes": 0,
        "accepted_at": now_is.accepted_at,
    }


def test_the_code_moves_an_operation_along_an_edge_and_along_nothing_else() -> None:
    allowed = []
    for was, to in PAIRS:
        if to in EDGES[was]:
            assert move(was, to) is to
            allowed.append((was, to))
        else:
            with pytest.raises(IllegalMove):
                move(was, to)
    assert (len(PAIRS), len(allowed)) == (100, 23)


async def test_the_database_takes_every_edge_and_refuses_every_other_pair(store: Store) -> None:
    taken, refused = set(), set()
    for n, (was, to) in enumerate(PAIRS, start=1):
        await store.write(execute(ADD, **row(n, was)))
        before = await rows_of(store, "operation")
        step = execute((FORCE, BOTH)[n % 2], of_id=op_id(n), forced=to.value)
        [outcome] = await asyncio.gather(store.write(step), return_exceptions=True)
        if outcome is None:
            taken.add((was, to))
            continue
        assert isinstance(outcome, sqlite3.IntegrityError | asyncpg.CheckViolationError)
        assert "an operation does not go" in str(outcome)
        assert await rows_of(store, "operation") == before
        refused.add((was, to))
    edges = {(was, to) for was, onward in EDGES.items() for to in onward}
    assert (taken, refused) == (edges, set(PAIRS) - edges)


@pytest.mark.parametrize("state", State)
async def test_what_is_not_the_state_may_change_in_every_state(store: Store, state: State) -> None:
    await store.write(execute(ADD, **row(1, state)))
    await store.write(execute(SAME, of_id=op_id(1)))
    [changed] = await rows_of(store, "operation")
    assert (changed["state"], changed["probes"]) == (state.value, 7)


async def test_one_step_that_is_refused_undoes_its_whole_transaction(store: Store) -> None:
    await store.write(execute(ADD, **row(1, State.applied)))
    await store.write(execute(ADD, **row(2, State.queued)))
    before = await everything(store)

    def both() -> Unit[None]:
        yield FORCE, {"of_id": op_id(2), "forced": "sending"}
        yield FORCE, {"of_id": op_id(1), "forced": "queued"}

    with pytest.raises(Exception, match="an operation does not go"):
        await store.write(both())
    assert await everything(store) == before
