"""What OpenAPI says of answers: one problem response per status with its codes, and the headers that writes carry."""

from __future__ import annotations

from typing import Any

from app.api.problems import PROBLEM_JSON
from app.api.schemas import Operation, Problem
from app.domain.errors import ERRORS, GatewayError

Responses = dict[int | str, dict[str, Any]]

REQUEST_ID_HEADER: dict[str, Any] = {
    "X-Request-Id": {"description": "Names this request in our logs.", "schema": {"type": "string"}}
}
RETRY_AFTER: dict[str, Any] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
}
OPERATION_HEADERS: dict[str, Any] = {
    "Operation-Id": {"description": "The operation that this write became.", "schema": {"type": "string"}},
    "Location": {"description": "Where the operation can be read.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "Whether this key came before, so that this is the answer to the first request.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "Preference-Applied": {"description": "The preference that was followed.", "schema": {"type": "string"}},
}


def problems(*kinds: type[GatewayError]) -> Responses:
    """The error answers of a route: what it can raise itself, and what every route can."""
    always = [ERRORS[code] for code in ("unauthenticated", "scope-missing", "not-found", "invalid-request")]
    always += [ERRORS[code] for code in ("malformed-request", "internal-error", "overloaded")]
    by_status: dict[int, list[type[GatewayError]]] = {}
    for kind in dict.fromkeys([*kinds, *always]):
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _answer(found) for status, found in sorted(by_status.items())}


def _answer(kinds: list[type[GatewayError]]) -> dict[str, Any]:
    first = kinds[0]
    example = first(first.title + ".").as_problem(
        public_url="http://127.0.0.1:8000", instance="/v1/backends/civica-cx", request_id="req_5f0c"
    )
    return {
        "description": " · ".join(f"{kind.code}: {kind.title}" for kind in kinds),
        "model": Problem,
        "headers": {**REQUEST_ID_HEADER, **(RETRY_AFTER if first.status >= 429 else {})},
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


def write_answers(status: int, description: str, example: dict[str, Any]) -> Responses:
    """What a write answers when it succeeds at once, and when the vendor takes longer than the caller waits."""
    return {
        status: {
            "description": description,
            "headers": {**OPERATION_HEADERS, **REQUEST_ID_HEADER},
            "content": {"application/json": {"example": example}},
        },
        202: {
            "model": Operation,
            "description": "Accepted and kept; the vendor has not settled it yet. Read the operation after Retry-After.",
            "headers": {**OPERATION_HEADERS, **RETRY_AFTER, **REQUEST_ID_HEADER},
        },
    }
