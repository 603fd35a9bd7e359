"""The gateway's side of a connection: uvicorn's, but that a request which is no HTTP is answered by a problem as any other."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.problems import PROBLEM_JSON, problem_body, request_id
from app.domain.errors import MalformedRequest

_MEANT_BY_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods of requests that nothing is done for before their body is whole; others are at work without it."""


class ProblemProtocol(HttpToolsProtocol):
    """What the parser refuses has no address: the problem is told of `/`, and the connection closed.

    Requests already at work are answered first, and as they end: what comes behind one says nothing of it.
    """

    def send_400_response(self, msg: str) -> None:
        cycle = self.cycle
        if cycle is None or cycle.response_complete:  # type: ignore[redundant-expr]  # None before the first
            self._refuse()
        elif not cycle.more_body or cycle.response_started or cycle.scope["method"] not in _MEANT_BY_BODY:
            cycle.keep_alive = False  # it is the last one here, and its end closes the connection
        elif self.pipeline:  # others are answered before it; its turn has yet to come
            cycle.disconnected = True
            self.pipeline[0] = (cycle, self._hang_up)
        else:
            self._refuse()

    def _refuse(self) -> None:
        scope = {"type": "http", "app": self.config.app, "path": "/"}
        body = problem_body(scope, MalformedRequest("This is not HTTP as we read it; the connection is closed."))
        lines = [
            "HTTP/1.1 400 Bad Request",
            f"content-type: {PROBLEM_JSON}",
            f"content-length: {len(body)}",
            f"x-request-id: {request_id(scope)}",
            "x-content-type-options: nosniff",
            "connection: close",
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode("ascii") + body)
        self.transport.close()

    async def _hang_up(self, *_: object) -> None:
        self.transport.close()
