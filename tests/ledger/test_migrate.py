"""Migrations: one history, which makes on both databases exactly the tables that the code declares."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from app.ledger import migrate as migrations
from app.ledger.migrate import migrate, needed_version, schema_version
from app.ledger.models import metadata
from app.ledger.store import StoreUnavailable


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def on_connection() -> Callable[[str, Callable[[Connection], object]], object]:
    """Run something on a connection of the kind that migrations get."""
    return migrations._with_connection


def difference(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    found: list[object] = compare_metadata(context, metadata)
    return found


def shape(connection: Connection) -> dict[str, object]:
    """Tables, their primary keys, uniqueness, checks, indexes and columns, by name."""
    looked_at = inspect(connection)
    return {
        table: {
            "columns": {column["name"]: column["nullable"] for column in looked_at.get_columns(table)},
            "pk": looked_at.get_pk_constraint(table)["constrained_columns"],
            "unique": {each["name"]: each["column_names"] for each in looked_at.get_unique_constraints(table)},
            "checks": {each["name"] for each in looked_at.get_check_constraints(table)},
            "indexes": {
                each["name"]: (
                    each["column_names"],
                    bool(each["unique"]),
                    any(option.endswith("_where") for option in each["dialect_options"]),
                )
                for each in looked_at.get_indexes(table)
                if not each.get("duplicates_constraint")
            },
        }
        for table in sorted(looked_at.get_table_names())
        if table != "alembic_version"
    }


def test_the_migrated_tables_are_those_that_the_code_declares(
    empty: str, on_connection: Callable[[str, Callable[[Connection], object]], object]
) -> None:
    migrate(empty)
    assert on_connection(empty, difference) == []


def test_the_migrated_tables_have_the_keys_checks_and_indexes_of_the_declared_ones(
    empty: str, tmp_path: Path, on_connection: Callable[[str, Callable[[Connection], object]], object]
) -> None:
    migrate(empty)
    declared = f"sqlite:///{tmp_path / 'declared.db'}"
    on_connection(declared, metadata.create_all)
    assert on_connection(empty, shape) == on_connection(declared, shape)


def test_a_database_tells_its_version(empty: str) -> None:
    assert schema_version(empty) is None
    assert migrate(empty) == needed_version()
    assert schema_version(empty) == needed_version()


def test_migrating_again_changes_nothing(empty: str) -> None:
    assert [migrate(empty) for _ in range(3)] == [needed_version()] * 3


def test_gateways_that_migrate_together_make_the_tables_once(empty: str) -> None:
    with ThreadPoolExecutor(4) as gateways:
        assert list(gateways.map(migrate, [empty] * 4)) == [needed_version()] * 4


def test_what_a_database_holds_stays_when_it_is_migrated_again(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO client VALUES ('a', 'acme', '', '', '', 0, NULL)")
    migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id FROM client").fetchall() == [("a",)]


def test_a_file_that_is_not_there_has_no_version_and_is_not_made_by_asking(tmp_path: Path) -> None:
    assert schema_version(f"sqlite:///{tmp_path / 'new.db'}") is None
    assert list(tmp_path.iterdir()) == []


def test_a_version_of_this_code_is_known_and_a_newer_one_is_not() -> None:
    assert [migrations.is_known(version) for version in (needed_version(), "9999")] == [True, False]


def test_the_versions_that_file_names_tell_are_those_of_alembics_one_line() -> None:
    scripts = ScriptDirectory.from_config(migrations.config())
    assert sorted(migrations._versions()) == sorted(script.revision for script in scripts.walk_revisions())
    assert [needed_version()] == scripts.get_heads()


def test_a_database_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        migrate(f"sqlite:///{tmp_path}/nowhere/new.db")
    for ask in (migrate, schema_version):
        with pytest.raises(StoreUnavailable):
            ask(f"postgresql://postgres@/ledger?host={tmp_path}")
