"""Databases with the tables of an older version, for the tests of the migrations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import Connection, text

from app.ledger import migrate as migrations

On = Callable[[Callable[[Connection], object]], object]


def old_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, *, version: str) -> On:
    """A new database on the store that the fixture's parameter names, with the tables of this version."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('old') / 'old.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    migrations._with_connection(url, lambda connection: to(connection, version))
    return lambda use: migrations._with_connection(url, use)


def to(connection: Connection, version: str) -> None:
    """Bring the tables to this version, up or down."""
    at = connection.dialect.has_table(connection, "alembic_version")
    now_is = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if at else None
    up = now_is is None or now_is < version
    (command.upgrade if up else command.downgrade)(migrations.config(connection), version)
