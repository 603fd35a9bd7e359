"""Rounds of polling, taken by one gateway at a time; orders that the vendor shows no more.

Revision: 0004, after 0003
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("work_order", sa.Column("missing_since", sa.BigInteger(), nullable=True))
    op.create_table(
        "poll_round",
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("rounds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("backend", name=op.f("pk_poll_round")),
    )


def downgrade() -> None:
    op.drop_table("poll_round")
    with op.batch_alter_table("work_order") as table:
        table.drop_column("missing_since")
