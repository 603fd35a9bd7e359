"""The main job: a contractor tells the client's system what became of a work order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Response

from app.api import conditions
from app.api.auth import Caller, requires
from app.api.bodies import StatusUpdateIn
from app.api.cursors import DEFAULT_LIMIT, Cursor, Limit
from app.api.documented import problems, write_answers
from app.api.gateway import GatewayDep
from app.api.idempotency_key import idempotency_key
from app.api.pages import Page
from app.api.parameters import IDEMPOTENCY_KEY, PREFER, BackendName, OrderNumber
from app.api.prefer import preference
from app.api.reads import live
from app.api.requests import Received, strict_router
from app.api.schemas import StatusUpdate, StatusUpdateList
from app.api.writes import Checks, Look, Wish, submit
from app.domain.admission import OrderView, admit, chosen_code
from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    BodyTooLarge,
    CapabilityMissing,
    ClientReferenceUsed,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    LateReasonRequired,
    OrderBlocked,
    OrderEnded,
    OrderQueueFull,
    ReasonUnknown,
    StatusNotEffective,
    StatusTableMissing,
    StatusUnchanged,
    StatusUnknown,
    TransitionNotAllowed,
    UnsupportedMediaType,
    VendorCodeRequired,
    VendorRefused,
    VendorRejectedData,
    WorkOrderNotFound,
)
from app.domain.json import JsonValue
from app.domain.operations import Operation
from app.domain.ports import Capability, Kind, Write
from app.domain.receipts import status_update
from app.domain.times import to_micros
from app.domain.work_orders import OrderKey
from app.ledger import operation_lists, orders
from app.ledger.records import Send
from app.vendors.backends import Backend

router = strict_router(tags=["status updates"])


@router.post(
    "/v1/backends/{backend}/work-orders/{number}/status-updates",
    operation_id="createStatusUpdate",
    summary="Send a status update",
    status_code=201,
    response_model=StatusUpdate,
    responses=write_answers(
        201,
        "The vendor has applied the update.",
        model=StatusUpdate,
        also=(
            IdempotencyKeyMissing,
            WorkOrderNotFound,
            StatusUnchanged,
            TransitionNotAllowed,
            OrderEnded,
            VendorRefused,
            ClientReferenceUsed,
            OrderQueueFull,
            OrderBlocked,
            BodyTooLarge,
            UnsupportedMediaType,
            IdempotencyKeyReused,
            CapabilityMissing,
            StatusUnknown,
            StatusNotEffective,
            StatusTableMissing,
            VendorCodeRequired,
            ReasonUnknown,
            LateReasonRequired,
            VendorRejectedData,
            BackendMisconfigured,
            BackendUnavailable,
            BackendTimeout,
        ),
    ),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY, PREFER]},
)
async def create_status_update(
    request: Received,
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("status:write")],
    backend: BackendName,
    number: OrderNumber,
    body: StatusUpdateIn,
) -> Response:
    """Tell the client's system that a work order has reached a status, and learn what became of it.

    **201**: the vendor has applied it. **202**: it is kept and will be delivered in order; read the operation. **409** and
    **422**: it was refused, by our own checks before anything was sent (`outcome: not_sent`) or by the vendor
    (`outcome: refused`); the problem says why and what to do. If it was sent again, and an earlier attempt may have
    taken effect, `outcome` is `unknown`. Once accepted, a write never answers 5xx.
    """
    key = idempotency_key(request)
    chosen = gateway.backend(backend)
    conditions.refuse_any(request.headers)
    wish = Wish(
        caller=caller,
        backend=chosen,
        name=number,
        kind=Kind.status_update,
        occurred_at=to_micros(body.occurred_at),
        client_reference=body.client_reference,
        key=key,
        checks=status_checks(caller, chosen, body, request.received),
    )
    return await submit(gateway, request, wish, preference(request))


def status_checks(caller: Caller, backend: Backend, body: StatusUpdateIn, sent: JsonValue) -> Checks:
    """May the update be accepted?"""
    wanted = body.wanted(tenant=caller.tenant)
    assert isinstance(sent, Mapping)

    def check(order: OrderView, look: Look) -> Send:
        backend.require(Capability.status_update)
        code = chosen_code(wanted, backend.rules)
        backend.adapter.screen(
            Write(
                operation_id="",
                kind=Kind.status_update,
                order=OrderKey(number=order.number, reference=order.reference, vendor_ids=order.vendor_ids),
                body=sent,
                status=code,
                occurred_at=wanted.occurred_at,
            )
        )
        admit(wanted, code, order, backend.rules, now=look.now, readable=look.may_read)
        return Send(
            target_code=code.code,
            previous_code=order.projected_code or order.code,
            begins=order.observed_at is not None,
        )

    return check


@router.get(
    "/v1/backends/{backend}/work-orders/{number}/status-updates",
    operation_id="listStatusUpdates",
    summary="The status updates of an order",
    response_model=StatusUpdateList,
    response_model_exclude_unset=True,
    responses=problems(WorkOrderNotFound, CapabilityMissing, BackendMisconfigured, BackendUnavailable, BackendTimeout),
)
async def list_status_updates(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    number: OrderNumber,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> StatusUpdateList:
    """Your updates of this order, the newest first, whatever became of them. An order not known here yet is looked up."""
    chosen = gateway.backend(backend)
    known = await gateway.store.look(orders.find(backend, number))
    if known is None:
        chosen.require(Capability.read)
        known = await live(gateway, chosen, number)
    page = Page(gateway, caller, f"status-updates {backend} {known.view.number}", limit=limit)
    after = page.after(cursor)
    found = await gateway.store.read(
        operation_lists.list_operations(
            operation_lists.OperationFilter(
                tenant=caller.tenant,
                backends=frozenset({backend}),
                work_order=known.view.number,
                kind=Kind.status_update,
                before=None if after is None else str(after[0]),
            ),
            most=limit + 1,
        )
    )
    items, onward = page.cut(found, lambda operation: [operation.id])
    return StatusUpdateList.model_validate({"items": [_entry(chosen, one) for one in items], "next": onward})


def _entry(backend: Backend, operation: Operation) -> dict[str, JsonValue]:
    table = backend.rules.table
    kept_here = backend.vendor.kept_here
    shown = status_update(operation, table, state=operation.state, applied_at=None, evidence=None, kept_here=kept_here)
    said = {name: operation.body.get(name) for name in ("comments", "reason_code", "late_reason", "client_reference")}
    return {**shown, **(operation.result or {}), **said, "problem": operation.problem}
