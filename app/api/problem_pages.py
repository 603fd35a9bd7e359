"""`GET /problems` and `GET /problems/{code}`: what each error means and what to do, for people and as JSON."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from app.api import html_pages
from app.api.auth import PUBLIC, nothing_here
from app.api.documented import CACHE_CONTROL
from app.api.examples import problem_example
from app.api.problem_docs import ACTIONS, OUTCOMES, facts, problem_answers
from app.api.problem_texts import ADVICE
from app.api.requests import strict_router
from app.domain.errors import ERRORS, GatewayError, NotFound

HEADERS = {**html_pages.HEADERS, "Cache-Control": "public, max-age=300"}

_CODE = re.compile(r"`([^`]+)`")

router = strict_router(tags=["problems"])

ERROR_CODE: dict[str, Any] = {
    "type": "object",
    "required": ["code", "status", "title", "meaning", "outcome", "retryable", "next"],
    "properties": {
        "code": {"type": "string", "description": "The code, as a problem carries it."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "title": {"type": "string", "description": "What it means, in a few words."},
        "meaning": {"type": "string", "description": "What it means, and what to do."},
        "outcome": {
            "type": "string",
            "enum": [*OUTCOMES],
            "description": "Whether the vendor has seen the request, and refused it: as a rule; each problem says it for itself.",
        },
        "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "next": {"type": "string", "enum": [each.value for each in ACTIONS], "description": "Who has to do what."},
    },
}
ERROR_CODES: dict[str, Any] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {"type": "array", "items": ERROR_CODE, "description": "All of them; there is no further page."},
        "next": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Always null."},
    },
}


def _documented(
    schema: dict[str, Any], example: dict[str, Any], page: str, *problems: type[GatewayError]
) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "description": "JSON, or a page for `Accept: text/html`.",
            "headers": CACHE_CONTROL,
            "content": {
                "application/json": {"schema": schema, "example": example},
                "text/html": {"schema": {"type": "string"}, "example": page},
            },
        },
        **problem_answers(*problems, stored=False),
    }


def described(error: type[GatewayError]) -> dict[str, Any]:
    """What a page says, as JSON."""
    return {
        "code": error.code,
        "status": error.status,
        "title": error.title,
        "meaning": error.help(),
        "outcome": error.outcome,
        "retryable": error.retryable,
        "next": error.action.value,
    }


@router.get(
    "/problems",
    dependencies=[PUBLIC],
    operation_id="listProblems",
    summary="Every error code",
    responses=_documented(ERROR_CODES, {}, "<!doctype html><title>Problems</title>"),
    response_class=Response,
)
async def list_problems(request: Request) -> Response:
    """Every error code of this API, with what it means."""
    if not _wants_page(request):
        return JSONResponse({"items": [described(error) for error in ERRORS.values()], "next": None}, headers=HEADERS)
    rows = "".join(
        f'<tr><td>{error.status}</td><td><a href="problems/{code}"><code>{code}</code></a></td>'
        f"<td>{escape(error.title)}</td></tr>"
        for code, error in ERRORS.items()
    )
    intro = "<p>Every error is <code>application/problem+json</code>; its <code>code</code> is one of these.</p>"
    return _page("Problems", f"<h1>Problems</h1>{intro}<table>{rows}</table>", root="./")


@router.get(
    "/problems/{code}",
    dependencies=[PUBLIC],
    operation_id="getProblem",
    summary="One error code explained",
    responses=_documented(
        ERROR_CODE, described(ERRORS["not-found"]), "<!doctype html><title>Not found</title>", NotFound
    ),
    response_class=Response,
)
async def get_problem(code: str, request: Request) -> Response:
    """What one error code means, and what to do about it."""
    error = ERRORS.get(code)
    if error is None:
        nothing_here()
    if not _wants_page(request):
        return JSONResponse(described(error), headers=HEADERS)
    meaning = "".join(f"<p>{_prose(paragraph)}</p>" for paragraph in error.help().split("\n\n"))
    rows = "".join(f"<tr><th>{name}</th><td>{_prose(text)}</td></tr>" for name, text in facts(error).items())
    advice = ADVICE[code]
    example = escape(json.dumps(problem_example(error), indent=2, ensure_ascii=False))
    return _page(
        error.title,
        f"<h1>{escape(error.title)}</h1>{meaning}<table>{rows}</table>"
        f"<h2>When it happens</h2><ul>{_points(advice.when)}</ul><h2>What to do</h2><ol>{_points(advice.do)}</ol>"
        f"<h2>Example</h2><pre>{example}</pre>",
        root="../",
    )


def _wants_page(request: Request) -> bool:
    return html_pages.wants_page(request.headers.get("accept", ""))


def _points(texts: tuple[str, ...]) -> str:
    return "".join(f"<li>{_prose(text)}</li>" for text in texts)


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _page(title: str, body: str, *, root: str) -> HTMLResponse:
    return HTMLResponse(html_pages.html_page(title, body, root=root), headers=HEADERS)
