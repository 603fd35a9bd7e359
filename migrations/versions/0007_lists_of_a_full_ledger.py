"""Indexes by which lists find what is rare among much: operations that are not applied, orders by code, holds, rare events.

Revision: 0007, after 0006
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SELDOM = sa.text("state <> 'applied' AND state <> 'sending'")
RARE = sa.text("type <> 'operation.applied' AND type <> 'work_order.changed'")


def upgrade() -> None:
    op.create_index(
        "ix_operation_state",
        "operation",
        ["tenant", "state", "id"],
        sqlite_where=SELDOM,
        postgresql_where=SELDOM,
    )
    op.create_index("ix_work_order_code", "work_order", ["backend", "code", "changed_at", "number"])
    op.create_index("ix_order_hold_tenant_id", "order_hold", ["tenant", "id"])
    op.create_index("ix_event_rare", "event", ["type", "id"], sqlite_where=RARE, postgresql_where=RARE)


def downgrade() -> None:
    op.drop_index("ix_event_rare", table_name="event")
    op.drop_index("ix_order_hold_tenant_id", table_name="order_hold")
    op.drop_index("ix_work_order_code", table_name="work_order")
    op.drop_index("ix_operation_state", table_name="operation")
