"""What most commands begin with: the configuration, a backend of it, and a database whose schema is the one we need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.commands.ends import WRONG, Ends

if TYPE_CHECKING:
    from app.ledger.store import Store
    from app.settings import Configuration
    from app.vendors.backends import Backend
    from app.vendors.vendor import BackendSettings

T = TypeVar("T")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="PATH", help="The configuration. Else $ORDERBRIDGE_CONFIG, else orderbridge.toml here."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def configuration(given: Path | None) -> Configuration:
    """The configuration, for a command that speaks on stdout and logs only what goes wrong. Raises ConfigFault."""
    from app import logs
    from app.settings import config_path, load

    loaded = load(config_path(given))
    logs.configure(level="WARNING", secrets=loaded.secrets())
    return loaded


def settings_of(configured: Configuration, name: str) -> BackendSettings:
    """A backend's section; Ends, naming those there are, if there is none."""
    settings = configured.backends.get(name)
    if settings is None:
        known = ", ".join(sorted(configured.backends)) or "none"
        raise Ends(f"there is no backend {name!r} in the configuration; there is: {known}", code=WRONG)
    return settings


def backend_of(configured: Configuration, name: str) -> Backend:
    """The backend with this name, not yet connected."""
    from app.vendors.backends import Backend
    from app.vendors.registry import VENDORS

    settings = settings_of(configured, name)
    return Backend(name, VENDORS[settings.vendor], settings, fresh_s=configured.delivery.fresh_s)


def database_url(configured: Configuration) -> str:
    """The database of the configuration, wherever this process was started."""
    from app.ledger.open import absolute

    return absolute(configured.database.url, folder=configured.folder)


def need_schema(configured: Configuration) -> None:
    """Ends where the database is not of the version that this code needs, and says what to do."""
    from app.ledger.migrate import needed_version

    has, needed = not_newer(database_url(configured)), needed_version()
    if has == needed:
        return
    if has is None:
        raise Ends("the database has no tables yet: run `orderbridge migrate`", code=WRONG)
    raise Ends(f"the database has schema {has}, this orderbridge needs {needed}: run `orderbridge migrate`", code=WRONG)


def not_newer(url: str) -> str | None:
    """The version that the database has, None for one without tables; Ends where a newer version of this program made it."""
    from app.ledger.migrate import is_known, needed_version, schema_version

    has = schema_version(url)
    if has is None or is_known(has):
        return has
    needed = needed_version()
    raise Ends(f"this database belongs to a newer orderbridge: it has schema {has}, we know up to {needed}", code=WRONG)


def in_store(configured: Configuration, use: Callable[[Store], Awaitable[T]]) -> T:
    """Run `use` on the opened database, beside a gateway that may be serving it. Ends on another schema."""
    from app.ledger.open import open_store

    need_schema(configured)

    async def opened() -> T:
        store = open_store(configured.database.url, folder=configured.folder, owner=False)
        await store.open()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(opened())
