"""What was sent to a webhook: its log, a message sent again, and a test."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response

from app.api.auth import Caller
from app.api.cursors import DEFAULT_LIMIT, Cursor, Limit
from app.api.documented import problems
from app.api.gateway import Gateway, GatewayDep
from app.api.idempotency_key import idempotency_key
from app.api.keyed_calls import KeyedCall, answer
from app.api.pages import Page
from app.api.requests import strict_router
from app.api.webhook_calls import KEY_NEEDED, KEY_PROBLEMS, Desk, MessageId, Mine, WebhookId, keyed_answers
from app.api.webhook_schemas import WebhookDelivery, WebhookDeliveryList, delivery_json
from app.domain.errors import InvalidRequest
from app.domain.webhook_messages import trial_message
from app.domain.webhooks import Message, Webhook
from app.ledger import webhooks
from app.ledger.keyed import Answer
from app.ledger.sql import Unit
from app.ledger.webhook_desk import WebhookDesk

router = strict_router(tags=["webhooks"])


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    operation_id="listWebhookDeliveries",
    summary="What was sent to a webhook, the newest first",
    response_model=WebhookDeliveryList,
    responses=problems(),
)
async def list_webhook_deliveries(
    gateway: GatewayDep, caller: Mine, webhook_id: WebhookId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> WebhookDeliveryList:
    """Each message with its tries. Messages are kept for 30 days after they were delivered or given up."""
    page = Page(gateway, caller, f"webhook deliveries {webhook_id}", limit=limit)
    after = page.after(cursor)
    await gateway.store.look(webhooks.find(webhook_id, client_id=caller.client_id))
    found = await gateway.store.read(
        webhooks.list_messages(webhook_id, before=None if after is None else str(after[0]), most=limit + 1)
    )
    items, onward = page.cut(found, lambda each: [each.id])
    return WebhookDeliveryList.model_validate({"items": [delivery_json(each) for each in items], "next": onward})


@router.post(
    "/v1/webhooks/{webhook_id}/deliveries/{message_id}/replay",
    operation_id="replayWebhookDelivery",
    summary="Send a message again",
    status_code=202,
    response_model=WebhookDelivery,
    responses=keyed_answers(202, "It is sent again, with the same `webhook-id`.", *KEY_PROBLEMS),
    openapi_extra=KEY_NEEDED,
)
async def replay_webhook_delivery(
    request: Request, gateway: GatewayDep, desk: Desk, caller: Mine, webhook_id: WebhookId, message_id: MessageId
) -> Response:
    """At once, and if need be again as its schedule says, whatever became of it before."""

    def make(_of: Webhook, now: int) -> Unit[Message]:
        return (yield from webhooks.replay(webhook_id, message_id, now=now))

    return await _sent(request, gateway, desk, caller, webhook_id, make)


@router.post(
    "/v1/webhooks/{webhook_id}/test",
    operation_id="testWebhook",
    summary="Send a test message",
    status_code=202,
    response_model=WebhookDelivery,
    responses=keyed_answers(202, "A message of type `webhook.test` is sent.", *KEY_PROBLEMS),
    openapi_extra=KEY_NEEDED,
)
async def try_webhook(
    request: Request, gateway: GatewayDep, desk: Desk, caller: Mine, webhook_id: WebhookId
) -> Response:
    """It tells of nothing; read in the deliveries what became of it."""

    def make(of: Webhook, now: int) -> Unit[Message]:
        new = trial_message(of, now=now)
        yield from webhooks.add_message(new)
        return new

    return await _sent(request, gateway, desk, caller, webhook_id, make)


async def _sent(
    request: Request,
    gateway: Gateway,
    desk: WebhookDesk,
    caller: Caller,
    webhook_id: str,
    make: Callable[[Webhook, int], Unit[Message]],
) -> Response:
    """Put a message into the queue. Raises InvalidRequest where nothing is sent to the webhook."""
    call = KeyedCall(request, caller, gateway, desk.vault, key=idempotency_key(request))

    def work() -> Unit[Answer]:
        of = yield from webhooks.find(webhook_id, client_id=caller.client_id, lock=True)
        made = yield from make(of, call.now)
        if not of.enabled:
            raise InvalidRequest("The webhook is disabled, so nothing is sent to it; enable it first.")
        return answer(202, delivery_json(made))

    response = await call.done(work)
    desk.wake()
    return response
