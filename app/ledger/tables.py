"""The Core tables behind the SQLModel classes, and the columns that a read of an operation brings."""

from __future__ import annotations

from sqlalchemy import Table, and_, case, or_, select

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
