"""Holds that say why and how they ended; edges that the database itself refuses; the database's clock.

Revision: 0002, after 0001
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EDGES = {
    "queued": ("sending", "refused", "cancelled", "skipped", "replaced"),
    "sending": ("applied", "refused", "unknown", "queued", "held"),
    "unknown": ("verifying", "applied", "queued", "held"),
    "verifying": ("applied", "queued", "unknown", "held"),
    "held": ("applied", "queued", "skipped", "replaced", "cancelled"),
}
"""As `app.domain.operations.EDGES` had them in this version."""


def upgrade() -> None:
    op.add_column("work_order", sa.Column("recheck", sa.Integer(), server_default="0", nullable=False))
    op.add_column("work_order", sa.Column("listed_at", sa.BigInteger(), nullable=True))
    _holds()
    if op.get_bind().dialect.name == "postgresql":
        _on_postgres()
    else:
        op.execute(
            f"CREATE TRIGGER operation_edge BEFORE UPDATE OF state ON operation WHEN NOT ({_allowed()})"
            " BEGIN SELECT RAISE(ABORT, 'an operation does not go that way'); END"
        )


def _holds() -> None:
    op.drop_index("uq_order_hold_open", table_name="order_hold")
    with op.batch_alter_table("order_hold") as table:
        table.alter_column("tenant", existing_type=sa.Text(), nullable=True)
        table.alter_column("operation_id", existing_type=sa.Text(), nullable=True)
        table.add_column(sa.Column("detail", sa.Text(), nullable=True))
        table.add_column(sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))
        table.add_column(sa.Column("evidence", sa.Text(), nullable=True))
        table.add_column(sa.Column("made_operation", sa.Text(), nullable=True))
    op.create_index(
        "uq_order_hold_open",
        "order_hold",
        ["backend", "work_order"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_order_hold_operation_id", "order_hold", ["operation_id"])
    # What waited for a person without a hold of its own gets one, so that it can be found and resolved like any other.
    op.execute(
        "INSERT INTO order_hold (id, tenant, backend, work_order, operation_id, cause, version, opened_at)"
        " SELECT 'hold_' || substr(o.id, 4), o.tenant, o.backend, o.work_order, o.id, 'outcome-unknown', 1, w.changed_at"
        " FROM operation o JOIN work_order w ON w.backend = o.backend AND w.number = o.work_order"
        " WHERE o.state = 'held'"
    )
    op.execute("UPDATE order_hold SET resolution = 'skip' WHERE resolution IS NOT NULL")
    op.execute(
        "UPDATE work_order SET blocked_by = 'hold_' || substr(blocked_by, 4) WHERE held = 1 AND blocked_by LIKE 'op~_%' ESCAPE '~'"
    )


def _on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION orderbridge_now() RETURNS bigint LANGUAGE sql VOLATILE AS"
        " $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$"
    )
    op.execute(
        "CREATE FUNCTION operation_edge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'an operation does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';"
        " END $$"
    )
    op.execute(
        "CREATE TRIGGER operation_edge BEFORE UPDATE OF state ON operation FOR EACH ROW"
        f" WHEN (NOT ({_allowed()})) EXECUTE FUNCTION operation_edge()"
    )


def _allowed() -> str:
    edges = [
        f"OLD.state = '{was}' AND NEW.state IN ({', '.join(repr(to) for to in onward)})"
        for was, onward in EDGES.items()
    ]
    return " OR ".join(edges)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER operation_edge ON operation")
        op.execute("DROP FUNCTION operation_edge()")
        op.execute("DROP FUNCTION orderbridge_now()")
    else:
        op.execute("DROP TRIGGER operation_edge")
    # 0001 has holds behind a refusal only: a held write stops its order by itself, and what no write had stopped goes on.
    op.execute(
        "UPDATE work_order SET blocked_by = (SELECT operation_id FROM order_hold WHERE id = work_order.blocked_by)"
        " WHERE blocked_by IN (SELECT id FROM order_hold WHERE cause IN ('outcome-unknown', 'side-effect'))"
    )
    op.execute(
        "UPDATE work_order SET blocked_by = NULL, blocked_tenant = NULL, held = 0,"
        " ready_at = CASE WHEN open_count > 0 THEN changed_at END"
        " WHERE blocked_by IN (SELECT id FROM order_hold WHERE cause = 'contradiction')"
    )
    op.execute("DELETE FROM order_hold WHERE cause <> 'vendor-refused'")
    op.drop_index("ix_order_hold_operation_id", table_name="order_hold")
    op.drop_index("uq_order_hold_open", table_name="order_hold")
    with op.batch_alter_table("order_hold") as table:
        for name in ("detail", "version", "evidence", "made_operation"):
            table.drop_column(name)
        table.alter_column("tenant", existing_type=sa.Text(), nullable=False)
        table.alter_column("operation_id", existing_type=sa.Text(), nullable=False)
    op.create_index(
        "uq_order_hold_open",
        "order_hold",
        ["backend", "work_order"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    with op.batch_alter_table("work_order") as table:
        table.drop_column("listed_at")
        table.drop_column("recheck")
