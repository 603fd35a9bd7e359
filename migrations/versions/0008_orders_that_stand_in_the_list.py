"""How fresh the orders are that stand in a vendor's list is kept once for all of them, with the rounds of polling.

An order's row says that it stands in the list; only when it begins or ceases to do so is it written. What has stood there until
a downgrade is as fresh as the last list, and is said so in its row then.

Revision: 0008, after 0007
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STANDS = sa.text("stands = 1")
EACH_FOR_ITSELF = """
UPDATE work_order SET
  observed_at = CASE WHEN {at} > observed_at THEN {at} ELSE observed_at END,
  listed_at = CASE WHEN {round} > COALESCE(listed_at, 0) THEN {round} ELSE listed_at END
WHERE stands = 1
"""
OF_ITS_BACKEND = "(SELECT {} FROM poll_round WHERE poll_round.backend = work_order.backend)"


def upgrade() -> None:
    op.add_column("work_order", sa.Column("stands", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("poll_round", sa.Column("shown_at", sa.BigInteger(), nullable=True))
    op.add_column("poll_round", sa.Column("shown_round", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_work_order_stands", "work_order", ["backend", "number"], sqlite_where=STANDS, postgresql_where=STANDS
    )


def downgrade() -> None:
    shown_at, shown_round = OF_ITS_BACKEND.format("shown_at"), OF_ITS_BACKEND.format("shown_round")
    op.execute(EACH_FOR_ITSELF.format(at=shown_at, round=shown_round))
    op.drop_index("ix_work_order_stands", table_name="work_order")
    op.drop_column("poll_round", "shown_round")
    op.drop_column("poll_round", "shown_at")
    op.drop_column("work_order", "stands")
