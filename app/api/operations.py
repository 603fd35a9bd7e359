"""Operations: every write that was accepted, and where it stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.api.auth import Caller, nothing_here, requires
from app.api.cursors import DEFAULT_LIMIT, Cursor, Limit
from app.api.documented import RETRY_AFTER, problems
from app.api.gateway import GatewayDep
from app.api.pages import Page
from app.api.parameters import named_once
from app.api.requests import strict_router
from app.api.schemas import Operation, OperationList
from app.domain.operations import FINAL, State
from app.domain.receipts import operation_json
from app.ledger import operations

router = strict_router(tags=["operations"])


@router.get(
    "/v1/operations",
    operation_id="listOperations",
    summary="Operations, the newest first",
    dependencies=[Depends(named_once)],
    response_model=OperationList,
    response_model_exclude_unset=True,
    responses=problems(),
)
async def list_operations(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("operations:read")],
    state: State | None = None,
    backend: Annotated[str | None, Query(max_length=64, description="Of this backend.", examples=["civica-cx"])] = None,
    work_order: Annotated[
        str | None, Query(max_length=100, description="Of this order; its number.", examples=["113427"])
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> OperationList:
    """Your writes, the newest first; narrow them by state, backend or order. `state=held` are those that need a person."""
    page = Page(gateway, caller, f"operations {state} {backend} {work_order}", limit=limit)
    after = page.after(cursor)
    found = await gateway.store.read(
        operations.list_operations(
            operations.OperationFilter(
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
    shown = [operation_json(one, waiting_for=gateway.waiting_for(one.backend)) for one in items]
    return OperationList.model_validate({"items": shown, "next": onward})


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
    operation_id: Annotated[str, Path(description="An Operation-Id.", examples=["op_01KAKZ6S5T8Q3V1M9R4C7E2B6N"])],
) -> Operation:
    """Where a write stands. While it is open, `Retry-After` says when to look again."""
    found = await gateway.store.read(operations.find_mine(operation_id, tenant=caller.tenant, backends=caller.backends))
    if found is None:
        nothing_here()
    if found.state not in FINAL:
        response.headers["Retry-After"] = str(gateway.look_again_s(found))
    return Operation.model_validate(operation_json(found, waiting_for=gateway.waiting_for(found.backend)))
