"""The Core tables behind the SQLModel classes, and the columns that a read of an operation brings."""

from __future__ import annotations

from sqlalchemy import Table, and_, case, literal_column, or_, select

from app.ledger import round_models, webhook_models
from app.ledger.models import metadata

CLIENT: Table = metadata.tables["client"]
KEY: Table = metadata.tables["idempotency_key"]
OPERATION: Table = metadata.tables["operation"]
ATTEMPT: Table = metadata.tables["attempt"]
ORDER: Table = metadata.tables["work_order"]
HOLD: Table = metadata.tables["order_hold"]
EVENT: Table = metadata.tables["event"]
STATUS_CODE: Table = metadata.tables["status_code"]
POLL_ROUND: Table = metadata.tables[round_models.PollRoundRow.__tablename__]
WEBHOOK: Table = metadata.tables[webhook_models.WebhookRow.__tablename__]
WEBHOOK_MESSAGE: Table = metadata.tables[webhook_models.WebhookMessageRow.__tablename__]

STANDS = ORDER.c.stands == literal_column("1")
"""The order stands in the vendor's list; the number is written out, so that the index of those that do is used."""
_of_its_backend = POLL_ROUND.c.backend == ORDER.c.backend
SHOWN_AT = select(POLL_ROUND.c.shown_at).where(_of_its_backend).correlate(ORDER).scalar_subquery()
SHOWN_ROUND = select(POLL_ROUND.c.shown_round).where(_of_its_backend).correlate(ORDER).scalar_subquery()
"""How fresh the orders of a row's backend are that stand in its list."""
ORDER_COLUMNS = (*ORDER.c, case((STANDS, SHOWN_AT)).label("shown_at"))
"""An order's row, and when the list was asked for in which it stands; null where it stands in none. See `rows.seen_at`."""
ORDERS = select(*ORDER_COLUMNS)

_of_order = and_(ORDER.c.backend == OPERATION.c.backend, ORDER.c.number == OPERATION.c.work_order)
_stopped_by_another = and_(
    OPERATION.c.finished_at.is_(None),
    ORDER.c.blocked_by != OPERATION.c.id,
    or_(ORDER.c.blocked_tenant == OPERATION.c.tenant, ORDER.c.blocked_tenant.is_(None)),
)
OPERATIONS = select(
    *OPERATION.c,
    case((_stopped_by_another, ORDER.c.blocked_by)).label("blocked_by"),
).select_from(OPERATION.join(ORDER, _of_order))
"""Operations with what blocks them; what another tenant's operation blocks is blocked without a name."""
