"""The index by which the holds of one order are found among all that a tenant ever had.

Revision: 0009, after 0008
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_order_hold_work_order", "order_hold", ["work_order", "backend", "id"])


def downgrade() -> None:
    op.drop_index("ix_order_hold_work_order", table_name="order_hold")
