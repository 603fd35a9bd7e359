"""The event feed and the timeline as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from app.api.documented import CACHE_CONTROL
from app.api.schemas import Output
from app.domain.events import SOURCES, TYPES
from app.domain.evidence import ASK, KEYS
from app.domain.timeline import KINDS


class Event(Output):
    """Something that happened to an order. `backend`, `work_order` and `seq` together name it for good."""

    id: str = Field(description="Names the event; the same in the feed, in the stream and for every client.")
    cursor: str = Field(description="Give it as `after` to read on behind this event.")
    seq: int = Field(
        description="Counts the events of the order, without gaps. Those of other tenants' writes are not shown to you: "
        "where they leave a gap, the order may have another status."
    )
    at: datetime = Field(description="When it was recorded.")
    type: str = Field(
        description="What happened. Types may be added: pass over one that you do not know.", examples=[*TYPES]
    )
    source: str = Field(
        description="What brought it to light: our own sending, the poller, a read that somebody asked for, a person.",
        examples=[*SOURCES],
    )
    backend: str = Field(description="The backend.")
    work_order: str | None = Field(description="The order; null for a create that the vendor has not numbered yet.")
    operation_id: str | None = Field(description="The write of yours that it belongs to.")
    data: dict[str, Any] = Field(
        description="What there is to tell. `operation.*`: `status` and `vendor_status` asked for, `previous_status`, "
        "`previous_state`, and `problem` or `evidence`. `work_order.changed`: `was` and `now`, each with the members that "
        "differ; an order seen for the first time has an empty `was`. `hold.*`: `hold_id` and why."
    )


class EventList(Output):
    """A page of the feed, the oldest event first."""

    items: list[Event] = Field(description="The next events; none when you have seen them all.")
    next: str = Field(description="Give it as `after` next time. Never null: the feed has no end.")


class TimelineEntry(Output):
    """One thing that happened to the order. Further members depend on `kind`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    at: datetime = Field(description="When.")
    kind: str = Field(
        description=" ".join(f"`{kind}`: {means}" for kind, means in KINDS.items()) + " Kinds may be added.",
        examples=[*KINDS],
    )
    operation_id: str | None = Field(default=None, description="The write that it belongs to.")


class Timeline(Output):
    """The story of an order: your own writes, and what the vendor's system showed."""

    items: list[TimelineEntry] = Field(description="This page, the oldest first.")
    next: str | None = Field(description="Give it as `cursor` to read on; null at the end.")


_BASE64URL = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
EVIDENCE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "The whole story of an order as one signed document: a JWS (RFC 7515) in its general JSON form. `payload`, "
    "decoded from base64url, is the document as canonical JSON (RFC 8785).",
    "required": ["payload", "signatures", "sha256", "verification"],
    "properties": {
        "payload": {**_BASE64URL, "description": "The document, base64url of its canonical JSON."},
        "signatures": {
            "type": "array",
            "description": "One signature.",
            "items": {
                "type": "object",
                "required": ["protected", "signature"],
                "properties": {
                    "protected": {**_BASE64URL, "description": "The header: `alg`, `kid` and `typ`."},
                    "signature": {**_BASE64URL, "description": "Over `protected` + `.` + `payload`."},
                },
            },
        },
        "sha256": {"type": "string", "description": "Of the decoded payload, in hexadecimal; a short name, no proof."},
        "verification": {
            "type": "string",
            "enum": [KEYS, ASK],
            "description": f"`{KEYS}`: with the key at /.well-known/jwks.json that `kid` names. `{ASK}`: it is signed "
            "with a secret that only the issuer has.",
        },
    },
}
EVIDENCE_ANSWER: dict[str, Any] = {
    "description": "The story; with `format=evidence` as a signed document.",
    "headers": {
        "Content-Disposition": {"description": "A file name for the document.", "schema": {"type": "string"}},
        **CACHE_CONTROL,
    },
    "content": {
        "application/jose+json": {
            "schema": EVIDENCE_SCHEMA,
            "example": {
                "payload": "eyJjb21wbGV0ZSI6dHJ1ZSwiZW50cmllcyI6W119",
                "signatures": [
                    {
                        "protected": "eyJhbGciOiJFUzI1NiIsImtpZCI6IjFrIn0",
                        "signature": "p0sJ1rYx2gk0nVb0wqk4uQmB0lq1yW8mF2c4nq7H5xM",
                    }
                ],
                "sha256": "9f2c0f1f2a9d6c1f5a7b3e4d8c6b5a49382716f5e4d3c2b1a09f8e7d6c5b4a39",
                "verification": KEYS,
            },
        }
    },
}
