"""`orderbridge client`: the callers of the API."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.configured import ConfigOption, JsonOption
from app.commands.ends import FAILED, WRONG, Ends, plainly

if TYPE_CHECKING:
    from app.domain.clients import ClientRecord
    from app.domain.json import JsonValue
    from app.ledger.sql import Unit

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
A_NAME = "letters, digits, dots, dashes and underscores, at most 63, and begin with a letter or a digit"
MADE_OF = 54
"""How much of a tenant's name is in an id that is made up: the rest of 63 characters is its own."""
ALL = "all"


def create(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="The organisation; its clients share operations.")],
    scope: Annotated[list[str], typer.Option(metavar="SCOPE", help="What it may do: a scope, or all. Repeat it.")],
    backend: Annotated[list[str], typer.Option(metavar="BACKEND", help="Which it may use: a name, or all. Repeat it.")],
    client_id: Annotated[str, typer.Option("--id", metavar="ID", help="Its client_id. Else one is made up.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a client and print its client_id and client_secret.

    The secret is shown this once; we keep only its hash. A running gateway knows the client within
    5 seconds. `all` means every scope, or every backend configured now.

    \b
    Example:
      orderbridge client create acme --scope orders:read --scope status:write --backend riverside
    \b
    Exit codes: 0 made, 1 the id is in use or the database cannot be used, 2 an unknown scope or backend.
    """
    with plainly():
        from app.commands.configured import configuration, in_store
        from app.domain.clients import SCOPES, ClientRecord, new_secret, secret_digest

        configured = configuration(config)
        name = client_id or f"{tenant[:MADE_OF]}-{secrets.token_hex(4)}"
        for label, text in (("TENANT", tenant), ("--id", name)):
            if not NAME.fullmatch(text):
                raise Ends(f"{label} must be {A_NAME}", code=WRONG)
        secret = new_secret()
        record = ClientRecord(
            id=name,
            tenant=tenant,
            secret_sha256=secret_digest(secret),
            scopes=_chosen("scope", scope, list(SCOPES)),
            backends=_chosen("backend", backend, list(configured.backends)),
            revoked=False,
        )
        if not in_store(configured, lambda store: store.write(_add(record, now=store.now()))):
            raise Ends(f"there is a client {name!r} already; choose another --id", code=FAILED)
    if as_json:
        shown = _json(record)
        del shown["revoked"]
        print(json.dumps({"client_id": name, "client_secret": secret, **shown}, indent=2))
    else:
        print(f"client_id      {name}\nclient_secret  {secret}\n{_text(record)}")
        print("The secret is not shown again.")


def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all clients, the revoked ones too.

    \b
    Example:
      orderbridge client list --json
    \b
    Exit codes: 0 listed, 1 the database cannot be used, 2 the configuration or the schema is wrong.
    """
    with plainly():
        from app.commands.configured import configuration, in_store
        from app.ledger import clients

        found = in_store(configuration(config), lambda store: store.read(clients.list_clients()))
    if as_json:
        print(json.dumps([_json(one) for one in found], indent=2))
        return
    if not found:
        print("There are no clients yet: orderbridge client create --help")
    for one in found:
        print(f"{one.id}{' (revoked)' if one.revoked else ''}\n{_text(one, indent='  ')}")


def revoke(
    client_id: Annotated[str, typer.Argument(metavar="ID", help="The client_id.")],
    config: ConfigOption = None,
) -> None:
    """Take a client's access away for good.

    Its tokens stop working within 5 seconds, everywhere.

    \b
    Example:
      orderbridge client revoke acme-5f3c9a01
    \b
    Exit codes: 0 revoked, 1 there is no such client or it was revoked before, 2 the configuration is wrong.
    """
    with plainly():
        from app.commands.configured import configuration, in_store
        from app.ledger import clients

        revoked = in_store(configuration(config), lambda store: store.write(clients.revoke(client_id, now=store.now())))
        if not revoked:
            raise Ends(f"there is no client {client_id!r} that could be revoked", code=FAILED)
    print(f"{client_id} is revoked; its tokens stop working within 5 seconds.")


def _add(record: ClientRecord, *, now: int) -> Unit[bool]:
    """Whether the client was added; False if its id is in use."""
    from app.ledger import clients

    if (yield from clients.find(record.id)) is not None:
        return False
    yield from clients.add(record, now=now)
    return True


def _chosen(what: str, asked: Sequence[str], known: Sequence[str]) -> frozenset[str]:
    unknown = sorted(set(asked) - {*known, ALL})
    if unknown:
        raise Ends(
            f"no such {what}: {', '.join(unknown)}; there is: {', '.join(known) or 'none'}, or {ALL}", code=WRONG
        )
    chosen = frozenset(known) if ALL in asked else frozenset(asked)
    if not chosen:
        raise Ends(f"there is no {what} to grant: add a section [backends.NAME] to the configuration", code=WRONG)
    return chosen


def _json(record: ClientRecord) -> dict[str, JsonValue]:
    return {
        "client_id": record.id,
        "tenant": record.tenant,
        "scopes": sorted(record.scopes),
        "backends": sorted(record.backends),
        "revoked": record.revoked,
    }


def _text(record: ClientRecord, *, indent: str = "") -> str:
    lines = {
        "tenant": record.tenant,
        "scopes": " ".join(sorted(record.scopes)),
        "backends": " ".join(sorted(record.backends)),
    }
    return "\n".join(f"{indent}{label:15}{value}" for label, value in lines.items())
