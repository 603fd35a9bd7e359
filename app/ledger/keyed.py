"""Calls that no vendor sees, done once for an idempotency key: the answer is kept, sealed, in the transaction that did it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.domain.errors import IdempotencyKeyReused
from app.ledger.accept import FIND_KEY
from app.ledger.rows import number, text
from app.ledger.sql import Row, Sql, Unit
from app.ledger.tables import KEY
from app.ledger.webhook_secrets import Unreadable, Vault

TAKE_KEY = Sql(insert_or(KEY).on_conflict_do_nothing().returning(KEY.c.key))
KEEP_ANSWER = Sql(
    update(KEY)
    .where(KEY.c.client_id == bindparam("of_client"), KEY.c.key == bindparam("of_key"))
    .values(answer_status=bindparam("status"), answer_body=bindparam("body"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Keyed:
    """The key of a request, and what tells the request from others."""

    tenant: str
    client_id: str
    key: str
    fingerprint: str
    now: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A final answer: its status and its body as text."""

    status: int
    body: str
    replayed: bool = False


def replayed(keyed: Keyed | None, vault: Vault | None) -> Unit[Answer | None]:
    """The answer that the key has; None for a new key. Raises IdempotencyKeyReused."""
    if keyed is None:
        return None
    rows = yield FIND_KEY, {"client_id": keyed.client_id, "key": keyed.key}
    return _kept(rows[0], keyed, vault) if rows else None


def once(keyed: Keyed | None, vault: Vault | None, work: Callable[[], Unit[Answer]]) -> Unit[Answer]:
    """Do the work unless the key has an answer. What the work raises leaves the key unused.

    The key is taken first: of two requests that come together the second waits for the first, and reads its answer.
    """
    if keyed is None:
        return (yield from work())
    taken = yield (
        TAKE_KEY,
        {
            "client_id": keyed.client_id,
            "key": keyed.key,
            "tenant": keyed.tenant,
            "fingerprint": keyed.fingerprint,
            "operation_id": None,
            "answer_status": None,
            "answer_body": None,
            "created_at": keyed.now,
        },
    )
    if not taken:
        rows = yield FIND_KEY, {"client_id": keyed.client_id, "key": keyed.key}
        return _kept(rows[0], keyed, vault)
    answer = yield from work()
    sealed = answer.body if vault is None else vault.seal(answer.body, tenant=keyed.tenant, name=_name(keyed))
    yield KEEP_ANSWER, {"of_client": keyed.client_id, "of_key": keyed.key, "status": answer.status, "body": sealed}
    return answer


def _kept(row: Row, keyed: Keyed, vault: Vault | None) -> Answer:
    if text(row, "fingerprint") != keyed.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key came before with another request; use a new one.")
    body = text(row, "answer_body")
    if vault is None:
        return Answer(status=number(row, "answer_status"), body=body, replayed=True)
    try:
        body = vault.open(body, tenant=keyed.tenant, name=_name(keyed))
    except Unreadable:
        detail = "This Idempotency-Key has an answer that can be read no more; use a new one."
        raise IdempotencyKeyReused(detail) from None
    return Answer(status=number(row, "answer_status"), body=body, replayed=True)


def _name(keyed: Keyed) -> str:
    return f"answer {keyed.client_id} {keyed.key}"
