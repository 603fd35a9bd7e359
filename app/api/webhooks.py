"""Webhooks: endpoints that are told of events (Standard Webhooks 1.0.0), as a hint to read the feed."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import replace

from fastapi import Request, Response

from app.api.auth import Caller
from app.api.cursors import DEFAULT_LIMIT, Cursor, Limit
from app.api.documented import problems
from app.api.gateway import GatewayDep
from app.api.idempotency_key import idempotency_key, optional_idempotency_key
from app.api.keyed_calls import KeyedCall, answer
from app.api.pages import Page
from app.api.parameters import OPTIONAL_IDEMPOTENCY_KEY
from app.api.requests import Received, strict_router
from app.api.webhook_calls import KEY_NEEDED, KEY_PROBLEMS, Desk, Mine, WebhookId, keyed_answers
from app.api.webhook_schemas import (
    WebhookIn,
    WebhookList,
    WebhookOut,
    WebhookPatch,
    WebhookWithSecret,
    webhook_json,
)
from app.domain.errors import (
    BodyTooLarge,
    FieldFault,
    IdempotencyKeyReused,
    InvalidRequest,
    UnsupportedMediaType,
)
from app.domain.ids import new_id
from app.domain.times import SECOND
from app.domain.webhooks import ROTATION_S, SECRET_BYTES, Disabled, Webhook, secret_text
from app.ledger import webhooks
from app.ledger.keyed import Answer
from app.ledger.sql import Unit
from app.ledger.store import StoreUnavailable
from app.ledger.webhook_secrets import Unreadable, Vault

router = strict_router(tags=["webhooks"])

DROP_AT_ONCE = 1000
BODY_PROBLEMS = (*KEY_PROBLEMS, BodyTooLarge, UnsupportedMediaType)
LOCATION: dict[str, dict[str, object]] = {
    "Location": {"description": "Where the webhook can be read.", "schema": {"type": "string"}}
}


@router.post(
    "/v1/webhooks",
    operation_id="createWebhook",
    summary="Register a webhook",
    status_code=201,
    response_model=WebhookWithSecret,
    responses=keyed_answers(201, "Registered; the secret is shown this once.", *BODY_PROBLEMS, headers=LOCATION),
    openapi_extra=KEY_NEEDED,
)
async def create_webhook(request: Received, body: WebhookIn, gateway: GatewayDep, desk: Desk, caller: Mine) -> Response:
    """From now on each event that you may see is posted there, signed with the secret. Any answer of 2xx takes it."""
    call = KeyedCall(request, caller, gateway, desk.vault, key=idempotency_key(request))
    if (before := await call.replayed()) is not None:
        return _located(before)
    _need_granted(body.backends, caller)
    url = await desk.check(body.url)
    made = new_id("wh", now_micros=call.now)
    secret = secret_text(secrets.token_bytes(SECRET_BYTES))
    new = Webhook(
        id=made,
        tenant=caller.tenant,
        client_id=caller.client_id,
        url=url,
        description=body.description,
        backends=None if body.backends is None else frozenset(body.backends),
        types=None if body.types is None else tuple(dict.fromkeys(body.types)),
        secret=desk.vault.seal(secret, tenant=caller.tenant, name=made),
        old_secret=None,
        old_until=None,
        enabled=True,
        disabled_reason=None,
        disabled_at=None,
        failing_since=None,
        cursor=await desk.horizon(),
        created_at=call.now,
    )

    def work() -> Unit[Answer]:
        added = yield from webhooks.add(new, most=desk.max_endpoints)
        return answer(201, {**webhook_json(added), "secret": secret})

    response = await call.done(work)
    desk.wake()
    return _located(response)


@router.get(
    "/v1/webhooks",
    operation_id="listWebhooks",
    summary="Your webhooks, the newest first",
    response_model=WebhookList,
    responses=problems(),
)
async def list_webhooks(
    gateway: GatewayDep, caller: Mine, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> WebhookList:
    """Those that this client has registered, without their secrets."""
    page = Page(gateway, caller, "webhooks", limit=limit)
    after = page.after(cursor)
    found = await gateway.store.read(
        webhooks.list_mine(caller.client_id, before=None if after is None else str(after[0]), most=limit + 1)
    )
    items, onward = page.cut(found, lambda each: [each.id])
    return WebhookList.model_validate({"items": [webhook_json(each) for each in items], "next": onward})


@router.get(
    "/v1/webhooks/{webhook_id}",
    operation_id="getWebhook",
    summary="One webhook",
    response_model=WebhookOut,
    responses=problems(),
)
async def get_webhook(gateway: GatewayDep, caller: Mine, webhook_id: WebhookId) -> WebhookOut:
    """What it is told of, and whether it takes what it is sent."""
    found = await gateway.store.look(webhooks.find(webhook_id, client_id=caller.client_id))
    return WebhookOut.model_validate(webhook_json(found))


@router.patch(
    "/v1/webhooks/{webhook_id}",
    operation_id="patchWebhook",
    summary="Change, disable or enable a webhook",
    response_model=WebhookOut,
    responses=keyed_answers(200, "The webhook as it is now.", *BODY_PROBLEMS),
    openapi_extra=KEY_NEEDED,
)
async def patch_webhook(
    request: Received, body: WebhookPatch, gateway: GatewayDep, desk: Desk, caller: Mine, webhook_id: WebhookId
) -> Response:
    """What is left out stays. An endpoint that is enabled again is sent what it has missed, from where it stopped."""
    call = KeyedCall(request, caller, gateway, desk.vault, key=idempotency_key(request))
    if (before := await call.replayed()) is not None:
        return before
    await gateway.store.look(webhooks.find(webhook_id, client_id=caller.client_id))  # before anything is resolved
    _need_granted(body.backends, caller)
    url = await desk.check(body.url) if "url" in body.model_fields_set else None

    def work() -> Unit[Answer]:
        was = yield from webhooks.find(webhook_id, client_id=caller.client_id, lock=True)
        changed = _changed(was, body, url, now=call.now)
        yield from webhooks.change(changed)
        return answer(200, webhook_json(changed))

    response = await call.done(work)
    desk.wake()
    return response


@router.delete(
    "/v1/webhooks/{webhook_id}",
    operation_id="deleteWebhook",
    summary="Remove a webhook",
    status_code=204,
    responses=keyed_answers(204, "Removed, and its log with it.", IdempotencyKeyReused),
    openapi_extra={"parameters": [OPTIONAL_IDEMPOTENCY_KEY]},
)
async def delete_webhook(
    request: Request, gateway: GatewayDep, desk: Desk, caller: Mine, webhook_id: WebhookId
) -> Response:
    """Nothing is sent there any more; a message that is on its way may still arrive."""
    call = KeyedCall(request, caller, gateway, desk.vault, key=optional_idempotency_key(request))

    def work() -> Unit[Answer]:
        yield from webhooks.remove(webhook_id, client_id=caller.client_id)
        return answer(204)

    response = await call.done(work)
    with suppress(StoreUnavailable):  # it is removed; what is left of its log goes when the sender clears up
        while await gateway.store.write(webhooks.drop_messages(webhook_id, most=DROP_AT_ONCE)) == DROP_AT_ONCE:
            continue
    return response


@router.post(
    "/v1/webhooks/{webhook_id}/rotate-secret",
    operation_id="rotateWebhookSecret",
    summary="Give a webhook a new secret",
    response_model=WebhookWithSecret,
    responses=keyed_answers(
        200, "The new secret is shown this once; the old one signs too for 24 hours.", *KEY_PROBLEMS
    ),
    openapi_extra=KEY_NEEDED,
)
async def rotate_webhook_secret(
    request: Request, gateway: GatewayDep, desk: Desk, caller: Mine, webhook_id: WebhookId
) -> Response:
    """For 24 hours each message carries two signatures, so that no receiver misses one while it changes over."""
    call = KeyedCall(request, caller, gateway, desk.vault, key=idempotency_key(request))
    secret = secret_text(secrets.token_bytes(SECRET_BYTES))

    def work() -> Unit[Answer]:
        was = yield from webhooks.find(webhook_id, client_id=caller.client_id, lock=True)
        readable = _readable(was, desk.vault)
        rotated = replace(
            was,
            secret=desk.vault.seal(secret, tenant=was.tenant, name=was.id),
            old_secret=was.secret if readable else None,
            old_until=call.now + ROTATION_S * SECOND if readable else None,
        )
        yield from webhooks.change(rotated)
        return answer(200, {**webhook_json(rotated), "secret": secret})

    return await call.done(work)


def _located(created: Response) -> Response:
    created.headers["Location"] = f"/v1/webhooks/{json.loads(bytes(created.body))['id']}"
    return created


def _need_granted(wanted: list[str] | None, caller: Caller) -> None:
    """Raises InvalidRequest for backends that the caller may not use, as for those that do not exist."""
    message = "There is no such backend, or it is not yours to use."
    faults = tuple(
        FieldFault(pointer=f"/backends/{index}", code="unknown-backend", message=message)
        for index, name in enumerate(wanted or ())
        if name not in caller.backends
    )
    if faults:
        raise InvalidRequest(f"{faults[0].pointer}: {message}", faults=faults)


def _changed(was: Webhook, body: WebhookPatch, url: str | None, *, now: int) -> Webhook:
    """The webhook with what the body names; being enabled, or sent elsewhere, it is given time anew."""
    named = body.model_fields_set
    changed = was
    if url is not None:
        changed = replace(changed, url=url, failing_since=None)
    if "backends" in named:
        changed = replace(changed, backends=None if body.backends is None else frozenset(body.backends))
    if "types" in named:
        changed = replace(changed, types=None if body.types is None else tuple(dict.fromkeys(body.types)))
    if "description" in named:
        changed = replace(changed, description=body.description)
    if "enabled" in named and body.enabled:
        changed = replace(changed, enabled=True, disabled_reason=None, disabled_at=None, failing_since=None)
    elif "enabled" in named and was.enabled:
        changed = replace(changed, enabled=False, disabled_reason=Disabled.caller, disabled_at=now)
    return changed


def _readable(of: Webhook, vault: Vault) -> bool:
    try:
        vault.open(of.secret, tenant=of.tenant, name=of.id)
    except Unreadable:
        return False
    return True
