"""Callers: made, listed, revoked, and looked up when a token is asked for or used."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from app.domain.clients import ClientRecord
from app.ledger.rows import number_or_none, text
from app.ledger.sql import Row, Sql, Unit
from app.ledger.tables import CLIENT

ADD = Sql(insert(CLIENT))
FIND = Sql(select(CLIENT).where(CLIENT.c.id == bindparam("of_id")))
ALL = Sql(select(CLIENT).order_by(CLIENT.c.created_at, CLIENT.c.id))
REVOKE = Sql(
    update(CLIENT)
    .where(CLIENT.c.id == bindparam("of_id"), CLIENT.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
    .returning(CLIENT.c.id)
)
REPLACE = Sql(
    update(CLIENT)
    .where(CLIENT.c.id == bindparam("of_id"))
    .values(
        tenant=bindparam("new_tenant"),
        secret_sha256=bindparam("new_secret"),
        scopes=bindparam("new_scopes"),
        backends=bindparam("new_backends"),
        revoked_at=None,
    )
    .returning(CLIENT.c.id)
)


def add(client: ClientRecord, *, now: int) -> Unit[None]:
    """A new client; its id must not be in use."""
    yield (
        ADD,
        {
            "id": client.id,
            "tenant": client.tenant,
            "secret_sha256": client.secret_sha256.hex(),
            "scopes": " ".join(sorted(client.scopes)),
            "backends": " ".join(sorted(client.backends)),
            "created_at": now,
            "revoked_at": None,
        },
    )


def put(client: ClientRecord, *, now: int) -> Unit[None]:
    """The client as given, new or not: how the sandbox keeps its own caller."""
    rows = yield (
        REPLACE,
        {
            "of_id": client.id,
            "new_tenant": client.tenant,
            "new_secret": client.secret_sha256.hex(),
            "new_scopes": " ".join(sorted(client.scopes)),
            "new_backends": " ".join(sorted(client.backends)),
        },
    )
    if not rows:
        yield from add(client, now=now)


def find(client_id: str) -> Unit[ClientRecord | None]:
    rows = yield FIND, {"of_id": client_id}
    return _client(rows[0]) if rows else None


def list_clients() -> Unit[list[ClientRecord]]:
    rows = yield ALL, {}
    return [_client(row) for row in rows]


def revoke(client_id: str, *, now: int) -> Unit[bool]:
    """Whether there was such a client to revoke."""
    rows = yield REVOKE, {"of_id": client_id, "now": now}
    return bool(rows)


def _client(row: Row) -> ClientRecord:
    return ClientRecord(
        id=text(row, "id"),
        tenant=text(row, "tenant"),
        secret_sha256=bytes.fromhex(text(row, "secret_sha256")),
        scopes=frozenset(text(row, "scopes").split()),
        backends=frozenset(text(row, "backends").split()),
        revoked=number_or_none(row, "revoked_at") is not None,
    )
