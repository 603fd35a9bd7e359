"""The examples of the OpenAPI document: one for each request body and each success, and one problem for each code."""

from __future__ import annotations

from app.api.example_events import EVENT_ANSWERS
from app.api.example_holds import HOLD, HOLD_ID, RESOLUTION, RESOLVED_HOLD
from app.api.example_orders import (
    AS_OF,
    CX_ORDER,
    NEXUSFS_NEW,
    NEXUSFS_ORDER,
    NEXUSFS_PATCH,
    NEXUSFS_PATCHED,
    UNIT4_NEW,
    UNIT4_ORDER,
)
from app.api.example_preview import PREVIEW
from app.api.webhook_examples import WEBHOOK_ANSWERS, WEBHOOK_REQUESTS
from app.domain.errors import GatewayError, NotFound, VendorSaid
from app.domain.json import JsonObject, JsonValue

OPERATION_ID = "op_01KAKZ6S5T8Q3V1M9R4C7E2B6N"
OCCURRED, RECEIVED, APPLIED_AT = "2026-11-20T20:40:00Z", "2026-11-20T20:41:07.120332Z", AS_OF

ON_SITE: JsonObject = {"status": "on_site", "occurred_at": OCCURRED, "comments": "Engineer on site"}
APPLIED: JsonObject = {
    "operation_id": OPERATION_ID,
    "state": "applied",
    "backend": "civica-cx",
    "work_order": "113427",
    "previous_status": "issued",
    "status": "on_site",
    "vendor_status": {"code": "11", "label": "On Site", "master": "Work In Progress"},
    "occurred_at": OCCURRED,
    "received_at": RECEIVED,
    "applied_at": APPLIED_AT,
    "evidence": "vendor_accepted",
}
OPERATION: JsonObject = {
    "operation_id": OPERATION_ID,
    "kind": "status_update",
    "state": "applied",
    "backend": "civica-cx",
    "work_order": "113427",
    "client_reference": None,
    "accepted_at": RECEIVED,
    "finished_at": APPLIED_AT,
    "attempts": 1,
    "blocked_by": None,
    "waiting_for": None,
    "problem": None,
    "result": APPLIED,
}
QUEUED: JsonObject = {
    **OPERATION,
    "state": "queued",
    "finished_at": None,
    "attempts": 0,
    "waiting_for": {
        "code": "backend-unavailable",
        "detail": "Cx could not be reached.",
        "since": "2026-11-20T20:39:12.000417Z",
        "next_try": "2026-11-20T20:41:16.500417Z",
    },
    "result": None,
}
BACKEND: JsonObject = {
    "backend": "civica-cx",
    "title": "Riverside Homes",
    "vendor": "civica_cx",
    "capabilities": ["list", "read", "status_update"],
    "writable_fields": [],
    "replaceable_fields": [],
    "delete_effect": None,
    "health": {
        "state": "ok",
        "code": None,
        "detail": None,
        "since": None,
        "next_try": None,
        "until": None,
        "next_window": {"starts": "2026-11-22T02:00:00Z", "ends": "2026-11-22T04:00:00Z"},
    },
}
REQUESTS: dict[str, JsonObject] = {
    "resolveHold": RESOLUTION,
    "createStatusUpdate": ON_SITE,
    "previewWrite": {"kind": "status_update", "work_order": "113427", "body": ON_SITE},
    "createWorkOrder": UNIT4_NEW,
    "patchWorkOrder": NEXUSFS_PATCH,
    "putWorkOrder": NEXUSFS_NEW,
    **WEBHOOK_REQUESTS,
}
"""By operationId."""
PARAMETERS: dict[str, dict[str, str]] = {
    "createWorkOrder": {"backend": "unit4-erpx"},
    "patchWorkOrder": {"backend": "nexusfs", "number": "1214"},
    "putWorkOrder": {"backend": "nexusfs", "number": "9001"},
    "deleteWorkOrder": {"backend": "unit4-erpx", "number": "123"},
    "getProblem": {"code": "not-found"},
}
"""By operationId and name, where the example is not the one of every operation (Civica Cx and its order 113427)."""


def _queued(kind: str, backend: str, number: str | None) -> JsonObject:
    """A write that was accepted, and has not been sent yet."""
    return {**QUEUED, "kind": kind, "backend": backend, "work_order": number, "waiting_for": None}


def _page(*items: JsonValue) -> JsonObject:
    return {"items": list(items), "next": None}


