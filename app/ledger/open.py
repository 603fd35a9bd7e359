"""Which store a database URL names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from app.ledger.sqlite import SqliteStore
from app.ledger.store import Store


def open_store(url: str, *, folder: Path, owner: bool) -> Store:
    """A store, not yet opened. `owner` is the gateway itself; an admin command that works beside it is none.

    A relative SQLite path starts in `folder`.
    """
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        assert parts.database is not None
        return SqliteStore(folder / parts.database, owner=owner)
    from app.ledger.postgres import PostgresStore  # here, because asyncpg takes a while to load

    return PostgresStore(url)


def absolute(url: str, *, folder: Path) -> str:
    """The same database, wherever the process is started."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or parts.database is None:
        return url
    return parts.set(database=str(folder / parts.database)).render_as_string(hide_password=False)


def folder_of(url: str, *, folder: Path) -> Path | None:
    """Where the database's file is; None for one that is no file here."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or parts.database is None:
        return None
    return (folder / parts.database).parent


def shown(url: str) -> str:
    """The URL as it may be printed."""
    parts = make_url(url)
    hidden = {name: "***" for name in parts.query if "password" in name}
    return parts.update_query_dict(hidden).render_as_string(hide_password=True)
