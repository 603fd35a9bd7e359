"""Every error as application/problem+json (RFC 9457), the framework's own and the unforeseen ones included.

No answer repeats what was sent or shows a trace, and what the caller's input makes of it stays below 4 KiB.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.types import Scope
from structlog.typing import FilteringBoundLogger

from app.api.faults import invalid_request
from app.domain.errors import (
    NOTHING_HERE,
    BodyTooLarge,
    GatewayError,
    InternalError,
    InvalidRequest,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    RateLimited,
    ScopeMissing,
    Unauthenticated,
    UnsupportedMediaType,
)
from app.domain.json import JsonValue

PROBLEM_JSON = "application/problem+json"
MAX_PROBLEM = 4096
MAX_INSTANCE = 300
REQUEST_ID = "orderbridge.request_id"
PROBLEM_CODE = "orderbridge.problem_code"

_log: FilteringBoundLogger = structlog.get_logger()

FRAMEWORK: dict[int, tuple[type[GatewayError], str]] = {
    400: (MalformedRequest, "The request cannot be read."),
    401: (Unauthenticated, "Send a valid access token: Authorization: Bearer ..."),
    403: (ScopeMissing, "This is not allowed."),
    404: (NotFound, NOTHING_HERE),
    405: (MethodNotAllowed, "The address exists, but not with this method."),
    413: (BodyTooLarge, "The body is too large."),
    415: (UnsupportedMediaType, "Send application/json in UTF-8."),
    422: (InvalidRequest, "The request is not valid."),
    429: (RateLimited, "Too many requests."),
    500: (InternalError, "Something went wrong on our side."),
    503: (Overloaded, "We cannot take this now."),
}
"""What the framework itself refuses, as ours. Its own texts are not shown."""


def problem_response(scope: Scope, error: GatewayError, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that failed with `error`."""
    scope[PROBLEM_CODE] = error.code
    answer = dict(headers or {})
    if error.after_s is not None:
        answer["Retry-After"] = str(error.after_s)
    if error.status == 401:
        answer["WWW-Authenticate"] = _challenge(scope)
    elif isinstance(error, ScopeMissing):
        answer["WWW-Authenticate"] = 'Bearer realm="orderbridge", error="insufficient_scope"'
    if kept_by_nobody(error.status):
        answer.setdefault("Cache-Control", "no-store")
    return Response(problem_body(scope, error), status_code=error.status, media_type=PROBLEM_JSON, headers=answer)


def kept_by_nobody(status: int) -> bool:
    """Whether a problem of this status says that nobody may keep it: another caller, or a later one, may be told otherwise."""
    return status in (401, 403, 404) or status >= 500


def problem_body(scope: Scope, error: GatewayError) -> bytes:
    """The problem as bytes; so many of its faults are left out that they fit in MAX_PROBLEM."""
    problem = error.as_problem(
        public_url=scope["app"].state.public_url, instance=_instance(scope), request_id=request_id(scope)
    )
    body = _encoded(problem)
    faults = problem.get("errors")
    while isinstance(faults, list) and len(faults) > 1 and len(body) > MAX_PROBLEM:
        del faults[(len(faults) + 1) // 2 :]
        body = _encoded(problem)
    return body


def request_id(scope: Scope) -> str:
    """The request's id, as the middleware gave it; a fresh one where the middleware was not reached."""
    known = scope.get(REQUEST_ID)
    if isinstance(known, str):
        return known
    made = new_request_id()
    scope[REQUEST_ID] = made
    return made


def new_request_id() -> str:
    """A request id of our own making."""
    return f"req_{os.urandom(16).hex()}"


def add_problem_answers(app: FastAPI, *, public_url: str) -> None:
    """Answer every failure under `app` with a problem whose `type` lies under `public_url`."""
    app.state.public_url = public_url
    app.add_exception_handler(GatewayError, _gateway_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _unforeseen)


async def _gateway_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    return problem_response(request.scope, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(request.scope, invalid_request(error))


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=headers)
    nearest = 400 if error.status_code < 500 else 500
    kind, detail = FRAMEWORK.get(error.status_code, FRAMEWORK[nearest])
    return problem_response(request.scope, kind(detail), headers=headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """Reached only by what fails outside our own middleware, so it sets the id's headers itself."""
    return unforeseen(request.scope, error, headers={"X-Request-Id": request_id(request.scope)})


def unforeseen(scope: Scope, error: Exception, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a fault of ours: its trace goes to the log, its id to the caller."""
    _log.error("unforeseen_error", request_id=request_id(scope), exc_info=error)
    detail = "Something went wrong on our side; the operator finds it in the log by the request_id."
    return problem_response(scope, InternalError(detail), headers=headers)


def _allowed(request: Request) -> list[str]:
    methods = {"OPTIONS"}
    for context in iter_route_contexts(request.app.routes):
        pattern = getattr(context, "path_regex", None)
        if context.methods and pattern is not None and pattern.match(request.scope["path"]):
            methods |= context.methods
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods)


def _challenge(scope: Scope) -> str:
    sent = any(name == b"authorization" for name, _ in scope["headers"])
    return 'Bearer realm="orderbridge"' + (', error="invalid_token"' if sent else "")


def _instance(scope: Scope) -> str:
    path = quote(scope["path"], safe="/:@!$&'()*+,;=-._~")
    return path if len(path) <= MAX_INSTANCE else path[:MAX_INSTANCE].rpartition("/")[0] or "/"


def _encoded(problem: Mapping[str, JsonValue]) -> bytes:
    text = json.dumps(problem, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
