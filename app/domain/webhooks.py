"""Webhooks: endpoints that are told of events, the messages sent to them, and which endpoint wants which event."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.events import Event
from app.domain.json import JsonObject

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
ROTATION_S = 24 * 3600
"""How long the secret before a rotation signs beside the new one."""
TEST_TYPE = "webhook.test"


class MessageState(StrEnum):
    """Where a message stands. A failed one stays in the log, and can be sent again."""

    pending = "pending"
    delivered = "delivered"
    failed = "failed"


class Disabled(StrEnum):
    """Why nothing is sent to an endpoint."""

    caller = "caller"
    """Its owner has switched it off."""
    gone = "gone"
    """It answered 410."""
    failing = "failing"
    """For days it took nothing at all."""
    secret_unreadable = "secret_unreadable"
    """Its secret cannot be opened: the gateway's signing key was changed since. Rotate the secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """One endpoint. Times are microseconds since 1970; secrets are sealed, and shown to nobody."""

    id: str
    tenant: str
    client_id: str
    url: str
    description: str | None
    backends: frozenset[str] | None
    """None: each that its client has been granted."""
    types: tuple[str, ...] | None
    """None: each."""
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_until: int | None
    enabled: bool
    disabled_reason: Disabled | None
    disabled_at: int | None
    failing_since: int | None
    cursor: int
    """The last event that was looked at for it."""
    created_at: int

    def sees(self, backend: str, *, granted: frozenset[str]) -> bool:
        """Whether it is told of this backend, of those that its client may use now."""
        return backend in granted and (self.backends is None or backend in self.backends)

    def wants(self, event: Event, *, granted: frozenset[str]) -> bool:
        """Whether the event is for it: its tenant's or nobody's, on its backends, of a type that it asked for."""
        mine = event.tenant in (None, self.tenant) and self.sees(event.backend, granted=granted)
        return mine and (self.types is None or any(covers(wanted, event.type) for wanted in self.types))


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """One attempt to send a message: when, how long it took, and what came of it."""

    at: int
    ms: int
    status: int | None
    error: str | None

    def as_json(self) -> JsonObject:
        return {"at": self.at, "ms": self.ms, "status": self.status, "error": self.error}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What an endpoint is told once, however often it is sent: its id is the `webhook-id`."""

    id: str
    webhook_id: str
    event_id: int | None
    """None for a test message, as are the three below."""
    backend: str | None
    work_order: str | None
    seq: int | None
    type: str
    body: str
    state: MessageState
    tries: int
    """Since it was made, or last replayed."""
    next_at: int | None
    log: tuple[Try, ...]
    created_at: int
    fence: int


def covers(wanted: str, type_: str) -> bool:
    """Whether a filter's word names this event type."""
    return type_.startswith(wanted[:-1]) if wanted.endswith(".*") else type_ == wanted


def secret_text(raw: bytes) -> str:
    """A secret as its owner is shown it."""
    return SECRET_PREFIX + b64encode(raw).decode("ascii")


def signature(secrets: Sequence[str], *, message_id: str, at_s: int, body: bytes) -> str:
    """The `webhook-signature` header (Standard Webhooks 1.0.0, "Signature scheme"): one signature for each secret."""
    signed = b".".join([message_id.encode(), str(at_s).encode(), body])
    keys = [b64decode(secret.removeprefix(SECRET_PREFIX), validate=True) for secret in secrets]
    return " ".join("v1," + b64encode(hmac.digest(key, signed, "sha256")).decode("ascii") for key in keys)
