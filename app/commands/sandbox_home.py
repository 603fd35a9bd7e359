"""Where a sandbox lives: its folder, the configuration in it, a migrated database, and the client with the public secret."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.ends import WRONG, Ends

if TYPE_CHECKING:
    from app.domain.json import JsonValue
    from app.ledger.sql import Unit
    from app.settings import Configuration

CLIENT_ID, SECRET = "sandbox", "sandbox-secret"
CONFIG, KEY, DATABASE, LOCK = "sandbox.toml", "signing-key", "orderbridge.db", "sandbox.lock"


def home(data: Path | None, stack: ExitStack) -> Path:
    """The sandbox's folder, ours until the stack ends; in it a signing key that stays, so that tokens do too."""
    try:
        if data is None:
            made = tempfile.TemporaryDirectory(prefix="orderbridge-sandbox-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(made))
        else:
            folder = data.absolute()
            folder.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((folder / LOCK).open("a"))
        if not (folder / KEY).exists():
            _write(folder / KEY, secrets.token_urlsafe(48))
    except OSError as error:
        raise Ends(f"--data: {error}", code=WRONG) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Ends(f"--data: another sandbox is at work in {folder}", code=WRONG) from error
    return folder


def furnished(
    folder: Path, *, public_url: str, database_url: str, backends: Mapping[str, Mapping[str, JsonValue]]
) -> Configuration:
    """The configuration, written down so that the other commands can use it; the database is migrated and has the client.

    A database that is somebody's stays as it is: the client's secret, which is public, would open it. It is so too if one of
    their clients has our client's name.
    """
    from app.commands.configured import database_url as absolute
    from app.commands.configured import in_store, not_newer
    from app.domain.clients import secret_digest
    from app.ledger.migrate import client_secrets, migrate
    from app.settings import load

    sections: dict[str, Mapping[str, JsonValue]] = {
        "server": {"public_url": public_url, "drain_s": 0},
        "database": {"url": database_url or f"sqlite:///{DATABASE}"},
        "auth": {"signing_key": f"file:{KEY}"},
        "webhooks": {"allow_loopback": True},
        **{f"backends.{name}": section for name, section in backends.items()},
    }
    _write(folder / CONFIG, "\n".join(_section(name, values) for name, values in sections.items()))
    configuration = load(folder / CONFIG)
    not_newer(absolute(configuration))
    known = client_secrets(absolute(configuration))
    if known and known.get((CLIENT_ID, CLIENT_ID)) != secret_digest(SECRET).hex():
        raise Ends("--database-url: other clients use this database; the sandbox needs one of its own", code=WRONG)
    migrate(absolute(configuration))
    in_store(configuration, lambda store: store.write(_put_client(configuration, now=store.now())))
    return configuration


def _put_client(configuration: Configuration, *, now: int) -> Unit[None]:
    from app.domain.clients import SCOPES, ClientRecord, secret_digest
    from app.ledger import clients

    record = ClientRecord(
        id=CLIENT_ID,
        tenant=CLIENT_ID,
        secret_sha256=secret_digest(SECRET),
        scopes=frozenset(SCOPES),
        backends=frozenset(configuration.backends),
        revoked=False,
    )
    yield from clients.put(record, now=now)


def _write(path: Path, text: str) -> None:
    """A file that only this user reads."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _section(name: str, values: Mapping[str, JsonValue]) -> str:
    """A table in TOML."""
    return "\n".join([f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items()), ""])


def _toml(value: JsonValue) -> str:
    """A value in TOML, which writes all but tables as JSON does."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)
