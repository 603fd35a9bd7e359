"""Indexes by which what has been kept long enough is found: stored answers and client_references.

Revision: 0005, after 0004
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEPT = {"ix_operation_answered": "answer_body", "ix_operation_referenced": "client_reference"}


def upgrade() -> None:
    for name, column in KEPT.items():
        kept = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "operation", ["finished_at"], sqlite_where=kept, postgresql_where=kept)


def downgrade() -> None:
    for name in KEPT:
        op.drop_index(name, table_name="operation")
