"""`migrate`, and what the other commands say of a database that is not up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.ledger.migrate import migrate, needed_version
from tests.cli.conftest import CONFIG, Run, Said

NOW_NEEDED = needed_version()

NEED_SCHEMA = [
    ("serve",),
    ("backends",),
    ("client", "list"),
    ("client", "create", "acme", "--scope", "all", "--backend", "all"),
    ("operations", "list"),
]


def test_migrate_says_what_it_found_and_what_it_made(run: Run, configured: Path) -> None:
    place = f"sqlite:///{configured}/orderbridge.db"
    assert run("migrate") == Said(code=0, out=f"{place}: schema none -> {NOW_NEEDED}\n", err="")
    assert run("migrate") == Said(code=0, out=f"{place}: schema {NOW_NEEDED}, up to date\n", err="")


def test_migrate_works_on_postgresql_and_shows_no_password(run: Run, folder: Path, postgres_url: str) -> None:
    with_password = postgres_url.replace("postgres@", "postgres:a-password@") + "&sslpassword=a-password"
    (folder / "orderbridge.toml").write_text(CONFIG + f'[database]\nurl = "{with_password}"\n')
    said = run("migrate")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(f": schema none -> {NOW_NEEDED}\n")
    assert "a-password" not in said.out


@pytest.mark.parametrize("command", NEED_SCHEMA, ids=" ".join)
def test_a_database_without_tables_is_sent_to_migrate(command: tuple[str, ...], run: Run, configured: Path) -> None:
    says = "the database has no tables yet: run `orderbridge migrate`\n"
    assert run(*command) == Said(code=2, out="", err=says)
    assert list(configured.glob("orderbridge.db*")) == []


@pytest.mark.parametrize("command", [*NEED_SCHEMA, ("migrate",)], ids=" ".join)
def test_a_database_of_a_newer_version_is_left_alone(command: tuple[str, ...], run: Run, ready: Path) -> None:
    with sqlite3.connect(ready / "orderbridge.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    says = f"this database belongs to a newer orderbridge: it has schema 9999, we know up to {NOW_NEEDED}\n"
    assert run(*command) == Said(code=2, out="", err=says)


def test_a_database_of_an_older_version_is_sent_to_migrate(
    run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ledger.migrate.needed_version", lambda: "9999")
    says = f"the database has schema {NOW_NEEDED}, this orderbridge needs 9999: run `orderbridge migrate`\n"
    assert run("serve") == Said(code=2, out="", err=says)


@pytest.mark.parametrize("command", [*NEED_SCHEMA, ("migrate",)], ids=" ".join)
def test_a_database_that_is_away_is_one_line_and_exit_code_1(command: tuple[str, ...], run: Run, folder: Path) -> None:
    (folder / "orderbridge.toml").write_text(CONFIG + '[database]\nurl = "postgresql://u:p@127.0.0.1:1/none"\n')
    said = run(*command)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("the database cannot be used: ")
    assert said.err.count("\n") == 1


def test_a_file_that_is_no_database_is_one_line_and_exit_code_1(run: Run, configured: Path) -> None:
    (configured / "orderbridge.db").write_text("not a database, but long enough to be looked at by SQLite " * 20)
    said = run("migrate")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "file is not a database" in said.err


def test_a_file_in_a_folder_that_is_not_there_is_named_with_its_key(run: Run, folder: Path) -> None:
    (folder / "orderbridge.toml").write_text(CONFIG + '[database]\nurl = "sqlite:///nodir/x.db"\n')
    says = f"the database cannot be used: {folder}/nodir/x.db (database.url): unable to open database file\n"
    assert run("migrate") == Said(code=1, out="", err=says)


def test_a_second_migrate_changes_nothing(run: Run, ready: Path) -> None:
    before = (ready / "orderbridge.db").read_bytes()
    assert run("migrate").code == 0
    assert (ready / "orderbridge.db").read_bytes() == before
    assert migrate(f"sqlite:///{ready}/orderbridge.db") == NOW_NEEDED
