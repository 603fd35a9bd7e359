"""A mark of what a list said of an order, by which it is seen that nothing has changed; and room on PostgreSQL's pages.

A poll touches every open order's row. Pages with room for a second version of their rows take that without a new entry in any
index; only pages written from now on are so.

Revision: 0006, after 0005
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("work_order", sa.Column("mark", sa.Text(), nullable=True))
    op.add_column("work_order", sa.Column("marked_version", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE work_order SET (fillfactor = 70)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE work_order RESET (fillfactor)")
    op.drop_column("work_order", "marked_version")
    op.drop_column("work_order", "mark")
