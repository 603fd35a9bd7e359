"""The tables of webhooks: the endpoints, and the messages for each, which are its delivery log as well."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, UniqueConstraint
from sqlalchemy import text as sql_text
from sqlmodel import Field

from app.domain.webhooks import MessageState
from app.ledger.models import Table, _big, _text

_PENDING = sql_text("state = 'pending'")
_STATES = ", ".join(repr(state.value) for state in MessageState)


class WebhookRow(Table, table=True):
    """One endpoint. Lists are words with blanks between, null is each; secrets are sealed (`webhook_secrets.py`).

    `cursor` is the last event that was looked at for it; nothing is sent before `pause_until`, which the endpoint asked for.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        Index("ix_webhook_client_id", "client_id", "id"),
        Index("ix_webhook_tenant", "tenant"),
    )

    id: str = Field(sa_column=_text(primary_key=True))
    tenant: str = Field(sa_column=_text())
    client_id: str = Field(sa_column=_text())
    url: str = Field(sa_column=_text())
    description: str | None = Field(sa_column=_text(nullable=True))
    backends: str | None = Field(sa_column=_text(nullable=True))
    types: str | None = Field(sa_column=_text(nullable=True))
    secret: str = Field(sa_column=_text())
    old_secret: str | None = Field(sa_column=_text(nullable=True))
    old_until: int | None = Field(sa_column=_big(nullable=True))
    enabled: int = Field(sa_column=Column(Integer, nullable=False))
    disabled_reason: str | None = Field(sa_column=_text(nullable=True))
    disabled_at: int | None = Field(sa_column=_big(nullable=True))
    failing_since: int | None = Field(sa_column=_big(nullable=True))
    pause_until: int = Field(sa_column=_big())
    cursor: int = Field(sa_column=_big())
    created_at: int = Field(sa_column=_big())


class WebhookMessageRow(Table, table=True):
    """One message for one endpoint. While it is pending, `next_at` says when it is due; who sends it has it leased.

    `log` is a JSON list of the tries. A test message belongs to no event.
    """

    __tablename__ = "webhook_message"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("ix_webhook_message_log", "webhook_id", "id"),
        Index("ix_webhook_message_finished_at", "finished_at"),
        Index("ix_webhook_message_due", "webhook_id", "next_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index(
            "ix_webhook_message_open",
            "webhook_id",
            "backend",
            "work_order",
            "seq",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
    )

    id: str = Field(sa_column=_text(primary_key=True))
    webhook_id: str = Field(sa_column=_text())
    event_id: int | None = Field(sa_column=_big(nullable=True))
    backend: str | None = Field(sa_column=_text(nullable=True))
    work_order: str | None = Field(sa_column=_text(nullable=True))
    seq: int | None = Field(sa_column=_big(nullable=True))
    type: str = Field(sa_column=_text())
    body: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    tries: int = Field(sa_column=Column(Integer, nullable=False))
    next_at: int | None = Field(sa_column=_big(nullable=True))
    lease_until: int = Field(sa_column=_big())
    fence: int = Field(sa_column=_big())
    log: str = Field(sa_column=_text())
    created_at: int = Field(sa_column=_big())
    finished_at: int | None = Field(sa_column=_big(nullable=True))
