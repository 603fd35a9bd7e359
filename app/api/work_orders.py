"""Work orders: those known here, one read live from the vendor, and which statuses may come next."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from app.api import conditions
from app.api.auth import Caller, requires
from app.api.cursors import DEFAULT_LIMIT, MAX_LIMIT, Cursor, Limit
from app.api.documented import problems
from app.api.gateway import GatewayDep
from app.api.pages import Page
from app.api.parameters import IF_ORDER_CHANGED, MAX_STALE, BackendName, OrderNumber, UpdatedSince
from app.api.reads import accepted_age_s, fresh_or_known, last_copy, live, shown
from app.api.requests import Received, strict_router
from app.api.schemas import Transitions, WorkOrder, WorkOrderList
from app.domain.admission import OrderView, Rules, current, is_late, present
from app.domain.entity_tags import entity_tag, names_tag
from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    CapabilityMissing,
    OrderBlocked,
    OrderEnded,
    StatusUnchanged,
    TransitionNotAllowed,
    WorkOrderNotFound,
)
from app.domain.json import JsonObject, JsonValue
from app.domain.ports import Capability
from app.domain.statuses import Phase, Status, StatusCode, StatusTable, Verdict
from app.domain.times import from_micros, rfc3339_micros, to_micros
from app.ledger import orders
from app.ledger.records import KnownOrder
from app.ledger.rows import compact
from app.vendors.backends import Backend

router = strict_router(tags=["work orders"])

VENDOR_TROUBLE = (CapabilityMissing, BackendMisconfigured, BackendUnavailable, BackendTimeout)
NEVER_SENT = frozenset(error.code for error in (CapabilityMissing, OrderBlocked, OrderEnded, StatusUnchanged))
"""Refusals that are ours for certain, whatever the transition's row stands on."""
ETAG = {"ETag": {"description": "A strong tag over the vendor's part of the order.", "schema": {"type": "string"}}}


