"""Every list finds its page by an index that holds what was asked for, however much else the ledger holds (on SQLite)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from app.domain.operations import State
from app.domain.ports import Kind
from app.ledger import absence, feed, holds, lanes, operation_lists, orders, stories, webhook_queue
from app.ledger.sql import Unit
from tests.ledger.scenes import NOW

CX = frozenset({"civica-cx"})
OURS = CX | {"unit4-erpx"}
ORDER_KEY = "sqlite_autoindex_work_order_1"
ROUND = "sqlite_autoindex_poll_round_1"
"""How fresh the orders are that stand in a list."""
OF_ORDER = "sqlite_autoindex_operation_2"
EVENTS_OF_ORDER = "sqlite_autoindex_event_1"
OF_WEBHOOK = "sqlite_autoindex_webhook_message_2"
BY_ID = "rowid"
GROWS = "operation|work_order|event|order_hold|webhook_message"


def _operations(**narrowed: Any) -> Unit[Any]:
    given = {"tenant": "northside", "backends": OURS, **narrowed}
    return operation_lists.list_operations(operation_lists.OperationFilter(**given), most=50)


def _orders(**narrowed: Any) -> Unit[Any]:
    return orders.list_orders("civica-cx", orders.OrderFilter(**narrowed), most=50)


def _holds(**narrowed: Any) -> Unit[Any]:
    return holds.list_holds(holds.HoldFilter(**{"tenant": "northside", "backends": OURS, **narrowed}), most=50)


def _events(**narrowed: Any) -> Unit[Any]:
    given = {"tenant": "northside", "backends": OURS, **narrowed}
    return feed.events(feed.EventFilter(**given), after=0, upto=10**9, most=50)


@dataclass(frozen=True, kw_only=True)
class Case:
    """`by`: the indexes that its steps look into, each once."""

    name: str
    unit: Unit[Any]
    by: set[str]
    sorts: bool = False
    """Whether the rows found are so few that they are sorted when they have been found."""


def cases() -> Iterator[Case]:
    yield Case(name="operations", unit=_operations(), by={"ix_operation_tenant_id", ORDER_KEY})
    yield Case(name="operations deep", unit=_operations(before="op_1"), by={"ix_operation_tenant_id", ORDER_KEY})
    yield Case(
        name="operations of an order",
        unit=_operations(work_order="1", before="op_1"),
        by={OF_ORDER, ORDER_KEY},
        sorts=True,
    )
    yield Case(
        name="status updates of an order",
        unit=_operations(work_order="1", kind=Kind.status_update),
        by={OF_ORDER, ORDER_KEY},
        sorts=True,
    )
    for state in State:
        found = "ix_operation_state"
        if state is State.applied:
            found = "ix_operation_tenant_id"
        elif state is State.sending:
            found = "ix_operation_open"
        yield Case(
            name=f"operations that are {state}",
            unit=_operations(state=state),
            by={found, ORDER_KEY},
            sorts=state is State.sending,
        )
    yield Case(
        name="everyone's that are held",
        unit=operation_lists.list_everyones(state=State.held, backend=None, most=50),
        by={"ix_operation_state", ORDER_KEY},
        sorts=True,
    )
    yield Case(name="orders", unit=_orders(), by={"ix_work_order_changed", ROUND})
    yield Case(name="orders changed since", unit=_orders(changed_since=NOW), by={"ix_work_order_changed", ROUND})
    yield Case(
        name="orders by code",
        unit=_orders(codes=("11", "20")),
        by={"ix_work_order_code", ORDER_KEY, ROUND},
        sorts=True,
    )
    yield Case(
        name="orders by code, deep",
        unit=_orders(codes=("11", "20"), after=(NOW, "1")),
        by={"ix_work_order_code", ORDER_KEY, ROUND},
        sorts=True,
    )
    yield Case(name="holds", unit=_holds(), by={"ix_order_hold_tenant_id"}, sorts=True)
    yield Case(name="holds that are open", unit=_holds(open=True), by={"uq_order_hold_open"}, sorts=True)
    yield from _holds_of_an_order()
    yield Case(name="events", unit=_events(), by={BY_ID})
    yield Case(name="everyone's events", unit=_events(tenant=None, backends=None), by={BY_ID})
    yield Case(name="events of an order", unit=_events(work_order="1"), by={EVENTS_OF_ORDER}, sorts=True)
    yield Case(name="events of a rare type", unit=_events(type="hold.opened"), by={"ix_event_rare"})
    yield Case(name="events of a frequent type", unit=_events(type="operation.applied"), by={BY_ID})
    yield Case(
        name="an order's story",
        unit=stories.story("civica-cx", "1", tenant="northside", most=50),
        by={
            OF_ORDER,
            EVENTS_OF_ORDER,
            "ix_idempotency_key_created_at",
            "sqlite_autoindex_attempt_1",
            "ix_operation_tenant_id",
        },
        sorts=True,
    )
    yield Case(name="the next queue", unit=lanes.next_ready("civica-cx"), by={"ix_work_order_ready"})
    yield Case(name="queues of a dead owner", unit=lanes.take_over(), by={"ix_work_order_ready"})
    yield Case(name="messages of a dead owner", unit=webhook_queue.take_over(), by={"ix_webhook_message_due"})
    yield Case(
        name="messages to forget",
        unit=webhook_queue.forget(before=NOW, most=1000),
        by={
            "ix_webhook_message_finished_at",
            OF_WEBHOOK,
            "sqlite_autoindex_webhook_1",
            "sqlite_autoindex_webhook_message_1",
        },
    )
    yield Case(
        name="orders not seen",
        unit=absence.unseen("civica-cx", since=NOW, now=NOW, ended=frozenset({"19"}), listed=True, most=50),
        by={"ix_work_order_code", ROUND},
        sorts=True,
    )


def _holds_of_an_order() -> Iterator[Case]:
    """Of one backend they are read in their order, of several they are sorted. At most one of them is open."""
    for backends, open_, before in product((CX, OURS), (None, False, True), (None, "hold_1")):
        only_one = open_ is True and before is None
        state = "" if open_ is None else " that are open" if open_ else " that are resolved"
        yield Case(
            name=f"an order's holds{state} on {len(backends)}{', deep' if before else ''}",
            unit=_holds(work_order="1", backends=backends, open=open_, before=before),
            by={"uq_order_hold_open" if only_one else "ix_order_hold_work_order"},
            sorts=backends is OURS,
        )


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_a_list_looks_only_into_what_was_asked_for(case: Case, sqlite_database: str) -> None:
    with sqlite3.connect(sqlite_database.removeprefix("sqlite:///")) as connection:
        connection.row_factory = sqlite3.Row
        plan = list(_plan(connection, case.unit))
    connection.close()
    looked_into = {word for step in plan for word in _looked_into(step)}
    assert looked_into == case.by, plan
    assert not [step for step in plan if re.fullmatch(rf"SCAN ({GROWS})", step)], plan
    assert any("ORDER BY" in step for step in plan) <= case.sorts, plan


def _plan(connection: sqlite3.Connection, unit: Unit[Any]) -> Iterator[str]:
    """The plan of each of the unit's steps, which finds nothing: the ledger is empty."""
    rows: Any = None
    while True:
        try:
            statement, params = next(unit) if rows is None else unit.send(rows)
        except StopIteration:
            return
        values = statement.for_sqlite(params)
        yield from (row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values))
        rows = connection.execute(statement.sqlite, values).fetchall()


def _looked_into(step: str) -> Iterator[str]:
    found = re.match(r"(?:SEARCH|SCAN) \w+ USING (?:COVERING )?INDEX (\w+)", step)
    if found is not None:
        yield found[1]
    elif "USING INTEGER PRIMARY KEY" in step:
        yield BY_ID
