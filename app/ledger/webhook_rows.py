"""Rows of the webhooks' tables as the domain's records, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable

from app.domain.webhooks import Disabled, Message, MessageState, Try, Webhook
from app.ledger.rows import compact, number, number_or_none, text, text_or_none
from app.ledger.sql import Params, Row


def webhook(row: Row) -> Webhook:
    """A whole row of webhook."""
    backends, types = text_or_none(row, "backends"), text_or_none(row, "types")
    reason = text_or_none(row, "disabled_reason")
    return Webhook(
        id=text(row, "id"),
        tenant=text(row, "tenant"),
        client_id=text(row, "client_id"),
        url=text(row, "url"),
        description=text_or_none(row, "description"),
        backends=None if backends is None else frozenset(backends.split()),
        types=None if types is None else tuple(types.split()),
        secret=text(row, "secret"),
        old_secret=text_or_none(row, "old_secret"),
        old_until=number_or_none(row, "old_until"),
        enabled=bool(number(row, "enabled")),
        disabled_reason=None if reason is None else Disabled(reason),
        disabled_at=number_or_none(row, "disabled_at"),
        failing_since=number_or_none(row, "failing_since"),
        cursor=number(row, "cursor"),
        created_at=number(row, "created_at"),
    )


def webhook_values(of: Webhook) -> Params:
    return {
        "id": of.id,
        "tenant": of.tenant,
        "client_id": of.client_id,
        "url": of.url,
        "description": of.description,
        "backends": None if of.backends is None else " ".join(sorted(of.backends)),
        "types": None if of.types is None else " ".join(of.types),
        "secret": of.secret,
        "old_secret": of.old_secret,
        "old_until": of.old_until,
        "enabled": int(of.enabled),
        "disabled_reason": None if of.disabled_reason is None else of.disabled_reason.value,
        "disabled_at": of.disabled_at,
        "failing_since": of.failing_since,
        "pause_until": 0,
        "cursor": of.cursor,
        "created_at": of.created_at,
    }


def message(row: Row) -> Message:
    """A whole row of webhook_message."""
    return Message(
        id=text(row, "id"),
        webhook_id=text(row, "webhook_id"),
        event_id=number_or_none(row, "event_id"),
        backend=text_or_none(row, "backend"),
        work_order=text_or_none(row, "work_order"),
        seq=number_or_none(row, "seq"),
        type=text(row, "type"),
        body=text(row, "body"),
        state=MessageState(text(row, "state")),
        tries=number(row, "tries"),
        next_at=number_or_none(row, "next_at"),
        log=tuple(Try(**one) for one in json.loads(text(row, "log"))),
        created_at=number(row, "created_at"),
        fence=number(row, "fence"),
    )


def message_values(of: Message) -> Params:
    return {
        "id": of.id,
        "webhook_id": of.webhook_id,
        "event_id": of.event_id,
        "backend": of.backend,
        "work_order": of.work_order,
        "seq": of.seq,
        "type": of.type,
        "body": of.body,
        "state": of.state.value,
        "tries": of.tries,
        "next_at": of.next_at,
        "lease_until": 0,
        "fence": of.fence,
        "log": log_text(of.log),
        "created_at": of.created_at,
        "finished_at": None,
    }


def log_text(log: Iterable[Try]) -> str:
    return compact([one.as_json() for one in log])
