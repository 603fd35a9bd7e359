"""The outermost layer: a request id in and out, one log line per request, odd heads refused, no exception let through.

Plain ASGI, because every request pays for it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeAlias

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from app.api.auth import CALLER
from app.api.heads import X_REQUEST_ID, inspect
from app.api.problems import PROBLEM_CODE, REQUEST_ID, new_request_id, problem_response, unforeseen
from app.domain.errors import MalformedRequest
from app.telemetry import spans
from app.telemetry.at_work import AT_WORK, REQUEST

HEAD = "orderbridge.head"
"""In the scope of a HEAD request, for an answer that has no end."""

_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")

Count: TypeAlias = "Callable[[str, str | None, int, float], None]"


def uncounted(_method: str, _route: str | None, _status: int, _seconds: float) -> None:
    """For an app whose requests nobody counts."""


class RequestIds:
    """ASGI middleware, to be added last so that it stands outermost.

    A HEAD request runs as the GET of the same address, and loses its body here.
    """

    def __init__(self, app: ASGIApp, *, count: Count = uncounted) -> None:
        self.app = app
        self._count = count
        self._log: FilteringBoundLogger | None = None  # bound at the first request, when logging is set up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":
            scope = {
                **scope,
                "method": "GET",
                HEAD: True,
            }  # a copy: the server reads its own to know that no body follows
        given, refusal = inspect(scope)
        request_id = _id_of(given)
        scope[REQUEST_ID] = request_id
        AT_WORK.set(None)  # a pipelined request inherits from the one before
        REQUEST.set(request_id)
        close = isinstance(refusal, MalformedRequest)  # where the next request begins is not certain then
        answer = _Answer(send, scope, request_id, head=method == "HEAD", close=close)
        try:
            if refusal is None:
                await self.app(scope, receive, answer)
            else:
                await problem_response(scope, refusal)(scope, receive, answer)
        except Exception as error:
            if answer.status:  # too late to say anything: the server cuts the connection
                raise
            await unforeseen(scope, error)(scope, receive, answer)
        finally:
            took, route = time.perf_counter() - begun, route_template(scope)
            self._count(method, route, answer.status, took)
            self._access_log().info(
                "request",
                method=method,
                route=route,
                status=answer.status,
                ms=round(took * 1000, 1),
                client=getattr(scope.get(CALLER), "client_id", None),
                code=scope.get(PROBLEM_CODE),
            )

    def _access_log(self) -> FilteringBoundLogger:
        if self._log is None:
            self._log = structlog.get_logger().bind()
        return self._log


class _Answer:
    """Sends the answer on, with our headers; `status` is 0 until it has begun."""

    __slots__ = ("_head", "_headers", "_scope", "_send", "status")

    def __init__(self, send: Send, scope: Scope, request_id: str, *, head: bool, close: bool) -> None:
        self._send = send
        self._scope = scope
        self._head = head
        self._headers = [
            (X_REQUEST_ID, request_id.encode("ascii")),
            (b"x-content-type-options", b"nosniff"),
        ]
        if close:
            self._headers.append((b"connection", b"close"))
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if spans.tracer is not None:
                spans.routed(self._scope["method"], route_template(self._scope))
            message["headers"] = [*message.get("headers", ()), *self._headers]
        elif self._head and message["type"] == "http.response.body":
            message["body"] = b""
        await self._send(message)


def route_template(scope: Scope) -> str | None:
    """The path of the route that was chosen, as declared (`/v1/backends/{backend}`), prefixes included; None for none."""
    chosen = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    template = getattr(chosen, "path_format", None)
    return template if isinstance(template, str) else None


def _id_of(given: bytes | None) -> str:
    return given.decode("ascii") if given is not None and _ID.fullmatch(given) else new_request_id()
