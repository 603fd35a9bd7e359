"""Bodies and answers of the webhook routes, as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints
from pydantic.config import JsonDict

from app.api.bodies import Input, Word
from app.api.schemas import Output
from app.domain.json import JsonValue
from app.domain.times import rfc3339_micros
from app.domain.webhook_messages import event_name
from app.domain.webhooks import Disabled, Message, MessageState, Webhook

Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
Description = Annotated[str, StringConstraints(max_length=500)]
EventType = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*(\.\*)?$")]
Backends = Annotated[list[Word], Field(min_length=1, max_length=100)]
Types = Annotated[list[EventType], Field(min_length=1, max_length=50)]

URL = "Where to post: https, with a name that leads to public addresses only."
BACKENDS = "Tell of these backends only; null: of each that your client may use."
TYPES = "Tell of these event types only, or of all that begin alike: `operation.*`; null: of each."
DESCRIPTION = "For yourself."


class WebhookIn(Input):
    """An endpoint to be told of events."""

    url: Url = Field(description=URL)
    backends: Backends | None = Field(default=None, description=BACKENDS)
    types: Types | None = Field(default=None, description=TYPES)
    description: Description | None = Field(default=None, description=DESCRIPTION)


def _without_default(schema: JsonDict) -> None:
    schema.pop("default", None)


class WebhookPatch(Input):
    """What to change; what is left out stays, and null takes a restriction or the description away."""

    url: Url = Field(default="", description=URL, json_schema_extra=_without_default)
    backends: Backends | None = Field(default=None, description=BACKENDS)
    types: Types | None = Field(default=None, description=TYPES)
    description: Description | None = Field(default=None, description=DESCRIPTION)
    enabled: StrictBool = Field(
        default=True,
        description="false: nothing is sent. true again: it goes on where it stopped.",
        json_schema_extra=_without_default,
    )


class WebhookOut(Output):
    """An endpoint that is told of events."""

    id: str = Field(description="The webhook's id.")
    url: str = Field(description="Where is posted to, as we understood it.")
    backends: list[str] | None = Field(description="Those it is told of; null: each that your client may use.")
    types: list[str] | None = Field(description="The event types that it is told of; null: each.")
    description: str | None = Field(description=DESCRIPTION)
    enabled: bool = Field(description="Whether anything is sent.")
    disabled_reason: Disabled | None = Field(description="Why nothing is.")
    disabled_at: datetime | None = Field(description="Since when nothing is.")
    failing_since: datetime | None = Field(
        description="Since when every try has failed; after five days of it the webhook is disabled. null: all is well."
    )
    old_secret_until: datetime | None = Field(description="Until when the secret before the last rotation signs too.")
    created_at: datetime = Field(description="When it was made.")


class WebhookWithSecret(WebhookOut):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(description="`whsec_` and the signing key in base64. Keep it; it is not shown again.")


class WebhookTry(Output):
    """One attempt to send a message."""

    at: datetime = Field(description="When it began.")
    ms: int = Field(description="How long it took, in milliseconds.")
    status: int | None = Field(description="The HTTP status that was answered, if one was.")
    error: str | None = Field(description="Why it failed; null: it did not.")


class WebhookDelivery(Output):
    """A message to an endpoint, and what became of it."""

    message_id: str = Field(description="The `webhook-id`: the same however often it is sent.")
    event_id: str | None = Field(description="The event that it tells of, as the feed names it; null for a test.")
    type: str = Field(description="The event's type, or `webhook.test`.")
    backend: str | None = Field(description="The event's backend.")
    work_order: str | None = Field(description="The event's order.")
    seq: int | None = Field(description="The event's place among those of its order.")
    state: MessageState = Field(description="Where it stands; a failed one can be sent again.")
    attempts: list[WebhookTry] = Field(description="The tries, oldest first; the latest thirty.")
    next_try: datetime | None = Field(description="When it is tried next, at the earliest; null: never by itself.")
    created_at: datetime = Field(description="When it was made.")


class WebhookList(Output):
    """A page of your webhooks, the newest first."""

    items: list[WebhookOut] = Field(description="This page.")
    next: str | None = Field(description="Give it as `cursor` to read on; null at the end.")


class WebhookDeliveryList(Output):
    """A page of a webhook's messages, the newest first."""

    items: list[WebhookDelivery] = Field(description="This page.")
    next: str | None = Field(description="Give it as `cursor` to read on; null at the end.")


def webhook_json(of: Webhook) -> dict[str, JsonValue]:
    """A webhook as it is answered."""
    return {
        "id": of.id,
        "url": of.url,
        "backends": None if of.backends is None else sorted(of.backends),
        "types": None if of.types is None else list(of.types),
        "description": of.description,
        "enabled": of.enabled,
        "disabled_reason": None if of.disabled_reason is None else of.disabled_reason.value,
        "disabled_at": rfc3339_micros(of.disabled_at),
        "failing_since": rfc3339_micros(of.failing_since),
        "old_secret_until": rfc3339_micros(of.old_until),
        "created_at": rfc3339_micros(of.created_at),
    }


def delivery_json(of: Message) -> dict[str, JsonValue]:
    """A message as it is answered."""
    return {
        "message_id": of.id,
        "event_id": None if of.event_id is None else event_name(of.event_id),
        "type": of.type,
        "backend": of.backend,
        "work_order": of.work_order,
        "seq": of.seq,
        "state": of.state.value,
        "attempts": [
            {"at": rfc3339_micros(one.at), "ms": one.ms, "status": one.status, "error": one.error} for one in of.log
        ],
        "next_try": rfc3339_micros(of.next_at) if of.state is MessageState.pending else None,
        "created_at": rfc3339_micros(of.created_at),
    }
