"""Show the exact vendor requests that a write would send, without sending anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from app.api import conditions
from app.api.auth import Caller, requires
from app.api.bodies import PreviewIn, StatusUpdateIn
from app.api.documented import problems
from app.api.gateway import Gateway, GatewayDep
from app.api.order_bodies import WorkOrderIn, WorkOrderPatch, validated
from app.api.order_writes import check_agrees, check_number, check_own_number, check_replaced, collections, first_code
from app.api.parameters import BackendName
from app.api.reads import fresh_or_known
from app.api.requests import strict_router
from app.api.schemas import Preview
from app.domain.admission import chosen_code
from app.domain.change_terms import Found, check_terms, closed_already
from app.domain.entity_tags import entity_tag
from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    BodyTooLarge,
    CapabilityMissing,
    FieldFault,
    GatewayError,
    InvalidRequest,
    OrderEnded,
    PreconditionFailed,
    ReasonUnknown,
    StatusNotEffective,
    StatusTableMissing,
    StatusUnknown,
    UnsupportedMediaType,
    VendorCodeRequired,
    WorkOrderExists,
    WorkOrderNotFound,
)
from app.domain.ports import Capability, Kind, VendorRequest, Write
from app.domain.terms import NO_TERMS, Terms
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
        WorkOrderExists,
        OrderEnded,
        PreconditionFailed,
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

    The scopes that the write itself takes are not asked for here, and a status that only `status:write` may set is shown too.
    Whether the vendor would take it is another question: GET .../transitions answers that.
    """
    kind = Kind(body.kind)
    chosen = gateway.backend(backend, Capability(body.kind))
    write = await (_status_update if kind is Kind.status_update else _change)(gateway, chosen, body)
    sent: Sequence[VendorRequest] = ()
    try:
        if write is not None:
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
    _terms(body, Kind.status_update)
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


async def _change(gateway: Gateway, backend: Backend, body: PreviewIn) -> Write | None:
    """A create, patch, replacement or removal; the order is read and checked as it would be just before sending. None: it is
    so already."""
    kind = Kind(body.kind)
    order_in: WorkOrderIn | None = None
    carried: WorkOrderIn | WorkOrderPatch | None = None
    if kind is Kind.patch:
        carried = validated(WorkOrderPatch, body.body, at=("body", "body"))
    elif kind is not Kind.delete:
        carried = order_in = validated(WorkOrderIn, body.body, at=("body", "body"))
    named = body.work_order if kind is Kind.create else _named(body)
    try:
        if named is not None and kind is not Kind.patch:
            check_number(named, carried)
        code = first_code(backend, order_in, at=gateway.clock())
        check_agrees(backend, order_in, code)
        terms = _terms(body, kind)
        check_replaced(backend, terms.replace, body.body, at="/replace")
    except GatewayError as error:
        raise inside_body(error, backend) from None
    number = _new_number(backend, order_in) if named is None else named
    # An order that takes a number of its own making has none yet.
    known = await _known(gateway, backend, number) if named is not None or (order_in and order_in.number) else None
    seen = None if known is None else known.observation
    found = None if known is None else Found(tag=entity_tag(known.etag, known.view.code), code=known.view.code)
    closed = backend.vendor.closed_code
    try:
        check_terms(kind, terms, found, table=backend.rules.table, closed_code=closed)
        if kind is Kind.patch and seen is not None:
            check_own_number(seen.key.number, body.body)
    except GatewayError as error:
        raise inside_body(error, backend) from None
    if closed_already(kind, found, closed):
        return None
    return Write(
        operation_id=UNSENT,
        kind=kind,
        order=OrderKey(number=number) if seen is None else seen.key,
        body=body.body,
        status=code,
        previous_code=None if known is None else known.view.code,
        terms=terms,
        before=None if seen is None else seen.fields,
    )


def _terms(body: PreviewIn, kind: Kind) -> Terms:
    """The terms as the headers and the query of the write itself would say them."""
    given = {conditions.IF_MATCH: body.if_match, conditions.IF_NONE_MATCH: body.if_none_match}
    headers = {name: value for name, value in given.items() if value is not None}
    if kind is Kind.replace:
        return conditions.of_put(headers)
    if kind in (Kind.create, Kind.status_update):
        conditions.refuse_any(headers)
        return NO_TERMS
    return conditions.of_change(headers, replace=collections(body.replace, at="/replace") if kind is Kind.patch else ())


async def _known(gateway: Gateway, backend: Backend, number: str) -> KnownOrder | None:
    try:
        return await fresh_or_known(gateway, backend, number, fresh_s=0)
    except WorkOrderNotFound:
        return None


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
