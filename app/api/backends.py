"""What a caller may use: its backends, their status tables and their reason codes."""

from __future__ import annotations

from typing import Annotated

from app.api.auth import Caller, requires
from app.api.cursors import MAX_LIMIT, Cursor, Limit
from app.api.documented import problems
from app.api.gateway import GatewayDep
from app.api.pages import Page
from app.api.parameters import BackendName
from app.api.requests import strict_router
from app.api.schemas import BackendList, BackendOut, ReasonList, StatusList
from app.domain.health import Health
from app.domain.json import JsonValue
from app.domain.maintenance import Span
from app.domain.times import rfc3339, rfc3339_micros
from app.vendors.backends import Backend

router = strict_router(tags=["backends"])


@router.get(
    "/v1/backends",
    operation_id="listBackends",
    summary="The backends that you may use",
    response_model=BackendList,
    responses=problems(),
)
async def list_backends(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
) -> BackendList:
    """Each backend is one client's system, seen with one set of credentials."""
    mine = [backend for name, backend in sorted(gateway.backends.items()) if name in caller.backends]
    found, onward = Page(gateway, caller, "backends", limit=limit).part(mine, cursor)
    shown = [_backend(backend, gateway.clock()) for backend in found]
    return BackendList.model_validate({"items": shown, "next": onward})


@router.get(
    "/v1/backends/{backend}",
    operation_id="getBackend",
    summary="One backend",
    response_model=BackendOut,
    responses=problems(),
)
async def get_backend(
    gateway: GatewayDep, caller: Annotated[Caller, requires("orders:read")], backend: BackendName
) -> BackendOut:
    """What the backend can do, which members of an order can be changed there, and how its vendor was last seen."""
    return BackendOut.model_validate(_backend(gateway.backend(backend), gateway.clock()))


@router.get(
    "/v1/backends/{backend}/statuses",
    operation_id="listStatuses",
    summary="The statuses of a backend",
    response_model=StatusList,
    responses=problems(),
)
async def list_statuses(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
) -> StatusList:
    """The status table: our word, the vendor's code behind it, when it is in effect, and how we know."""
    table = gateway.backend(backend).rules.table
    found, onward = Page(gateway, caller, f"statuses {backend}", limit=limit).part(table.rows, cursor)
    rows: list[JsonValue] = [
        {
            "status": row.status.value if row.status else None,
            "vendor_code": row.code,
            "label": row.label,
            "master": row.master,
            "phase": row.phase.value if row.phase else None,
            "effective_from": rfc3339(row.effective_from) if row.effective_from else None,
            "effective_to": rfc3339(row.effective_to) if row.effective_to else None,
            "default": row.default,
            "settable": table.settable(row),
            "terminal": table.ended(row),
            "basis": row.basis.value,
        }
        for row in found
    ]
    return StatusList.model_validate({"items": rows, "next": onward})


@router.get(
    "/v1/backends/{backend}/reasons",
    operation_id="listReasons",
    summary="The reason codes of a backend",
    response_model=ReasonList,
    responses=problems(),
)
async def list_reasons(
    gateway: GatewayDep,
    caller: Annotated[Caller, requires("orders:read")],
    backend: BackendName,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
) -> ReasonList:
    """The words for `reason_code`, and those for `late_reason`, which an order past its target date needs."""
    rules = gateway.backend(backend).rules
    rows: list[JsonValue] = [
        {"kind": kind, "code": word, "vendor_code": str(code)}
        for kind, words in (("reason_code", rules.reasons), ("late_reason", rules.late_reasons))
        for word, code in words.items()
    ]
    found, onward = Page(gateway, caller, f"reasons {backend}", limit=limit).part(rows, cursor)
    return ReasonList.model_validate({"items": found, "next": onward})


def _backend(backend: Backend, now: int) -> dict[str, JsonValue]:
    return {
        "backend": backend.name,
        "title": backend.title,
        "vendor": backend.vendor.slug,
        "capabilities": backend.can,
        "writable_fields": list(backend.vendor.writable),
        "replaceable_fields": list(backend.vendor.replaceable),
        "delete_effect": backend.vendor.delete_effect,
        "health": _health(backend.health, now),
    }


def _health(health: Health, now: int) -> dict[str, JsonValue]:
    pause, window, coming = health.pause(now), health.maintenance.at(now), health.maintenance.next(now)
    return {
        "state": "ok" if pause is None else "paused" if window is None else "maintenance",
        "code": None if pause is None else pause.code,
        "detail": None if pause is None else pause.detail,
        "since": None if pause is None else rfc3339_micros(pause.since),
        "next_try": None if pause is None else rfc3339_micros(pause.next_try),
        "until": None if window is None else rfc3339_micros(window.ends),
        "next_window": None if coming is None else _window(coming),
    }


def _window(span: Span) -> dict[str, JsonValue]:
    return {"starts": rfc3339_micros(span.starts), "ends": rfc3339_micros(span.ends)}
