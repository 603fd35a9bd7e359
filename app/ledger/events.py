"""The event log: what happened to an order, in the order in which it was recorded."""

from __future__ import annotations

from sqlalchemy import bindparam, insert

from app.domain.json import JsonObject
from app.domain.operations import Operation
from app.ledger.records import Claim
from app.ledger.rows import compact
from app.ledger.sql import Params, Sql
from app.ledger.tables import EVENT

_COLUMNS = ("at", "backend", "work_order", "seq", "type", "source", "tenant", "operation_id", "data")
ADD_EVENT = Sql(insert(EVENT).values({name: bindparam(name) for name in _COLUMNS}))


def event_values(of: Operation, lane: Claim, *, seq: int, at: int, data: JsonObject) -> Params:
    """An operation's event, named after the state that it has now."""
    return order_event(
        f"operation.{of.state}",
        backend=lane.backend,
        order=lane.number,
        seq=seq,
        at=at,
        source="delivery",
        tenant=of.tenant,
        operation_id=of.id,
        data=data,
    )


def order_event(
    type_: str,
    *,
    backend: str,
    order: str,
    seq: int,
    at: int,
    source: str,
    data: JsonObject,
    tenant: str | None = None,
    operation_id: str | None = None,
) -> Params:
    """What happened to an order, whoever's operation had a part in it; without a tenant every client of the backend sees it."""
    return {
        "at": at,
        "backend": backend,
        "work_order": order,
        "seq": seq,
        "type": type_,
        "source": source,
        "tenant": tenant,
        "operation_id": operation_id,
        "data": compact(data),
    }
