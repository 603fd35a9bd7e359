"""The intent to send: stored before the first byte of an attempt may leave."""

from __future__ import annotations

from sqlalchemy import bindparam, insert

from app.domain.admission import OrderView
from app.domain.operations import Operation
from app.ledger.records import Lease
from app.ledger.sql import Params, Sql
from app.ledger.tables import ATTEMPT

ADD_ATTEMPT = Sql(
    insert(ATTEMPT).values(
        {
            name: bindparam(name)
            for name in ("operation_id", "n", "fence", "started_at", "deadline_at", "code_since", "before")
        }
    )
)


def attempt_values(of: Operation, lease: Lease, order: OrderView, *, now: int) -> Params:
    """The intent of an acceptance that begins at once: the queue's fence has just risen by one."""
    return intent_values(of, lease, fence=order.fence + 1, code_since=order.code_since, now=now)


def intent_values(
    of: Operation, lease: Lease, *, fence: int, code_since: int | None, now: int, before: str | None = None
) -> Params:
    return {
        "operation_id": of.id,
        "n": of.attempts,
        "fence": fence,
        "started_at": now,
        "deadline_at": lease.deadline_at,
        "code_since": code_since,
        "before": before,
    }
