"""What a webhook says: a hint that something happened, small enough for any receiver; the feed has the whole."""

from __future__ import annotations

import json

from app.domain.events import Event, event_json
from app.domain.ids import new_id
from app.domain.json import JsonValue
from app.domain.statuses import StatusTable
from app.domain.times import rfc3339_micros
from app.domain.webhooks import TEST_TYPE, Message, MessageState, Webhook

MAX_BODY = 20_000
"""Bytes. What is longer goes out without its details, which the feed has."""


def event_name(event_id: int) -> str:
    """An event's id as the feed shows it."""
    return f"evt_{event_id}"


def event_message(of: Webhook, event: Event, table: StatusTable | None, *, now: int) -> Message:
    """The message that tells this endpoint of this event."""
    data = event_json(event, table)
    named = {"event_id": event_name(event.id), **{name: data[name] for name in data if name not in ("type", "at")}}
    body = _written(event.type, event.at, named)
    if len(body.encode()) > MAX_BODY:
        body = _written(event.type, event.at, {**named, "data": None})
    return _message(
        of,
        event.type,
        body,
        now=now,
        event_id=event.id,
        backend=event.backend,
        work_order=event.work_order,
        seq=event.seq,
    )


def trial_message(of: Webhook, *, now: int) -> Message:
    """A message that tells of nothing, for trying an endpoint."""
    return _message(of, TEST_TYPE, _written(TEST_TYPE, now, {"webhook_id": of.id}), now=now)


def _message(
    of: Webhook,
    type_: str,
    body: str,
    *,
    now: int,
    event_id: int | None = None,
    backend: str | None = None,
    work_order: str | None = None,
    seq: int | None = None,
) -> Message:
    return Message(
        id=new_id("msg", now_micros=now),
        webhook_id=of.id,
        event_id=event_id,
        backend=backend,
        work_order=work_order,
        seq=seq,
        type=type_,
        body=body,
        state=MessageState.pending,
        tries=0,
        next_at=now,
        log=(),
        created_at=now,
        fence=0,
    )


def _written(type_: str, at: int, data: dict[str, JsonValue]) -> str:
    payload = {"type": type_, "timestamp": rfc3339_micros(at), "data": data}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
