"""Holds: orders whose queue stopped until a person says how it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Path, Query, Response

from app.api import conditions
from app.api.auth import Caller, nothing_here, requires
from app.api.bodies import HoldResolutionIn
from app.api.cursors import DEFAULT_LIMIT, Cursor, Limit
from app.api.documented import REPLAYED, problems
from app.api.gateway import Gateway, GatewayDep
from app.api.hold_schemas import HoldList, HoldOut
from app.api.hold_words import word_of
from app.api.idempotency_key import idempotency_key
from app.api.keyed_calls import KeyedCall, answer
from app.api.pages import Page
from app.api.parameters import IDEMPOTENCY_KEY, OfBackend, OfOrder, optional_header
from app.api.requests import Received, strict_router
from app.domain.entity_tags import if_match
from app.domain.errors import (
    BodyTooLarge,
    CapabilityMissing,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    PreconditionFailed,
    RateLimited,
    ReasonUnknown,
    StatusNotEffective,
    StatusTableMissing,
    StatusUnknown,
    UnsupportedMediaType,
    VendorCodeRequired,
)
from app.domain.holds import Hold
from app.domain.ports import Kind
from app.domain.receipts import hold_json
from app.ledger import holds, operations, orders
from app.ledger.keyed import Answer
from app.ledger.resolving import Resolved, resolve
from app.ledger.sql import Unit

router = strict_router(tags=["holds"])

HoldId = Annotated[str, Path(description="A hold's id.", examples=["hold_01KAKZ6T3J5N2M8Q4X7B9C1D0F"])]
IF_HOLD_MATCHES = optional_header(
    "If-Match", "The hold's ETag: it is resolved only if the hold still has it; else 412."
)
ETAG = {"ETag": {"description": "Of this state of the hold.", "schema": {"type": "string"}}}


@router.get(
    "/v1/holds",
    operation_id="listHolds",
    summary="Holds, the newest first",
    response_model=HoldList,
    responses=problems(),
)
async def list_holds(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("holds:read")],
    state: Annotated[Literal["open", "resolved"] | None, Query(description="Only those in this state.")] = None,
    backend: OfBackend = None,
    work_order: OfOrder = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> HoldList:
    """Your orders that wait, or waited, for a person, and those that wait for nobody's write in particular."""
    page = Page(gateway, caller, f"holds {state} {backend} {work_order}", limit=limit)
    after = page.after(cursor)
    found = await gateway.store.read(
        holds.list_holds(
            holds.HoldFilter(
                tenant=caller.tenant,
                backends=caller.backends if backend is None else caller.backends & {backend},
                open=None if state is None else state == "open",
                work_order=work_order,
                before=None if after is None else str(after[0]),
            ),
            most=limit + 1,
        )
    )
    items, onward = page.cut(found, lambda hold: [hold.id])
    kinds = await _kinds(gateway, items)
    shown = [hold_json(one, tenant=caller.tenant, kind=kinds.get(one.operation_id)) for one in items]
    return HoldList.model_validate({"items": shown, "next": onward})


@router.get(
    "/v1/holds/{hold_id}",
    operation_id="getHold",
    summary="One hold",
    response_model=HoldOut,
    responses={200: {"description": "The hold as it stands.", "headers": ETAG}, **problems()},
)
async def get_hold(
    response: Response, gateway: GatewayDep, caller: Annotated[Caller, requires("holds:read")], hold_id: HoldId
) -> HoldOut:
    """Why the order waits, and by which actions it goes on. Send its `ETag` as If-Match when you resolve it."""
    found = await _mine(gateway, caller, hold_id)
    response.headers["ETag"] = found.tag
    kinds = await _kinds(gateway, [found])
    return HoldOut.model_validate(hold_json(found, tenant=caller.tenant, kind=kinds.get(found.operation_id)))


@router.post(
    "/v1/holds/{hold_id}/resolution",
    operation_id="resolveHold",
    summary="Resolve a hold",
    response_class=Response,
    responses={
        200: {"model": HoldOut, "description": "The hold, resolved.", "headers": {**ETAG, **REPLAYED}},
        **problems(
            IdempotencyKeyMissing,
            PreconditionFailed,
            BodyTooLarge,
            UnsupportedMediaType,
            IdempotencyKeyReused,
            CapabilityMissing,
            StatusUnknown,
            StatusNotEffective,
            StatusTableMissing,
            VendorCodeRequired,
            ReasonUnknown,
            RateLimited,
        ),
    },
    openapi_extra={"parameters": [IDEMPOTENCY_KEY, IF_HOLD_MATCHES]},
)
async def resolve_hold(
    request: Received,
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("holds:resolve")],
    hold_id: HoldId,
    body: HoldResolutionIn,
) -> Response:
    """Say how the order goes on, once you have looked at it in the vendor's own screens.

    Before anything queued behind is sent, the order is read from the vendor, and each write is checked against what it shows.
    A hold that somebody else has resolved meanwhile is 412 `precondition-failed`.
    """
    key = idempotency_key(request)
    tags = if_match(conditions.given(request.headers).get(conditions.IF_MATCH))
    found = await _mine(gateway, caller, hold_id)
    call = KeyedCall(request, caller, gateway, None, key=key)
    if (before := await call.replayed()) is not None:  # before the word is looked at: it might be refused by now
        return _tagged(before, await _mine(gateway, caller, hold_id))
    word = await word_of(gateway, caller, found, body, if_match=tags)
    resolved: list[Resolved] = []

    def work() -> Unit[Answer]:
        done = yield from resolve(hold_id, word)
        backend = gateway.backends.get(found.backend)
        if backend is not None and backend.vendor.removes:
            yield from orders.forget_deleted(done.changed, now=word.now)
        resolved.append(done)
        return answer(200, hold_json(done.hold, tenant=caller.tenant))

    response = await call.done(work)
    if response.headers["Idempotent-Replayed"] == "true":  # a request with the same key has come between
        return _tagged(response, await _mine(gateway, caller, hold_id))
    gateway.dispatcher.changed(found.backend, resolved[-1].changed)
    return _tagged(response, resolved[-1].hold)


def _tagged(response: Response, resolved: Hold) -> Response:
    """A resolved hold changes no more: a repeat has the ETag that the first answer had."""
    response.headers["ETag"] = resolved.tag
    return response


async def _kinds(gateway: Gateway, found: Sequence[Hold]) -> dict[str | None, Kind]:
    """What the causes of the open holds are, by their ids: which actions are left depends on it."""
    causes = [one.operation_id for one in found if one.operation_id is not None and one.closed_at is None]
    if not causes:
        return {}
    return {one.id: one.kind for one in await gateway.store.read(operations.find_several(causes))}


async def _mine(gateway: Gateway, caller: Caller, hold_id: str) -> Hold:
    found = await gateway.store.look(holds.find_mine(hold_id, tenant=caller.tenant, backends=caller.backends))
    return found or nothing_here()
