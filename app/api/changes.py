"""Create, change, replace and close or delete work orders, where the vendor can: through the same ledger as status updates."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Request, Response

from app.api.auth import Caller, requires
from app.api.documented import write_answers
from app.api.gateway import Gateway, GatewayDep
from app.api.idempotency_key import idempotency_key, optional_idempotency_key
from app.api.parameters import IDEMPOTENCY_KEY, OPTIONAL_IDEMPOTENCY_KEY, PREFER, BackendName, OrderNumber
from app.api.prefer import preference
from app.api.requests import MERGE_PATCH, Received, StrictRequest, strict_router
from app.api.schemas import Effect, WorkOrder
from app.api.writes import Look, Wish, submit
from app.domain.admission import OrderView, ReadFirst
from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    BodyTooLarge,
    CapabilityMissing,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    OrderQueueFull,
    UnsupportedMediaType,
    VendorRefused,
    VendorRejectedData,
    WorkOrderNotFound,
)
from app.domain.ports import Capability, Kind
from app.ledger.records import Send

router = strict_router(tags=["work orders"])

ERRORS = (
    IdempotencyKeyMissing,
    WorkOrderNotFound,
    VendorRefused,
    OrderQueueFull,
    BodyTooLarge,
    UnsupportedMediaType,
    CapabilityMissing,
    IdempotencyKeyReused,
    VendorRejectedData,
    BackendMisconfigured,
    BackendUnavailable,
    BackendTimeout,
)
Order = Annotated[dict[str, Any], Body(description="Members of a work order, in our names.")]
Writer = Annotated[Caller, requires("orders:write")]

WRITE: dict[str, Any] = {"parameters": [IDEMPOTENCY_KEY, PREFER]}
UNKEYED_WRITE: dict[str, Any] = {"parameters": [OPTIONAL_IDEMPOTENCY_KEY, PREFER]}
MERGE: dict[str, Any] = {"requestBody": {"content": {MERGE_PATCH: {"schema": {"type": "object"}}}}}

CREATED = write_answers(201, "Created; the order as the vendor has it now.", model=WorkOrder, also=ERRORS)
CHANGED = write_answers(200, "The order as the vendor has it now.", model=WorkOrder, also=ERRORS)
REMOVED = write_answers(200, "What became of the order.", model=Effect, also=ERRORS)


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
    request: Received,
    gateway: GatewayDep,
    caller: Writer,
    backend: BackendName,
    body: Order,
) -> Response:
    """Where the vendor cannot create orders (Civica Cx), 422 `capability-missing`."""
    return await _submit(gateway, request, caller, backend, "", Kind.create, key=idempotency_key(request))


@router.patch(
    "/v1/backends/{backend}/work-orders/{number}",
    operation_id="patchWorkOrder",
    summary="Change an order",
    responses=CHANGED,
    response_class=Response,
    openapi_extra={**WRITE, **MERGE},
)
async def patch_work_order(
    request: Received,
    gateway: GatewayDep,
    caller: Writer,
    backend: BackendName,
    number: OrderNumber,
    body: Order,
) -> Response:
    """A merge patch (RFC 7396). Where the vendor takes status updates only (Civica Cx), 422 `capability-missing`."""
    return await _submit(gateway, request, caller, backend, number, Kind.patch, key=idempotency_key(request))


@router.put(
    "/v1/backends/{backend}/work-orders/{number}",
    operation_id="putWorkOrder",
    summary="Create or replace an order",
    responses={**CHANGED, **CREATED},
    response_class=Response,
    openapi_extra=UNKEYED_WRITE,
)
async def put_work_order(
    request: Received,
    gateway: GatewayDep,
    caller: Writer,
    backend: BackendName,
    number: OrderNumber,
    body: Order,
) -> Response:
    """Where the vendor cannot replace orders (Civica Cx), 422 `capability-missing`."""
    return await _submit(gateway, request, caller, backend, number, Kind.replace, key=optional_idempotency_key(request))


@router.delete(
    "/v1/backends/{backend}/work-orders/{number}",
    operation_id="deleteWorkOrder",
    summary="Close or delete an order",
    responses=REMOVED,
    response_class=Response,
    openapi_extra=UNKEYED_WRITE,
)
async def delete_work_order(
    request: Request,
    gateway: GatewayDep,
    caller: Writer,
    backend: BackendName,
    number: OrderNumber,
) -> Response:
    """Where the vendor cannot close or delete orders (Civica Cx), 422 `capability-missing`."""
    bodiless = StrictRequest(request.scope, request.receive)
    return await _submit(gateway, bodiless, caller, backend, number, Kind.delete, key=optional_idempotency_key(request))


NEED_THE_ORDER = frozenset({Kind.patch, Kind.delete})


async def _submit(
    gateway: Gateway, request: StrictRequest, caller: Caller, backend: str, name: str, kind: Kind, *, key: str | None
) -> Response:
    chosen = gateway.backend(backend)

    def checks(order: OrderView, look: Look) -> Send:
        chosen.require(Capability(kind.value))
        if kind in NEED_THE_ORDER and order.observed_at is None and look.may_read:
            raise ReadFirst  # it may be named by its reference, and its queue is its number's
        return Send(target_code=None, previous_code=None)

    wish = Wish(
        caller=caller,
        backend=chosen,
        name=name,
        kind=kind,
        occurred_at=None,
        client_reference=None,
        key=key,
        checks=checks,
    )
    return await submit(gateway, request, wish, preference(request))
