"""Show the exact vendor requests that a write would send, without sending anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.api.auth import Caller, requires
from app.api.bodies import PreviewIn, StatusUpdateIn
from app.api.documented import problems
from app.api.gateway import Gateway, GatewayDep
from app.api.order_bodies import WorkOrderIn, WorkOrderPatch, validated
from app.api.order_writes import check_number, check_replaced, collections, first_code
from app.api.parameters import BackendName
from app.api.reads import fresh_or_known
from app.api.requests import strict_router
from app.api.schemas import Preview
from app.domain.admission import chosen_code
from app.domain.entity_tags import if_match
from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    BodyTooLarge,
    CapabilityMissing,
    FieldFault,
    GatewayError,
    InvalidRequest,
    ReasonUnknown,
    StatusNotEffective,
    StatusTableMissing,
    StatusUnknown,
    UnsupportedMediaType,
    VendorCodeRequired,
    WorkOrderNotFound,
)
from app.domain.ports import Capability, Kind, Write
from app.domain.terms import Terms
from app.domain.work_orders import OrderKey
from app.ledger.records import KnownOrder
from app.vendors.backends import Backend

router = strict_router(tags=["preview"])

UNSENT = "preview"
"""Stands for the id that the operation would have."""


@router.post(
    "/v1/backends/{backend}/preview",
    operation_id="previewWrite",
    summary="Show what a write would send",
    response_model=Preview,
    responses=problems(
        WorkOrderNotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        CapabilityMissing,
        StatusUnknown,
        StatusNotEffective,
        StatusTableMissing,
        VendorCodeRequired,
        ReasonUnknown,
        BackendMisconfigured,
        BackendUnavailable,
        BackendTimeout,
    ),
)
async def preview_write(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    body: PreviewIn,
) -> Preview:
    """Method, address, headers and body of each request to the vendor, with `***` for secrets. Nothing is sent or kept.

    Whether the vendor would take it is another question: GET .../transitions answers that.
    """
    kind = Kind(body.kind)
    chosen = gateway.backend(backend, Capability(body.kind))
    write = await (_status_update if kind is Kind.status_update else _change)(gateway, chosen, body)
    try:
        chosen.adapter.screen(write)
        sent = chosen.adapter.requests(write)
    except GatewayError as error:
        raise inside_body(error, chosen) from None
    return Preview.model_validate(
        {
            "requests": [
                {
                    "method": one.method,
                    "url": one.url,
                    "headers": dict(one.headers),
                    "body": one.body.decode("utf-8", "replace"),
                }
                for one in sent
            ]
        }
    )


async def _status_update(gateway: Gateway, backend: Backend, body: PreviewIn) -> Write:
    asked = validated(StatusUpdateIn, body.body, at=("body", "body"))
    named = _named(body)
    wanted = asked.wanted(tenant="")
    try:
        code = chosen_code(wanted, backend.rules)
    except GatewayError as error:
        raise inside_body(error, backend) from None
    known = await fresh_or_known(gateway, backend, named, fresh_s=float("inf"))
    view = known.view
    return Write(
        operation_id=UNSENT,
        kind=Kind.status_update,
        order=OrderKey(number=view.number, reference=view.reference, vendor_ids=view.vendor_ids),
        body=body.body,
        status=code,
        occurred_at=asked.occurred_at,
        previous_code=view.code,
    )


async def _change(gateway: Gateway, backend: Backend, body: PreviewIn) -> Write:
    """A create, patch, replacement or removal; the order is read as it would be just before sending."""
    kind = Kind(body.kind)
    order_in: WorkOrderIn | None = None
    carried: WorkOrderIn | WorkOrderPatch | None = None
    if kind is Kind.patch:
        carried = validated(WorkOrderPatch, body.body, at=("body", "body"))
    elif kind is not Kind.delete:
        carried = order_in = validated(WorkOrderIn, body.body, at=("body", "body"))
    named = body.work_order if kind is Kind.create else _named(body)
    try:
        if named is not None:
            check_number(named, carried)
        code = first_code(backend, order_in, at=gateway.clock())
        names = collections(body.replace) if kind is Kind.patch else ()
        check_replaced(backend, names, body.body, at="/replace")
    except GatewayError as error:
        raise inside_body(error, backend) from None
    number = _new_number(backend, order_in) if named is None else named
    known = await _known(gateway, backend, number, kind)
    seen = None if known is None else known.observation
    return Write(
        operation_id=UNSENT,
        kind=kind,
        order=OrderKey(number=number) if seen is None else seen.key,
        body=body.body,
        status=code,
        previous_code=None if known is None else known.view.code,
        terms=Terms(replace=names, if_match=if_match(body.if_match)),
        before=None if seen is None else seen.fields,
    )


async def _known(gateway: Gateway, backend: Backend, number: str, kind: Kind) -> KnownOrder | None:
    if kind is Kind.create:
        return None
    try:
        return await fresh_or_known(gateway, backend, number, fresh_s=0)
    except WorkOrderNotFound:
        if kind is Kind.replace:
            return None
        raise


def _new_number(backend: Backend, order_in: WorkOrderIn | None) -> str:
    """The number that a new order would get; empty where the vendor gives it."""
    named = order_in.number if order_in is not None else None
    return named or backend.adapter.own_number(UNSENT) or ""


def _named(body: PreviewIn) -> str:
    if body.work_order is None:
        missing = FieldFault(pointer="/work_order", code="required", message="Name the work order.")
        raise InvalidRequest("/work_order: Name the work order.", faults=(missing,))
    return body.work_order


def inside_body(error: GatewayError, backend: Backend) -> GatewayError:
    """The same error, its pointers going into the `body` that the body carries."""
    error.backend = backend.name
    error.faults = tuple(map(_into_the_body, error.faults))
    return error


def _into_the_body(fault: FieldFault) -> FieldFault:
    return fault if fault.pointer == "/replace" else replace(fault, pointer=f"/body{fault.pointer}")
