"""What an acceptance finds before it decides, and the one look that finds it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, literal_column, select

from app.domain.admission import OrderView
from app.ledger.sql import Sql
from app.ledger.tables import KEY, ORDER, ORDER_COLUMNS


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What an acceptance finds: the order, whether it has a row yet, and who already has the write's client_reference."""

    order: OrderView
    known: bool
    last_seq: int
    """The last place given out in its queue."""
    reference_used_by: str | None


def find_both(its_key: ColumnElement[bool], its_order: ColumnElement[bool]) -> Sql:
    """The outcome of a key, and the order as `rows.order_view` wants it: one row, with nulls for what is not there."""
    outcome = [
        KEY.c[name].label("key_" + name) for name in ("fingerprint", "operation_id", "answer_status", "answer_body")
    ]
    viewed = [column for column in ORDER_COLUMNS if column.name not in ("backend", "fields", "etag", "mark")]
    alone = select(literal_column("1").label("alone")).subquery()
    return Sql(select(*outcome, *viewed).select_from(alone.outerjoin(KEY, its_key).outerjoin(ORDER, its_order)))
