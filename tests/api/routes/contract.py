"""Every answer that a test of the routes receives is held against our OpenAPI document and the rules for problems."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from app.domain.errors import ERRORS
from tests.api.routes.document_schema import faults, resolved

MARKER = "zq7-sent-by-the-caller"
"""Put into what a test sends: it never comes back in a refusal."""

PROBLEM_MEMBERS = {
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "outcome",
    "retryable",
    "next",
    "request_id",
}
PROBLEM_JSON = "application/problem+json"
PLAIN_HEADERS = {"content-type", "content-length", "vary", "content-security-policy"}
EVERYWHERE = {"x-content-type-options", "x-request-id"}
HOP_BY_HOP = {"connection"}


@dataclass
class Watch:
    """Looks at each answer as it arrives; counts what it looked at."""

    app: FastAPI
    seen: list[tuple[str, int]] = field(default_factory=list)
    _document: dict[str, Any] = field(init=False)
    _paths: list[tuple[re.Pattern[str], dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self._document = self.app.openapi()
        self._paths = [
            (
                re.compile(re.sub(r"\{\w+\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))),
                operations,
            )
            for path, operations in sorted(self._document["paths"].items(), key=lambda item: "{" in item[0])
        ]

    def on(self, api: httpx.AsyncClient) -> None:
        """Watch this client's answers from now on."""
        api.event_hooks = {"request": [], "response": [self]}

    async def __call__(self, answer: httpx.Response) -> None:
        await answer.aread()
        request = answer.request
        assert answer.status_code < 500 or answer.status_code in (502, 503, 504), answer.text
        given = request.headers.get("x-request-id")
        assert given is None or answer.headers["x-request-id"] == given
        if answer.status_code >= 400:
            assert MARKER not in answer.text
            assert "Traceback" not in answer.text
        if PROBLEM_JSON in answer.headers.get("content-type", ""):
            check_problem(answer)
        operation = self._operation(request)
        if operation is None:
            assert answer.status_code in (204, 404, 405), f"undocumented: {request.method} {request.url}"
            return
        self.seen.append((operation["operationId"], answer.status_code))
        self._check_documented(answer, operation)

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        method = {"HEAD": "get"}.get(request.method, request.method.lower())
        for path, operations in self._paths:
            if path.fullmatch(request.url.path) and method in operations:
                found: dict[str, Any] = operations[method]
                return found
        return None

    def _check_documented(self, answer: httpx.Response, operation: Mapping[str, Any]) -> None:
        name, status = operation["operationId"], str(answer.status_code)
        documented = operation["responses"].get(status)
        assert documented is not None, f"{name} does not document {status}: {answer.text}"
        headers = {header.lower() for header in documented.get("headers", {})}
        undocumented = set(answer.headers) - headers - PLAIN_HEADERS - EVERYWHERE - HOP_BY_HOP
        assert undocumented == set(), f"{name} does not document the headers {undocumented} of {status}"
        assert "x-request-id" in headers
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        content = documented.get("content", {})
        assert (media_type in content) if answer.content else answer.request.method == "HEAD" or not content
        if answer.content and media_type.endswith("json"):
            found = list(faults(answer.json(), content[media_type]["schema"], self._document))
            assert found == [], f"{name} {status}: {found}"
        if answer.content and media_type == PROBLEM_JSON and "examples" in content[media_type]:
            assert answer.json()["code"] in content[media_type]["examples"], f"{name} {status}: {answer.json()['code']}"


def check_problem(answer: httpx.Response) -> None:
    """Every member of a problem is there, fits the others, and the code is one of the tree's."""
    if answer.request.method == "HEAD":
        return
    problem = answer.json()
    assert problem.keys() >= PROBLEM_MEMBERS
    error = ERRORS[problem["code"]]
    assert (problem["title"], problem["status"]) == (error.title, answer.status_code)
    assert problem["type"].endswith(f"/problems/{problem['code']}")
    assert problem["next"].keys() == {"action", "after_s"}
    assert problem["code"] != "capability-missing" or problem["capabilities"]  # what it can do instead
    assert isinstance(problem["retryable"], bool)
    assert problem["outcome"] in ("not_sent", "refused", "unknown")
    assert len(problem["detail"]) > 10
    assert len(answer.content) <= 4096
    if answer.headers.get("idempotent-replayed") != "true" and "operation-id" not in answer.headers:
        assert problem["request_id"] == answer.headers["x-request-id"]
    if problem["next"]["after_s"] is not None:
        assert answer.headers["retry-after"] == str(problem["next"]["after_s"])
    for fault in problem.get("errors", []):
        assert fault.keys() == {"pointer", "code", "message"}
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def examples_of(document: dict[str, Any]) -> list[tuple[str, Any, dict[str, Any]]]:
    """Each example of the document, with its place and the schema that it has to fit."""
    found: list[tuple[str, Any, dict[str, Any]]] = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for where, body in [("request", operation.get("requestBody", {})), *operation["responses"].items()]:
                for content in body.get("content", {}).values():
                    place = f"{method} {path} {where}"
                    if "example" in content:
                        found.append((place, content["example"], content["schema"]))
                    for reference in content.get("examples", {}).values():
                        found.append((place, resolved(reference["$ref"], document)["value"], content["schema"]))
    return found


def without_ids(answer: httpx.Response) -> tuple[int, str]:
    """Status and body of a refusal without what may differ between two requests."""
    problem = answer.json()
    return answer.status_code, json.dumps({**problem, "request_id": "", "instance": ""}, sort_keys=True)
