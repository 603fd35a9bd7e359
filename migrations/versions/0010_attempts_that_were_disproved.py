"""When it was proved of an attempt, whose answer was lost, that the vendor did not apply it.

Revision: 0010, after 0009
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("disproved_at", sa.BigInteger, nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "disproved_at")
