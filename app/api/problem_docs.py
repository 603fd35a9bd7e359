"""How OpenAPI shows the problems of the public routes: the named ones, and `default` for any other."""

from __future__ import annotations

from typing import Any

from app.api.problems import PROBLEM_JSON
from app.domain.errors import GatewayError

_CONTENT: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}


def problem_answers(*kinds: type[GatewayError]) -> dict[int | str, dict[str, Any]]:
    """The problem answers of a route that anybody may call."""
    named: dict[int | str, dict[str, Any]] = {kind.status: _answer(kind) for kind in kinds}
    return {**named, "default": {"description": "Any other problem.", "content": {PROBLEM_JSON: _CONTENT}}}


def _answer(kind: type[GatewayError]) -> dict[str, Any]:
    example = kind(f"{kind.title}.").as_problem(public_url="http://127.0.0.1:8000", instance="/", request_id="req_5f0c")
    return {"description": f"{kind.code}: {kind.title}", "content": {PROBLEM_JSON: {**_CONTENT, "example": example}}}
