"""Show the exact vendor requests that a write would send, without sending anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.api.auth import Caller, requires
from app.api.bodies import PreviewIn, StatusUpdateIn
from app.api.documented import problems
from app.api.gateway import Gateway, GatewayDep
from app.api.parameters import BackendName
from app.api.reads import fresh_or_known
from app.api.requests import Received, strict_router
from app.api.schemas import Preview
from app.domain.admission import chosen_code
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
from app.domain.work_orders import OrderKey
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
    request: Received,
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
    write = await _status_update(gateway, chosen, body) if kind is Kind.status_update else _other(body, kind)
    sent = chosen.adapter.requests(write)
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
    asked = _validated(body)
    if body.work_order is None:
        missing = FieldFault(pointer="/work_order", code="required", message="Name the work order.")
        raise InvalidRequest("/work_order: Name the work order.", faults=(missing,))
    wanted = asked.wanted(tenant="")
    try:
        code = chosen_code(wanted, backend.rules)
    except GatewayError as error:
        error.backend = backend.name
        error.faults = tuple(replace(fault, pointer=f"/body{fault.pointer}") for fault in error.faults)
        raise
    known = await fresh_or_known(gateway, backend, body.work_order, fresh_s=float("inf"))
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


def _validated(body: PreviewIn) -> StatusUpdateIn:
    try:
        return StatusUpdateIn.model_validate(body.body)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", "body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults, body={"body": body.body}) from error


def _other(body: PreviewIn, kind: Kind) -> Write:
    return Write(operation_id=UNSENT, kind=kind, order=OrderKey(number=body.work_order or ""), body=body.body)
