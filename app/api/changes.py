"""Create, change, replace and close or delete work orders, where the vendor can: through the same ledger as status updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Body, Query, Request, Response

from app.api import conditions
from app.api.auth import Caller, requires
from app.api.documented import write_answers
from app.api.gateway import GatewayDep
from app.api.idempotency_key import idempotency_key, optional_idempotency_key
from app.api.order_bodies import WorkOrderPatch, validated
from app.api.order_writes import check_number, checks, collections, names_older, order_in, within_scopes
from app.api.parameters import (
    IDEMPOTENCY_KEY,
    IF_NO_ORDER,
    IF_ORDER_MATCHES,
    OPTIONAL_IDEMPOTENCY_KEY,
    PREFER,
    BackendName,
    OrderNumber,
)
from app.api.prefer import preference
from app.api.requests import MERGE_PATCH, Received, StrictRequest, strict_router
from app.api.schemas import Effect, WorkOrder
from app.api.writes import Wish, submit
from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    BodyTooLarge,
    CapabilityMissing,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    OrderBlocked,
    OrderEnded,
    OrderQueueFull,
    PreconditionFailed,
    StatusTableMissing,
    StatusUnknown,
    UnsupportedMediaType,
    VendorCodeRequired,
    VendorRefused,
    VendorRejectedData,
    WorkOrderExists,
    WorkOrderNotFound,
)
from app.domain.json import JsonObject
from app.domain.ports import Capability, Kind
from app.domain.terms import NO_TERMS

router = strict_router(tags=["work orders"])

ERRORS = (
    WorkOrderNotFound,
    VendorRefused,
    OrderQueueFull,
    OrderBlocked,
    BodyTooLarge,
    UnsupportedMediaType,
    CapabilityMissing,
    IdempotencyKeyReused,
    VendorRejectedData,
    BackendMisconfigured,
    BackendUnavailable,
    BackendTimeout,
)
BEGINS = (StatusUnknown, StatusTableMissing, VendorCodeRequired)
Order = Annotated[dict[str, Any], Body(description="Members of a work order, in our names.")]
Writer = Annotated[Caller, requires("orders:write")]

WRITE: dict[str, Any] = {"parameters": [IDEMPOTENCY_KEY, PREFER]}
PATCH: dict[str, Any] = {
    "parameters": [IDEMPOTENCY_KEY, IF_ORDER_MATCHES, PREFER],
    "requestBody": {"content": {MERGE_PATCH: {}}},
}
PUT: dict[str, Any] = {"parameters": [OPTIONAL_IDEMPOTENCY_KEY, IF_ORDER_MATCHES, IF_NO_ORDER, PREFER]}
DELETE: dict[str, Any] = {"parameters": [OPTIONAL_IDEMPOTENCY_KEY, IF_ORDER_MATCHES, PREFER]}

IN_PLACE = (*ERRORS, OrderEnded, PreconditionFailed)
"""Of a write to an order that is there."""
NEW = "Created; the order as the vendor has it now."

CREATED = write_answers(201, NEW, model=WorkOrder, also=(IdempotencyKeyMissing, *ERRORS, *BEGINS, WorkOrderExists))
CHANGED = write_answers(
    200, "The order as the vendor has it now.", model=WorkOrder, also=(IdempotencyKeyMissing, *IN_PLACE, *BEGINS)
)
REPLACED = {**write_answers(201, NEW, model=WorkOrder, also=(*IN_PLACE, *BEGINS)), 200: CHANGED[200]}
REMOVED = write_answers(200, "What became of the order.", model=Effect, also=IN_PLACE)


@router.post(
    "/v1/backends/{backend}/work-orders",
    operation_id="createWorkOrder",
    summary="Create an order",
    status_code=201,
    responses=CREATED,
    response_class=Response,
    openapi_extra=WRITE,
)
async def create_work_order(
    request: Received, gateway: GatewayDep, caller: Writer, backend: BackendName, body: Order
) -> Response:
    """The answer is the vendor's own record, with its number and its defaults. An order that exists is never overwritten.

    Where the vendor cannot create orders (Civica Cx, OverIT), 422 `capability-missing`.
    """
    chosen = gateway.backend(backend)
    conditions.refuse_any(request.headers)
    sent = _object(request)
    new = order_in(chosen, Kind.create, sent)
    wish = Wish(
        caller=caller,
        backend=chosen,
        name=(new.number if new is not None else None) or "",
        kind=Kind.create,
        occurred_at=None,
        client_reference=None,
        key=idempotency_key(request),
        checks=checks(caller, chosen, Kind.create, sent, NO_TERMS, begins_as=new),
    )
    return await submit(gateway, request, wish, preference(request))


@router.patch(
    "/v1/backends/{backend}/work-orders/{number}",
    operation_id="patchWorkOrder",
    summary="Change an order",
    responses=CHANGED,
    response_class=Response,
    openapi_extra=PATCH,
)
async def patch_work_order(
    request: Received,
    gateway: GatewayDep,
    caller: Writer,
    backend: BackendName,
    number: OrderNumber,
    body: Order,
    replace: Annotated[
        list[str] | None,
        Query(
            description="Collections whose whole place the body's takes, for example `assets`.", examples=[["assets"]]
        ),
    ] = None,
) -> Response:
    """A merge patch (RFC 7396) in our names: what is absent stays, null removes, elements of a collection go by their key.

    An empty object changes nothing. A status is set by a status update, not here. Where the vendor takes status updates
    only (Civica Cx), 422 `capability-missing`.
    """
    chosen = gateway.backend(backend)
    sent = _object(request)
    if Capability.patch in chosen.vendor.capabilities:
        validated(WorkOrderPatch, sent)
    terms = conditions.of_change(conditions.given(request.headers), replace=collections(replace, at="/query/replace"))
    wish = Wish(
        caller=caller,
        backend=chosen,
        name=number,
        kind=Kind.patch,
        occurred_at=None,
        client_reference=None,
        key=idempotency_key(request),
        checks=checks(caller, chosen, Kind.patch, sent, terms),
        terms=terms,
    )
    return await submit(gateway, request, wish, preference(request))


@router.put(
    "/v1/backends/{backend}/work-orders/{number}",
    operation_id="putWorkOrder",
    summary="Create or replace an order",
    responses=REPLACED,
    response_class=Response,
    openapi_extra=PUT,
)
async def put_work_order(
    request: Received,
    gateway: GatewayDep,
    caller: Writer,
    backend: BackendName,
    number: OrderNumber,
    body: Order,
) -> Response:
    """The whole order as the body says it: 201 if it is new, 200 if it took the place of one.

    With `If-Match: *` only an order that exists is replaced, with `If-None-Match: *` only a new one is made. Without the
    scope `status:write` a status may be named only as you read it of the order, with its `vendor_status` or its ETag as
    `If-Match`, or beside `If-None-Match: *`: else 403 `scope-missing`, or 412 where the vendor shows another by now. Where the
    vendor cannot replace orders, 422 `capability-missing`.
    """
    chosen = gateway.backend(backend)
    sent = _object(request)
    new = order_in(chosen, Kind.replace, sent)
    check_number(number, new)
    terms = within_scopes(caller, conditions.of_put(conditions.given(request.headers)))
    older = await names_older(gateway, chosen, number, terms)
    wish = Wish(
        caller=caller,
        backend=chosen,
        name=number,
        kind=Kind.replace,
        occurred_at=None,
        client_reference=None,
        key=optional_idempotency_key(request),
        checks=checks(caller, chosen, Kind.replace, sent, terms, begins_as=new, of_earlier_read=older),
        terms=terms,
    )
    return await submit(gateway, request, wish, preference(request))


@router.delete(
    "/v1/backends/{backend}/work-orders/{number}",
    operation_id="deleteWorkOrder",
    summary="Close or delete an order",
    responses=REMOVED,
    response_class=Response,
    openapi_extra=DELETE,
)
async def delete_work_order(
    request: Request,
    gateway: GatewayDep,
    caller: Writer,
    backend: BackendName,
    number: OrderNumber,
    expect: Annotated[
        Literal["close", "delete"] | None, Query(description="What you expect it to do; anything else is 422, unsent.")
    ] = None,
) -> Response:
    """Closes the order (Unit4) or deletes it for good (NexusFS); `expect` guards against the one you do not mean.

    Where the vendor can do neither, 422 `capability-missing`.
    """
    chosen = gateway.backend(backend)
    terms = conditions.of_change(conditions.given(request.headers))
    wish = Wish(
        caller=caller,
        backend=chosen,
        name=number,
        kind=Kind.delete,
        occurred_at=None,
        client_reference=None,
        key=optional_idempotency_key(request),
        checks=checks(caller, chosen, Kind.delete, {}, terms, expect=expect),
        terms=terms,
    )
    return await submit(gateway, StrictRequest(request.scope, request.receive), wish, preference(request))


def _object(request: StrictRequest) -> JsonObject:
    """The body as the caller sent it; its model has let nothing but an object pass."""
    sent = request.received
    assert isinstance(sent, Mapping)
    return sent
