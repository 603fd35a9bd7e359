"""Callers: what we keep about a client, the scopes that exist, and the port through which a client is looked up."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Protocol

SCOPES: dict[str, str] = {
    "orders:read":     "Read backends, status tables, work orders and their histories.",
    "orders:write":    "Create, change, replace, close and delete work orders.",
    "status:write":    "Send status updates, and give an order another status as it is replaced.",
    "operations:read": "Read operations: every write and where it stands; and have the vendor asked again about one.",
    "holds:read":      "Read holds: the orders that wait for a person.",
    "holds:resolve":   "Resolve holds.",
    "events:read":     "Read the change feed.",
    "webhooks:write":  "Register, change and remove webhooks.",
}  # fmt: skip
"""Every scope, and what it lets a client do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientRecord:
    """One client as stored. Of its secret only the SHA-256 is kept: enough, because the secret is 256 random bits."""

    id: str
    tenant: str
    secret_sha256: bytes
    scopes: frozenset[str]
    backends: frozenset[str]
    revoked: bool


class ClientDirectory(Protocol):
    """Where clients are looked up: the ledger, or a dictionary in a test."""

    async def client(self, client_id: str) -> ClientRecord | None:
        """The client with this id, revoked ones included; None if there is none."""


def new_secret() -> str:
    """A client secret: 256 random bits as text, to be shown once."""
    return secrets.token_urlsafe(32)


def secret_digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