@router.get(
    "/v1/backends/{backend}/work-orders",
    operation_id="listWorkOrders",
    summary="The orders known here",
    response_model=WorkOrderList,
    response_model_exclude_unset=True,
    responses=problems(),
)
async def list_work_orders(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    status: Status | None = None,
    phase: Phase | None = None,
    updated_since: UpdatedSince = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> WorkOrderList:
    """Orders as last seen at the vendor, those that changed longest ago first; `as_of` says when each was seen."""
    chosen = gateway.backend(backend)
    page = Page(gateway, caller, f"work-orders {backend} {status} {phase} {updated_since}", limit=limit)
    found = await gateway.store.read(
        orders.list_orders(
            backend,
            orders.OrderFilter(
                codes=_codes(chosen.rules.table, status, phase),
                changed_since=None if updated_since is None else to_micros(updated_since),
                after=_after(page.after(cursor)),
            ),
            most=limit + 1,
        )
    )
    items, onward = page.cut(found, lambda known: [known.changed_at, known.view.number])
    return WorkOrderList.model_validate(
        {"items": [shown(chosen, known, tenant=caller.tenant) for known in items], "next": onward}
    )


def _codes(table: StatusTable, status: Status | None, phase: Phase | None) -> tuple[str, ...] | None:
    if status is None and phase is None:
        return None
    rows = [row for row in table.rows if status is None or row.status is status]
    return tuple(row.code for row in rows if phase is None or row.phase is phase)


def _after(sort_key: tuple[str | int | None, ...] | None) -> tuple[int, str] | None:
    if sort_key is None:
        return None
    changed_at, number = sort_key
    assert isinstance(changed_at, int)
    return changed_at, str(number)


@router.get(
    "/v1/backends/{backend}/work-orders/{number}",
    operation_id="getWorkOrder",
    summary="One order, live",
    response_model=WorkOrder,
    responses={
        200: {
            "description": "The order as the vendor's system shows it.",
            "headers": ETAG,
        },
        304: {"description": "Unchanged since the ETag that If-None-Match names.", "headers": ETAG},
        **problems(WorkOrderNotFound, *VENDOR_TROUBLE),
    },
    openapi_extra={"parameters": [MAX_STALE, IF_ORDER_CHANGED]},
)
async def get_work_order(
    request: Received,
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    number: OrderNumber,
) -> Response:
    """Read the order from the vendor's system now, unless our last copy will do; `as_of` says when it was seen."""
    chosen = gateway.backend(backend, Capability.read)
    age_s = accepted_age_s(request.headers.get("cache-control"))
    known = None if age_s is None else await last_copy(gateway, backend, number, within_s=age_s)
    if known is None:
        known = await live(gateway, chosen, number)
    etag = entity_tag(known.etag, known.view.code)
    if_none_match = conditions.given(request.headers).get(conditions.IF_NONE_MATCH)
    if if_none_match is not None and names_tag(if_none_match, etag):
        return Response(status_code=304, headers={"ETag": etag})
    body = compact(shown(chosen, known, tenant=caller.tenant))
    return Response(body, media_type="application/json", headers={"ETag": etag})


@router.get(
    "/v1/backends/{backend}/work-orders/{number}/transitions",
    operation_id="listTransitions",
    summary="Which statuses may come next",
    response_model=Transitions,
    responses=problems(WorkOrderNotFound, *VENDOR_TROUBLE),
)
async def list_transitions(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    number: OrderNumber,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
) -> Transitions:
    """Every status in effect now: whether it may come next, what it requires, why not, and whether we are certain.

    Counted from where the updates that you have sent will leave the order.
    """
    chosen = gateway.backend(backend, Capability.status_update)
    known = await fresh_or_known(gateway, chosen, number, fresh_s=chosen.rules.fresh_s)
    items, told = _transitions(chosen, known, caller, now=gateway.clock())
    page = Page(gateway, caller, f"transitions {backend} {known.view.number}", limit=limit)
    found, onward = page.part(items, cursor)
    return Transitions.model_validate({"items": found, "next": onward, **told})


def _transitions(
    backend: Backend, known: KnownOrder, caller: Caller, *, now: int
) -> tuple[list[JsonValue], JsonObject]:
    view, rules = known.view, backend.rules
    was = present(view, rules.table)
    requires_ = ["late_reason"] if rules.late_reasons and is_late(view, rules.table, now=now) else []
    items: list[JsonValue] = []
    for row, verdict in rules.table.onward(was, at=from_micros(now)):
        blocked = _why_not(view, rules, was, row, verdict)
        items.append(
            {
                "status": row.status.value if row.status else None,
                "vendor_code": row.code,
                "label": row.label,
                "master": row.master,
                "allowed": blocked is None,
                "certain": _certain(view, verdict, blocked),
                "basis": verdict.basis.value,
                "requires": list(requires_) if blocked is None else [],
                "blocked": blocked,
            }
        )
    return items, {
        "work_order": view.number,
        "current": current(view, rules.table, tenant=caller.tenant),
        "as_of": rfc3339_micros(view.observed_at),
    }


def _why_not(
    view: OrderView, rules: Rules, was: StatusCode | None, to: StatusCode, verdict: Verdict
) -> JsonObject | None:
    """What an update to this code would be refused with; None: it would be accepted."""
    table = rules.table
    if not table.settable(to):
        return {"code": CapabilityMissing.code, "detail": f"The vendor's interface cannot set {to.label!r}."}
    if view.held:
        if rules.rejects_on_hold:
            return {"code": OrderBlocked.code, "detail": "The order is held until a person resolves its hold."}
        return None  # it waits behind the hold: what the order will be by then is not known
    label = was.label if was is not None else "the present status"
    if was is not None and was.code == to.code and table.workflow.same_code_refused:
        return {"code": StatusUnchanged.code, "detail": f"The order already is {label!r}."}
    if table.ended(was):
        return {"code": OrderEnded.code, "detail": f"The order is {label!r} and takes no further update."}
    if verdict.allowed:
        return None
    return {
        "code": TransitionNotAllowed.code,
        "detail": f"{to.label!r} may not follow {label!r} ({verdict.basis.value}).",
    }


def _certain(view: OrderView, verdict: Verdict, blocked: JsonObject | None) -> bool:
    """Whether an update's answer is known from here; else the vendor decides, or the state that a hold leaves."""
    if blocked is not None and blocked["code"] in NEVER_SENT:
        return True
    return verdict.certain and not view.held
