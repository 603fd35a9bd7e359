"""How alembic runs a migration of the ledger: on the connection that `app.ledger.migrate` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from app.ledger.models import metadata

connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_server_default=False)
with context.begin_transaction():
    context.run_migrations()
