"""The gateway's side of a connection: uvicorn's, but that a request which is no HTTP is answered by a problem as any other."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.problems import PROBLEM_JSON, problem_body, request_id
from app.domain.errors import MalformedRequest


class ProblemProtocol(HttpToolsProtocol):
    """What the parser refuses has no address: the problem is told of `/`, and the connection closed."""

    def send_400_response(self, msg: str) -> None:
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
