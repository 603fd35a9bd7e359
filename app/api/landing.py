"""`GET /`: what somebody who opens the address of a gateway sees first; a program gets the same links as JSON."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from html import escape

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from app.api.html_pages import HEADERS, html_page, wants_page

LINKS: dict[str, tuple[str, str]] = {
    "docs":         ("Try it", "every call with its description, to be tried from the browser"),
    "openapi.json": ("OpenAPI", "the contract, to read or to generate a client from"),
    "problems":     ("Problems", "every error code: when it happens, and what to do"),
    "readyz":       ("Health", "whether this gateway takes writes now; for a monitor: <code>/livez</code>, <code>/readyz</code>"),
}  # fmt: skip
"""Path -> what the page calls it, and what is there (HTML)."""

COMMANDS = """\
URL={url}
CLIENT=sandbox SECRET=sandbox-secret   # of the sandbox; elsewhere, what the operator gave you

TOKEN=$(curl -s "$URL/oauth/token" -u "$CLIENT:$SECRET" -d grant_type=client_credentials \\
  | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')

# the client systems that you may use
curl -s "$URL/v1/backends" -H "Authorization: Bearer $TOKEN"; echo

# an order, read from the client's system now
ORDER="$URL/v1/backends/civica-cx/work-orders/113427"
curl -s "$ORDER" -H "Authorization: Bearer $TOKEN"; echo

# say that the engineer is on the way; run it twice: the same key, so still one update
curl -i "$ORDER/status-updates" -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" -H "Idempotency-Key: {key}" \\
  -d '{{"status": "en_route", "occurred_at": "{now}"}}'; echo
"""

BODY = """\
<h1>One JSON API for work orders, whatever system the client runs</h1>
<p>Send status updates and changes of work orders here, and Orderbridge speaks the client's own system: Civica Cx, Unit4 ERPx,
NexusFS or OverIT. It always tells you where you stand (applied, refused and why, or not known yet and being found out);
nothing is lost, and nothing happens twice.</p>
<table>{links}</table>
<h2>The first lines</h2>
<p class="quiet">In the sandbox they work as they stand.</p>
<pre>{commands}</pre>
<footer>Orderbridge {version}</footer>
"""


def commands(public_url: str) -> str:
    """Lines for sh: a token, the backends, an order, and a status update with a key of its own, of now."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return COMMANDS.format(url=public_url, key=uuid.uuid4(), now=now)


def add_landing(app: FastAPI, *, public_url: str) -> None:
    """Add `GET /` and `HEAD /`, which are not in the contract."""
    index = {
        "name": app.title,
        "version": app.version,
        "documentation": f"{public_url}/docs",
        "openapi": f"{public_url}/openapi.json",
        "problems": f"{public_url}/problems",
        "token": f"{public_url}/oauth/token",
        "live": f"{public_url}/livez",
        "ready": f"{public_url}/readyz",
    }
    links = "".join(
        f'<tr><th><a href="{path}">{name}</a></th><td>{text}</td></tr>' for path, (name, text) in LINKS.items()
    )

    async def landing(request: Request) -> Response:
        headers = {**HEADERS, "Cache-Control": "no-store"}
        accept = request.headers.get("accept", "")
        if "application/json" in accept and not wants_page(accept):
            return JSONResponse(index, headers=headers)
        body = BODY.format(links=links, commands=escape(commands(public_url), quote=False), version=escape(app.version))
        return HTMLResponse(html_page(app.title, body, root="./"), headers=headers)

    app.router.routes.append(Route("/", landing, name="landing", include_in_schema=False))
