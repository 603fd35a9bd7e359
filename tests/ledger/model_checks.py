"""What must never bend: after each step the ledger's rows are those that the model says."""

from __future__ import annotations

from sqlalchemy import select

from app.domain.operations import FINAL, UNRESOLVED, State
from app.ledger.sql import Row, Sql, Unit
from app.ledger.tables import ATTEMPT, EVENT, HOLD, KEY, OPERATION, OPERATIONS, ORDER
from tests.ledger.model import Model, Order, Write

ALL_ORDERS = Sql(select(ORDER))
ALL_OPERATIONS = Sql(OPERATIONS.order_by(OPERATION.c.id))
ALL_ATTEMPTS = Sql(select(ATTEMPT.c.operation_id, ATTEMPT.c.n).order_by(ATTEMPT.c.operation_id, ATTEMPT.c.n))
ALL_EVENTS = Sql(select(EVENT.c.work_order, EVENT.c.seq, EVENT.c.at).order_by(EVENT.c.work_order, EVENT.c.seq))
ALL_KEYS = Sql(select(KEY.c.operation_id).order_by(KEY.c.operation_id))
ALL_HOLDS = Sql(select(HOLD).order_by(HOLD.c.id))


def read_all(statement: Sql) -> Unit[list[Row]]:
    rows = yield statement, {}
    return list(rows)


def operations_are_as_the_model_says(rows: list[Row], model: Model) -> None:
    """State, attempts, place, answer, and what blocks each, as its tenant may know it."""
    stored = {
        row["id"]: (
            row["work_order"],
            row["state"],
            row["attempts"],
            row["seq"],
            row["finished_at"],
            row["answer_body"] is not None,
            row["client_reference"],
            row["blocked_by"],
        )
        for row in rows
    }
    places = {write.name: place for order in model.orders.values() for place, write in enumerate(order.writes, start=1)}
    blocks = {number: order.blocked_by() for number, order in model.orders.items()}
    assert stored == {
        write.name: (
            write.number,
            write.state.value,
            write.attempts,
            places[write.name],
            write.finished_at,
            write.answered,
            write.reference,
            _told(write, *blocks[write.number]),
        )
        for write in model.writes.values()
    }


def _told(write: Write, blocked_by: str | None, whose: str | None) -> str | None:
    tells = write.state not in FINAL and blocked_by != write.name and whose in (write.tenant, None)
    return blocked_by if tells else None


def orders_are_as_the_model_says(rows: list[Row], model: Model) -> None:
    """Counts, what is foretold, what is known, what stops the queue, and who works on it."""
    assert {row["number"] for row in rows} >= {number for number, order in model.orders.items() if order.writes}
    for row in rows:
        _order(row, model.orders[str(row["number"])], model)


def _order(row: Row, order: Order, model: Model) -> None:
    open_, foretold = order.open(), order.foretold()
    assert (row["last_seq"], row["open_count"]) == (len(order.writes), len(open_))
    expected = (None, None, None) if foretold is None else (foretold.target, foretold.name, foretold.tenant)
    assert tuple(row[f"projected_{name}"] for name in ("code", "operation", "tenant")) == expected
    ours = order.ours
    assert (row["code"], row["code_operation"], row["code_tenant"]) == (
        order.code,
        ours and ours.name,
        ours and ours.tenant,
    )
    assert (row["blocked_by"], row["blocked_tenant"]) == order.blocked_by()
    assert (row["held"], row["recheck"], row["event_seq"]) == (int(order.rests), int(order.recheck), order.event_seq)
    lease_until, ready_at = row["lease_until"], row["ready_at"]
    assert isinstance(lease_until, int)
    assert (lease_until > model.now) is model.live(str(row["number"]))
    if row["held"]:
        assert (ready_at, lease_until, row["lease_owner"]) == (None, 0, None)
    elif open_:
        assert ready_at is not None, "a queue with a write in it is stranded"


def queues_move_in_order(model: Model) -> None:
    """At most one write of an order is on its way, the first; and each was first sent in its place."""
    for order in model.orders.values():
        open_ = order.open()
        assert all(write.state is State.queued for write in open_[1:])
        assert (order.hold is None) or all(write.state in (State.queued, *UNRESOLVED) for write in open_)
        places = [order.writes.index(write) for write in model.sent if write in order.writes]
        assert places == sorted(places)


def attempts_have_their_intents(rows: list[Row], model: Model) -> None:
    counted = [(row["operation_id"], row["n"]) for row in rows]
    writes = sorted(model.writes.values(), key=lambda write: write.name)
    assert counted == [(write.name, n + 1) for write in writes for n in range(write.attempts)]


def events_are_as_the_model_says(rows: list[Row], model: Model) -> None:
    """They count within their order without a gap."""
    for number, order in model.orders.items():
        assert [(row["seq"], row["at"]) for row in rows if row["work_order"] == number] == order.events


def keys_are_as_the_model_says(rows: list[Row], model: Model) -> None:
    assert [row["operation_id"] for row in rows] == sorted(w.name for w in model.writes.values() if w.key)


def holds_are_as_the_model_says(rows: list[Row], model: Model) -> None:
    stored = {
        row["id"]: (
            *(row[name] for name in ("work_order", "cause", "operation_id", "tenant", "version")),
            row["closed_at"] is None,
            row["resolution"],
            row["made_operation"],
        )
        for row in rows
    }
    assert stored == {
        hold.name: (
            hold.number,
            hold.cause.value,
            hold.operation,
            hold.tenant,
            1 if hold.closed is None else 2,
            hold.closed is None,
            hold.closed and hold.closed.value,
            hold.made,
        )
        for hold in model.holds.values()
    }
    for number, order in model.orders.items():
        still_open = [hold for hold in model.holds.values() if hold.number == number and hold.closed is None]
        assert still_open == ([] if order.hold is None else [order.hold])
