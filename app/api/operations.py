"""Operations: every write that was accepted, and where it stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response

from app.api.auth import Caller, nothing_here, requires
from app.api.cursors import DEFAULT_LIMIT, Cursor, Limit
from app.api.documented import PREFERENCE_APPLIED, RETRY_AFTER, problems
from app.api.gateway import Gateway, GatewayDep
from app.api.pages import Page
from app.api.parameters import PREFER, OfBackend, OfOrder
from app.api.prefer import preference
from app.api.requests import strict_router
from app.api.schemas import Operation, OperationList
from app.api.waiting import told
from app.domain import operations as domain
from app.domain.operations import FINAL, UNRESOLVED, State
from app.domain.receipts import operation_json
from app.domain.times import SECOND
from app.ledger import holds, operation_lists, operations
from app.ledger.rows import compact

router = strict_router(tags=["operations"])

OperationId = Annotated[str, Path(description="An Operation-Id.", examples=["op_01KAKZ6S5T8Q3V1M9R4C7E2B6N"])]


@router.get(
    "/v1/operations",
    operation_id="listOperations",
    summary="Operations, the newest first",
    response_model=OperationList,
    response_model_exclude_unset=True,
    responses=problems(),
)
async def list_operations(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("operations:read")],
    state: State | None = None,
    backend: OfBackend = None,
    work_order: OfOrder = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> OperationList:
    """Your writes, the newest first; narrow them by state, backend or order. `state=held` are those that need a person."""
    page = Page(gateway, caller, f"operations {state} {backend} {work_order}", limit=limit)
    after = page.after(cursor)
    found = await gateway.store.read(
        operation_lists.list_operations(
            operation_lists.OperationFilter(
                tenant=caller.tenant,
                backends=caller.backends if backend is None else caller.backends & {backend},
                state=state,
                work_order=work_order,
                before=None if after is None else str(after[0]),
            ),
            most=limit + 1,
        )
    )
    items, onward = page.cut(found, lambda operation: [operation.id])
    shown = [operation_json(one, waiting_for=gateway.waiting_for(one)) for one in items]
    return OperationList.model_validate({"items": shown, "next": onward})


@router.post(
    "/v1/operations/{operation_id}/probe",
    operation_id="probeOperation",
    summary="Ask the vendor again now",
    response_class=Response,
    responses={
        200: {
            "model": Operation,
            "description": "Final, or nothing to ask: the operation as it stands.",
            "headers": PREFERENCE_APPLIED,
        },
        202: {
            "model": Operation,
            "description": "The vendor is being asked.",
            "headers": {**RETRY_AFTER, **PREFERENCE_APPLIED},
        },
        **problems(),
    },
    openapi_extra={"parameters": [PREFER]},
)
async def probe_operation(
    request: Request,
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("operations:read")],
    operation_id: OperationId,
) -> Response:
    """Have the order read now, instead of at the next turn, to find out what became of a write whose answer was lost.

    Waits for what comes of it as a write does. Of a held write a proof closes the hold; anything less leaves it, and what the
    vendor accepted is not sent again. A write that waits for its turn is merely looked at; nothing is ever sent twice by asking.
    """
    found = await _mine(gateway, caller, operation_id)
    asked = preference(request)
    until = gateway.clock() + round((gateway.wait_s if asked.wait_s is None else asked.wait_s) * SECOND)
    if found.state in UNRESOLVED and found.backend in gateway.backends:
        await gateway.store.write(holds.look_again(found, now=gateway.clock()))
        gateway.dispatcher.changed(found.backend)
        found = await told(gateway, found, until=until)
    headers = {} if asked.applied is None else {"Preference-Applied": asked.applied}
    if found.state not in FINAL:
        headers["Retry-After"] = str(gateway.look_again_s(found))
    shown = operation_json(found, waiting_for=gateway.waiting_for(found))
    status = 200 if found.state in FINAL else 202
    return Response(compact(shown), status_code=status, media_type="application/json", headers=headers)


async def _mine(gateway: Gateway, caller: Caller, operation_id: str) -> domain.Operation:
    mine = operations.find_mine(operation_id, tenant=caller.tenant, backends=caller.backends)
    return await gateway.store.look(mine) or nothing_here()


@router.get(
    "/v1/operations/{operation_id}",
    operation_id="getOperation",
    summary="One operation",
    response_model=Operation,
    response_model_exclude_unset=True,
    responses={200: {"description": "The operation as it stands.", "headers": RETRY_AFTER}, **problems()},
)
async def get_operation(
    response: Response,
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("operations:read")],
    operation_id: OperationId,
) -> Operation:
    """Where a write stands. While it is open, `Retry-After` says when to look again."""
    found = await _mine(gateway, caller, operation_id)
    if found.state not in FINAL:
        response.headers["Retry-After"] = str(gateway.look_again_s(found))
    return Operation.model_validate(operation_json(found, waiting_for=gateway.waiting_for(found)))
