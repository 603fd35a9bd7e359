"""`/docs`: Swagger UI from our own files, under a policy that lets the page load nothing and call nobody else.

`static/swagger-ui/` is swagger-ui-dist 5.35.0 (Apache-2.0) as published; its SHA256SUMS is checked by a test. What is
ours is the page below, `static/docs.css`, and `static/docs.js`, which also fills in a fresh Idempotency-Key for every
execute and the ids of what was answered before.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"

# No script and no style stands in the page itself, so neither a nonce nor 'unsafe-inline' is needed.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

# Addresses are relative to `/docs`, so that the page also works behind a proxy that adds a path of its own.
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: API documentation</title>
<link rel="icon" href="docs/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="docs/static/swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="docs/static/docs.css">
</head>
<body>
<header class="bar">
  <a class="name" href="./">{title}</a>
  <nav><a href="docs" aria-current="page">Try it</a><a href="{openapi_url}">OpenAPI</a><a href="problems">Problems</a></nav>
  <label title="Off: the key stays as it is, and a repeated execute is answered as a replay.">
    <input type="checkbox" id="fresh-keys" checked> New Idempotency-Key for every execute
  </label>
</header>
<p class="hint"><b>Authorize</b> with your client's id and secret (in the sandbox <code>sandbox</code> and
<code>sandbox-secret</code>), open a call, and press <b>Execute</b>: there, the examples work as they stand. Every execute gets a
new key, as a new change must. Untick the box above, execute again, and see the same request answered as a replay.</p>
<div id="swagger-ui" data-openapi-url="{openapi_url}"></div>
<noscript>This page needs JavaScript. The contract itself is at <a href="{openapi_url}">{openapi_url}</a>.</noscript>
<script src="docs/static/swagger-ui/swagger-ui-bundle.js"></script>
<script src="docs/static/docs.js"></script>
</body>
</html>
"""


def docs_page(*, title: str, openapi_url: str) -> str:
    """The page as HTML; `openapi_url` is as the page's own address sees it, e.g. `openapi.json`."""
    return PAGE.format(title=escape(title), openapi_url=escape(openapi_url))


def mount_docs(app: FastAPI) -> None:
    """Add `GET /docs` and `/docs/static/...`, neither of them in the contract; the app must publish its OpenAPI."""
    if app.openapi_url is None:
        raise ValueError("the documentation page needs the app's openapi_url")
    page = docs_page(title=app.title, openapi_url=app.openapi_url.removeprefix("/"))

    async def docs(_: Request) -> HTMLResponse:
        return HTMLResponse(page, headers=HEADERS)

    app.router.routes.append(Route("/docs", docs, name="docs", include_in_schema=False))
    app.router.routes.append(Mount("/docs/static", StaticFiles(directory=STATIC), name="docs-static"))
