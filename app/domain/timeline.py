"""The story of an order: what was asked, what was sent and answered, what the vendor's system showed, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.domain.events import Event, data_json, status_shown
from app.domain.json import JsonObject, JsonValue
from app.domain.operations import Operation
from app.domain.statuses import StatusTable
from app.domain.times import rfc3339_micros

KINDS: dict[str, str] = {
    "request": "A write as it was accepted: its body as asked, by which client, under which key.",
    "attempt": "The attempt was recorded, and then sent to the vendor.",
    "answer": "What the attempt came to, with the vendor's own words.",
    "state": "The write moved on; with the end of it, what its caller was answered.",
    "change": "The vendor's system showed something that it had not shown before.",
    "deleted": "A write removed the order from the vendor's system.",
    "missing": "The vendor's system showed the order no longer.",
    "hold_opened": "The order's queue stopped, and waits for a person.",
    "hold_closed": "A person said how it goes on.",
}
_EVENTS = {
    "work_order.changed": "change",
    "work_order.deleted": "deleted",
    "work_order.missing": "missing",
    "hold.opened": "hold_opened",
    "hold.closed": "hold_closed",
}


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """Where an entry stands: by time, then by what leads to what, then by its own id and number."""

    at: int
    rank: int
    key: str
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Requested:
    """An accepted write, and the SHA-256 of its Idempotency-Key while that is kept."""

    operation: Operation
    key_sha256: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """An attempt at the moment when it was recorded."""

    operation_id: str
    n: int
    deadline_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """An attempt at the moment when its outcome was recorded; the vendor's words without secrets."""

    operation_id: str
    n: int
    outcome: str | None
    detail: str | None
    vendor_code: str | None
    vendor_message: str | None
    vendor_status: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """An event, and for the end of a write the answer that its caller got."""

    event: Event
    answer_status: int | None
    answer: JsonObject | None


What: TypeAlias = "Requested | Begun | Ended | Recorded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that happened."""

    place: Place
    what: What


def entry_json(entry: Entry, table: StatusTable) -> dict[str, JsonValue]:
    """An entry as the API shows it."""
    at = rfc3339_micros(entry.place.at)
    match entry.what:
        case Requested() as asked:
            return {"at": at, "kind": "request", **_asked(asked, table)}
        case Begun() as begun:
            deadline = rfc3339_micros(begun.deadline_at)
            return {
                "at": at,
                "kind": "attempt",
                "operation_id": begun.operation_id,
                "n": begun.n,
                "deadline_at": deadline,
            }
        case Ended() as ended:
            return {"at": at, "kind": "answer", **_answered(ended)}
        case Recorded() as recorded:
            return {"at": at, **_recorded(recorded, table)}


def _asked(asked: Requested, table: StatusTable) -> dict[str, JsonValue]:
    of = asked.operation
    return {
        "operation_id": of.id,
        "operation_kind": of.kind.value,
        "client_id": of.client_id,
        "request_id": of.request_id,
        "idempotency_key_sha256": asked.key_sha256,
        "client_reference": of.client_reference,
        "body": of.body,
        "replace": list(of.terms.replace),
        "if_match": list(of.terms.if_match),
        "if_none_match": list(of.terms.if_none_match),
        "occurred_at": rfc3339_micros(of.occurred_at),
        **({} if of.target_code is None else status_shown(of.target_code, table)),
    }


def _answered(ended: Ended) -> dict[str, JsonValue]:
    words: dict[str, JsonValue] = {
        "code": ended.vendor_code,
        "message": ended.vendor_message,
        "status": ended.vendor_status,
    }
    return {
        "operation_id": ended.operation_id,
        "n": ended.n,
        "outcome": ended.outcome,
        "detail": ended.detail,
        "vendor": words if any(word is not None for word in words.values()) else None,
    }


def _recorded(recorded: Recorded, table: StatusTable) -> dict[str, JsonValue]:
    event = recorded.event
    subject, _, state = event.type.partition(".")
    shown: dict[str, JsonValue] = {
        "kind": "state" if subject == "operation" else _EVENTS.get(event.type, event.type),
        "seq": event.seq,
        "source": event.source,
        "operation_id": event.operation_id,
    }
    if subject == "operation":
        shown["state"] = state
    shown.update(data_json(event, table))
    if recorded.answer is not None:
        shown["answer"] = {"status": recorded.answer_status, "body": recorded.answer}
    return shown
