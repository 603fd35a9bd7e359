"""`GET /problems` and `GET /problems/{code}`: what each error means and what to do, for people and as JSON."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from app.api.auth import PUBLIC, nothing_here
from app.api.problem_docs import problem_answers
from app.api.requests import strict_router
from app.domain.errors import ERRORS, GatewayError, NextAction, NotFound

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1rem; margin: 2rem 0 .25rem; opacity: .7; }
code { font: .92em ui-monospace, monospace; background: var(--soft); padding: .1em .35em; border-radius: .3em; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
td, th { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line); }
th { font-weight: 500; white-space: nowrap; opacity: .7; } a { color: inherit; } nav { opacity: .7; margin: 0 0 2rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=300",
    "Vary": "Accept",
}

ACTIONS: dict[NextAction, str] = {
    NextAction.retry:            "Send the same request again, with the same Idempotency-Key, after the time in Retry-After.",
    NextAction.fix_request:      "Correct the request, and send it anew.",
    NextAction.wait:             "Wait; what is pending has to finish first.",
    NextAction.resolve_hold:     "Somebody resolves the hold (GET /v1/holds); then it goes on.",
    NextAction.contact_operator: "Only the operator of this gateway can put it right.",
    NextAction.none:             "Nothing is left to do.",
}  # fmt: skip
OUTCOMES: dict[str, str] = {
    "not_sent": "Nothing was sent to the vendor.",
    "refused":  "The vendor was asked and refused; nothing was changed there by this request.",
}  # fmt: skip

_CODE = re.compile(r"`([^`]+)`")

router = strict_router(tags=["problems"])


def _documented(example: Any, *problems: type[GatewayError]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "description": "A page, or JSON for `Accept: application/json`.",
            "content": {
                "application/json": {"schema": {"type": "object"}, "example": example},
                "text/html": {"schema": {"type": "string"}},
            },
        },
        **problem_answers(*problems),
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
    responses=_documented({"items": [described(ERRORS["not-found"])], "next": None}),
    response_class=Response,
)
async def list_problems(request: Request) -> Response:
    """Every error code of this API, with what it means."""
    if not _wants_page(request):
        return JSONResponse({"items": [described(error) for error in ERRORS.values()], "next": None}, headers=HEADERS)
    rows = "".join(
        f'<tr><td>{error.status}</td><td><a href="/problems/{code}"><code>{code}</code></a></td>'
        f"<td>{escape(error.title)}</td></tr>"
        for code, error in ERRORS.items()
    )
    intro = "<p>Every error is <code>application/problem+json</code>; its <code>code</code> is one of these.</p>"
    return _page("Problems", f"<h1>Problems</h1>{intro}<table>{rows}</table>")


@router.get(
    "/problems/{code}",
    dependencies=[PUBLIC],
    operation_id="getProblem",
    summary="One error code explained",
    responses=_documented(described(ERRORS["not-found"]), NotFound),
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
    facts = {
        "Status": str(error.status),
        "Code": f"<code>{error.code}</code>",
        "What was sent": escape(OUTCOMES[error.outcome]),
        "May be repeated": "Yes, with the same Idempotency-Key." if error.retryable else "Not as it is.",
        "What to do": escape(ACTIONS[error.action]),
    }
    rows = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in facts.items())
    return _page(
        error.title,
        f'<nav><a href="/problems">All problems</a></nav><h1>{escape(error.title)}</h1>{meaning}<table>{rows}</table>',
    )


def _wants_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)} · Orderbridge</title><style>{STYLE}</style></head><body>{body}</body></html>",
        headers=HEADERS,
    )
