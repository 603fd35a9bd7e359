"""What an operation looks like to its caller: while it is open, and the final answer, which is kept as first given."""

from __future__ import annotations

from urllib.parse import quote

from app.domain.admission import OrderView
from app.domain.errors import GatewayError
from app.domain.holds import ACTIONS, Action, Hold
from app.domain.json import JsonObject, JsonValue
from app.domain.operations import FINAL, Operation, State, number_of
from app.domain.ports import Kind
from app.domain.statuses import StatusTable
from app.domain.times import rfc3339_micros
from app.domain.work_orders import Observation, vendor_status, work_order


def location(operation_id: str) -> str:
    """Where an operation can be read."""
    return f"/v1/operations/{operation_id}"


def order_location(backend: str, number: str) -> str:
    """Where a work order can be read."""
    return f"/v1/backends/{backend}/work-orders/{quote(number, safe='')}"


def status_update(
    operation: Operation,
    table: StatusTable,
    *,
    state: State,
    applied_at: int | None,
    evidence: str | None,
    kept_here: tuple[str, ...] = (),
) -> dict[str, JsonValue]:
    """A status update as its 201 and the order's history show it. `evidence` says how we know that it was applied.

    `kept_here` are the members that the vendor's system has no place for: those that were given are named.
    """
    was = table.by_code.get(operation.previous_code or "")
    row = table.by_code.get(operation.target_code or "")
    asked = operation.body.get("status")
    kept: list[JsonValue] = [name for name in kept_here if operation.body.get(name) is not None]
    return {
        "operation_id": operation.id,
        "state": str(state),
        "backend": operation.backend,
        "work_order": operation.work_order,
        "previous_status": str(was.status) if was is not None and was.status is not None else None,
        "status": str(row.status) if row is not None and row.status is not None else asked,
        "vendor_status": vendor_status(operation.target_code, row),
        "occurred_at": rfc3339_micros(operation.occurred_at),
        "received_at": rfc3339_micros(operation.accepted_at),
        "applied_at": rfc3339_micros(applied_at),
        "evidence": evidence,
        **({"kept_here": kept} if kept else {}),
    }


def order(
    seen: Observation, view: OrderView, table: StatusTable, *, backend: str, tenant: str, settled: int = 0
) -> dict[str, JsonValue]:
    """A known order as the API shows it to a tenant; `settled` of its open writes are about to be none."""
    row = table.by_code.get(view.code or "")
    shown = delivery(view, tenant=tenant, settled=settled)
    return work_order(seen, backend=backend, row=row, delivery=shown)


def delivery(view: OrderView, *, tenant: str, settled: int = 0) -> JsonObject:
    """How far the vendor's system is behind what was accepted for the order; another tenant's hold is not named."""
    blocked = view.blocked_by if view.held and view.blocked_tenant in (tenant, None) else None
    pending = max(view.open_count - settled, 0)
    state = "held" if view.held else "pending" if pending else "settled"
    return {
        "state": state,
        "pending": pending,
        "hold_id": blocked,
    }


def hold_json(hold: Hold, *, tenant: str, kind: Kind | None = None) -> dict[str, JsonValue]:
    """A hold as the API shows it; `kind` is that of the write which is its cause.

    Of a hold that is no tenant's, nobody is told which operation or whose words were at work."""
    number = number_of(hold.work_order, hold.operation_id)
    # An order without a number of its own cannot be named by another create, and a delete has no body.
    taken = (
        ACTIONS[hold.cause]
        if number is not None and kind is not Kind.delete
        else ACTIONS[hold.cause] - {Action.replace}
    )
    mine = hold.tenant == tenant
    is_open = hold.closed_at is None
    return {
        "hold_id": hold.id,
        "state": "open" if is_open else "resolved",
        "cause": hold.cause.value,
        "detail": hold.detail,
        "backend": hold.backend,
        "work_order": number,
        "operation_id": hold.operation_id if mine else None,
        "opened_at": rfc3339_micros(hold.opened_at),
        "actions": [action.value for action in Action if is_open and action in taken],
        "resolution": None if hold.resolution is None else hold.resolution.value,
        "reason": hold.reason if mine else None,
        "evidence": hold.evidence if mine else None,
        "resolved_by": hold.closed_by if mine else None,
        "resolved_at": rfc3339_micros(hold.closed_at),
        "made_operation": hold.made_operation if mine else None,
    }


def problem_of(error: GatewayError, operation: Operation, *, public_url: str) -> dict[str, JsonValue]:
    """The problem that ends an operation; kept as first given, it names the request that brought the operation."""
    error.operation_id = operation.id
    error.backend = operation.backend
    return error.as_problem(
        public_url=public_url, instance=location(operation.id), request_id=operation.request_id or operation.id
    )


def operation_json(operation: Operation, *, waiting_for: JsonObject | None) -> dict[str, JsonValue]:
    """An operation as the API shows it; `waiting_for` tells what a queued one waits for.

    An order that only the vendor can number has none until it has done so.
    """
    waits = waiting_for if operation.state is State.queued else None
    return {
        "operation_id": operation.id,
        "kind": operation.kind.value,
        "state": str(operation.state),
        "backend": operation.backend,
        "work_order": operation.number,
        "client_reference": operation.client_reference,
        "accepted_at": rfc3339_micros(operation.accepted_at),
        "finished_at": rfc3339_micros(operation.finished_at),
        "attempts": operation.attempts,
        "blocked_by": None if operation.state in FINAL else operation.blocked_by,
        "waiting_for": waits,
        "problem": operation.problem,
        "result": operation.result,
    }