NOT_FOUND: JsonObject = {
    "code": NotFound.code,
    "status": NotFound.status,
    "title": NotFound.title,
    "meaning": NotFound.help(),
    "outcome": NotFound.outcome,
    "retryable": NotFound.retryable,
    "next": NotFound.action.value,
}
ANSWERS: dict[tuple[str, str], JsonObject] = {
    **WEBHOOK_ANSWERS,
    **EVENT_ANSWERS,
    ("listProblems", "200"): {"items": [NOT_FOUND], "next": None},
    ("createStatusUpdate", "201"): APPLIED,
    ("createStatusUpdate", "202"): QUEUED,
    ("listStatusUpdates", "200"): _page(
        {
            **APPLIED,
            "comments": "Engineer on site",
            "reason_code": None,
            "late_reason": None,
            "client_reference": None,
            "problem": None,
        }
    ),
    ("listOperations", "200"): _page(OPERATION),
    ("getOperation", "200"): OPERATION,
    ("probeOperation", "200"): OPERATION,
    ("probeOperation", "202"): {**OPERATION, "state": "verifying", "finished_at": None, "result": None},
    ("listHolds", "200"): _page(HOLD),
    ("getHold", "200"): HOLD,
    ("resolveHold", "200"): RESOLVED_HOLD,
    ("listWorkOrders", "200"): _page(CX_ORDER),
    ("getWorkOrder", "200"): CX_ORDER,
    ("listTransitions", "200"): {
        **_page(
            {
                "status": "on_site",
                "vendor_code": "11",
                "label": "On Site",
                "master": "Work In Progress",
                "allowed": True,
                "certain": True,
                "basis": "documented",
                "requires": [],
                "blocked": None,
            },
            {
                "status": "closed",
                "vendor_code": "19",
                "label": "Fully Invoiced",
                "master": "Fully Invoiced",
                "allowed": False,
                "certain": True,
                "basis": "documented",
                "requires": [],
                "blocked": {
                    "code": "transition-not-allowed",
                    "detail": "'Fully Invoiced' may not follow 'Issued' (documented).",
                },
            },
        ),
        "work_order": "113427",
        "current": {
            "status": "issued",
            "vendor_code": "3",
            "operation_id": None,
            "since": "2026-11-18T09:12:00Z",
            "source": "vendor",
        },
        "as_of": "2026-11-20T20:38:51.400112Z",
    },
    ("listBackends", "200"): _page(BACKEND),
    ("getBackend", "200"): BACKEND,
    ("listStatuses", "200"): _page(
        {
            "status": "on_site",
            "vendor_code": "11",
            "label": "On Site",
            "master": "Work In Progress",
            "phase": "in_progress",
            "effective_from": "2015-01-01T00:00:00Z",
            "effective_to": None,
            "default": False,
            "settable": True,
            "terminal": False,
            "basis": "configured",
        }
    ),
    ("listReasons", "200"): _page({"kind": "late_reason", "code": "parts_delay", "vendor_code": "31"}),
    ("createWorkOrder", "201"): UNIT4_ORDER,
    ("createWorkOrder", "202"): _queued("create", "unit4-erpx", None),
    ("patchWorkOrder", "200"): NEXUSFS_PATCHED,
    ("patchWorkOrder", "202"): _queued("patch", "nexusfs", "1214"),
    ("putWorkOrder", "200"): NEXUSFS_ORDER,
    ("putWorkOrder", "201"): NEXUSFS_ORDER,
    ("putWorkOrder", "202"): _queued("replace", "nexusfs", "9001"),
    ("deleteWorkOrder", "200"): {"effect": "closed"},
    ("deleteWorkOrder", "202"): _queued("delete", "unit4-erpx", "123"),
    ("previewWrite", "200"): PREVIEW,
}
"""By operationId and status."""

_CURRENT: JsonObject = {
    "status": "on_site",
    "vendor_code": "11",
    "operation_id": OPERATION_ID,
    "since": OCCURRED,
    "source": "operation",
}
_SAID = VendorSaid(message="The works order cannot be updated.", status=200)


def _telling(kind: type[GatewayError]) -> GatewayError:
    """A problem of this code with the members that it has besides those of every problem."""
    text = f"{kind.title}."
    match kind.code:
        case "status-unchanged" | "order-ended":
            return kind(text, current=_CURRENT)
        case "transition-not-allowed":
            follows: JsonValue = [{"status": "complete", "vendor_code": "17", "label": "Complete"}]
            return kind(text, pointer="/status", allowed=follows, current=_CURRENT)
        case "vendor-refused":
            return kind(text, vendor=_SAID, current=_CURRENT)
        case "vendor-rejected-data":
            return kind(text, vendor=_SAID)
        case "order-blocked":
            return kind(text, blocked_by=HOLD_ID)
        case "client-reference-used":
            return kind(text, pointer="/client_reference", operation_id=OPERATION_ID)
        case "vendor-code-required":
            codes: JsonValue = [{"code": "11", "label": "On Site"}, {"code": "20", "label": "Attending"}]
            return kind(text, pointer="/vendor_code", vendor_codes=codes)
        case "reason-unknown":
            return kind(text, pointer="/reason_code", reasons=["no_parts", "weather"])
        case "late-reason-required":
            return kind(text, pointer="/late_reason", late_reasons=["access_refused", "parts_delay"])
        case "status-unknown":
            return kind(text, pointer="/status")
        case "status-not-effective":
            return kind(text, pointer="/occurred_at")
        case "capability-missing":
            return kind(text, capabilities=["list", "read", "status_update"])
        case "scope-missing":
            return kind(text, scope="status:write")
        case "invalid-request":
            return kind(text, pointer="/occurred_at")
    if kind.status in (429, 503, 504):
        return kind(text, after_s=5)
    return kind(text)


def problem_example(kind: type[GatewayError]) -> JsonObject:
    """What a problem of this code looks like."""
    telling = _telling(kind)
    if 409 <= kind.status < 413 or kind.status in (422, 502, 503, 504):
        telling.backend = "civica-cx"
    return telling.as_problem(
        public_url="http://127.0.0.1:8000",
        instance="/v1/backends/civica-cx/work-orders/113427/status-updates",
        request_id="req_6f1d2c0b9a8e47d3b5c4a3f2e1d0c9b8",
    )
