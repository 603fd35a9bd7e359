"""What OpenAPI says of a route's answers: one problem response per status with its codes, and the headers of writes."""

from __future__ import annotations

from typing import Any

from app.api.problems import PROBLEM_JSON
from app.api.schemas import Operation, Output, Problem, WorkOrder
from app.domain.errors import ERRORS, GatewayError, RateLimited

Responses = dict[int | str, dict[str, Any]]

PROBLEM_CODES = "x-problem-codes"
"""Beside a problem answer: the codes that it may carry; `openapi.py` makes the examples from them."""

BRINGS_PROBLEM = 401
"""The answer that brings the schema which the others refer to. One of each route's is enough: each builds a type adapter."""

CHALLENGE: dict[str, Any] = {
    "WWW-Authenticate": {"description": "RFC 9110: how to authenticate.", "schema": {"type": "string"}}
}
RETRY_AFTER: dict[str, Any] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
}
CACHE_CONTROL: dict[str, Any] = {
    "Cache-Control": {
        "description": "Who may keep this answer, and for how long; `no-store`: nobody.",
        "schema": {"type": "string"},
    }
}
KEPT_BY_NOBODY: dict[str, Any] = {
    **CACHE_CONTROL,
    "Pragma": {"description": "`no-cache`: the same for HTTP/1.0.", "schema": {"type": "string"}},
}
PREFERENCE_APPLIED: dict[str, Any] = {
    "Preference-Applied": {"description": "The preference that was followed.", "schema": {"type": "string"}}
}
REPLAYED: dict[str, Any] = {
    "Idempotent-Replayed": {
        "description": "Whether this key came before, so that this is the answer to the first request.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    }
}
OPERATION_HEADERS: dict[str, Any] = {
    "Operation-Id": {"description": "The operation that this write became.", "schema": {"type": "string"}},
    "Location": {"description": "Where the operation can be read.", "schema": {"type": "string"}},
    **REPLAYED,
    **PREFERENCE_APPLIED,
}


def write_headers(status: int, model: type[Output]) -> dict[str, Any]:
    """The headers of a write that was carried out; one that has made an order says where the order is."""
    if status != 201 or model is not WorkOrder:
        return OPERATION_HEADERS
    return {
        **OPERATION_HEADERS,
        "Location": {**OPERATION_HEADERS["Location"], "description": "Where the order can be read."},
    }


def problems(*kinds: type[GatewayError]) -> Responses:
    """The error answers of a route: what it can raise itself, and what every route can."""
    always = [ERRORS[code] for code in ("unauthenticated", "scope-missing", "not-found", "invalid-request")]
    always += [ERRORS[code] for code in ("malformed-request", "internal-error", "overloaded")]
    by_status: dict[int, list[type[GatewayError]]] = {}
    for kind in dict.fromkeys([*kinds, *always]):
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _answer(status, found) for status, found in sorted(by_status.items())}


def _answer(status: int, kinds: list[type[GatewayError]]) -> dict[str, Any]:
    model: dict[str, Any] = {"model": Problem} if status == BRINGS_PROBLEM else {}
    return {
        **model,
        "description": " · ".join(f"{kind.code}: {kind.title}" for kind in kinds),
        "headers": {**(CHALLENGE if status in (401, 403) else {}), **(RETRY_AFTER if status >= 429 else {})},
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        PROBLEM_CODES: [kind.code for kind in kinds],
    }


def write_answers(
    status: int, description: str, *, model: type[Output], also: tuple[type[GatewayError], ...]
) -> Responses:
    """What a write answers: at once, when the vendor takes longer than the caller waits, and when it fails."""
    failed = problems(*also, RateLimited)
    for status_code in (404, 409, 412, 422):
        if status_code in failed:
            failed[status_code]["headers"] = {**failed[status_code]["headers"], **OPERATION_HEADERS}
    return {
        status: {"model": model, "description": description, "headers": write_headers(status, model)},
        202: {
            "model": Operation,
            "description": "Accepted and kept; the vendor has not settled it yet. Read the operation after Retry-After.",
            "headers": {**OPERATION_HEADERS, **RETRY_AFTER},
        },
        **failed,
    }
