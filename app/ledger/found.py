"""What an acceptance finds before it decides, and the one look that finds it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, literal_column, select

from app.domain.admission import OrderView
from app.domain.record import record
from app.ledger.sql import Sql
from app.ledger.tables import KEY, ORDER, ORDER_COLUMNS


@record(frozen=True, kw_only=True, slots=True)
class Looked:
    """What an acceptance finds: the order, whether it has a row yet, and who already has the write's client_reference."""

    order: OrderView
    known: bool
    last_seq: int
    """The last place given out in its queue."""
    reference_used_by: str | None


NOT_ASKED = frozenset(
    {
        "backend",
        "fields",
        "etag",
        "mark",
        "listed_at",
        "missing_since",
        "confirmed_at",
        "changed_at",
        "held",
        "ready_at",
        "lease_owner",
        "event_seq",
        "marked_version",
        "stands",
    }
)
"""What neither `rows.order_view` nor the acceptance reads of an order's row."""


def find_both(its_key: ColumnElement[bool], its_order: ColumnElement[bool]) -> Sql:
    """The outcome of a key, and the order as `rows.order_view` wants it: one row, with nulls for what is not there."""
    outcome = [
        KEY.c[name].label("key_" + name) for name in ("fingerprint", "operation_id", "answer_status", "answer_body")
    ]
    viewed = [column for column in ORDER_COLUMNS if column.name not in NOT_ASKED]
    alone = select(literal_column("1").label("alone")).subquery()
    found = alone.outerjoin(KEY, its_key).outerjoin(ORDER, its_order)
    return Sql(select(*outcome, *viewed).select_from(found), packed=True)
