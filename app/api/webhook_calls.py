"""What the webhook routes share: the sender of this process, the parameters, what their answers declare."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from app.api.auth import Caller, requires
from app.api.documented import CACHE_CONTROL, REPLAYED, Responses, problems
from app.api.parameters import IDEMPOTENCY_KEY
from app.domain.errors import GatewayError, IdempotencyKeyMissing, IdempotencyKeyReused, RateLimited
from app.ledger.webhook_desk import WebhookDesk

Mine = Annotated[Caller, requires("webhooks:write")]
WebhookId = Annotated[str, Path(description="A webhook.", examples=["wh_01KAKZ6S5T8Q3V1M9R4C7E2B6N"])]
MessageId = Annotated[str, Path(description="A message.", examples=["msg_01KAKZ7D2M4X8W6T3Q9B5N1R0C"])]
KEY_NEEDED = {"parameters": [IDEMPOTENCY_KEY]}
KEY_PROBLEMS = (IdempotencyKeyMissing, IdempotencyKeyReused)


async def _desk(request: Request) -> WebhookDesk:
    desk: WebhookDesk = request.app.state.webhooks
    return desk


Desk = Annotated[WebhookDesk, Depends(_desk)]


def keyed_answers(
    status: int, description: str, *kinds: type[GatewayError], headers: dict[str, dict[str, object]] | None = None
) -> Responses:
    """The answers of a call that is done once for each key."""
    return {
        status: {"description": description, "headers": {**REPLAYED, **CACHE_CONTROL, **(headers or {})}},
        **problems(*kinds, RateLimited),
    }
