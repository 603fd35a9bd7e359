"""Stop the queue of an order: for the next read-back, or with a hold until a person says how it goes on."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, null, update

from app.domain.json import JsonObject
from app.domain.operations import Operation
from app.ledger.events import ADD_EVENT, order_event
from app.ledger.lanes import FENCED, lane_of
from app.ledger.records import Claim, NewHold
from app.ledger.rows import number
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import HOLD, ORDER

PARK = Sql(
    update(ORDER)
    .where(FENCED)
    .values(
        version=ORDER.c.version + 1,
        event_seq=ORDER.c.event_seq + 1,
        changed_at=bindparam("now"),
        blocked_by=bindparam("by"),
        blocked_tenant=bindparam("by_tenant"),
        held=bindparam("stops"),
        ready_at=bindparam("ready"),
        lease_owner=null(),
        lease_until=0,
    )
    .returning(ORDER.c.open_count, ORDER.c.event_seq)
)
ADD_HOLD = Sql(
    insert(HOLD).values(
        {
            **{
                name: bindparam(name)
                for name in ("id", "tenant", "backend", "work_order", "operation_id", "cause", "detail", "opened_at")
            },
            "version": 1,
        }
    )
)


def stop(of: Claim, cause: Operation, hold: NewHold, *, now: int) -> Unit[None]:
    """Open the hold behind its cause: a row of its own, an event, and its name on the order. The fence has been checked."""
    rows = yield (
        PARK,
        {**lane_of(of), "now": now, "by": hold.id, "by_tenant": cause.tenant, "stops": 1, "ready": None},
    )
    seq = number(rows[0], "event_seq")
    yield from open_hold(hold, of.backend, of.number, owner=cause.tenant, cause=cause.id, seq=seq, now=now)


def open_hold(
    hold: NewHold,
    backend: str,
    order: str,
    *,
    owner: str | None,
    cause: str | None,
    seq: int,
    now: int,
    source: str = "delivery",
    shown: JsonObject | None = None,
) -> Unit[None]:
    """The hold's row and its event, once the order is stopped; `shown` is what else the event tells."""
    row: dict[str, Value] = {
        "id": hold.id,
        "tenant": owner,
        "backend": backend,
        "work_order": order,
        "operation_id": cause,
        "cause": hold.cause.value,
        "detail": hold.detail,
        "opened_at": now,
    }
    yield ADD_HOLD, row
    event = order_event(
        "hold.opened",
        backend=backend,
        order=order,
        seq=seq,
        at=now,
        source=source,
        tenant=owner,
        operation_id=cause,
        data={"hold_id": hold.id, "cause": hold.cause.value, "detail": hold.detail, **(shown or {})},
    )
    yield ADD_EVENT, event
