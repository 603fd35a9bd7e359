"""How our plain pages look: the landing page and the problems'. One style, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1d2b3a; --quiet: #5a6b7d; --line: #dfe5ec; --soft: #f4f6f9; --link: #0b5c8a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --quiet: #a3b0bd; --line: #343b42; --soft: #23292f; --link: #8ecbff; }
  body { background: #1c2022; }
}
body { margin: 0; color: var(--ink);
  font: 16px/1.6 -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif; }
.bar, main { padding: 0 max(1.25rem, calc((100% - 53rem) / 2)); }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.75rem; padding-top: .8rem; padding-bottom: .8rem;
  background: #14283c; font-size: .9rem; }
.bar a { color: #dbe6f0; text-decoration: none; } .bar a:hover { color: #fff; text-decoration: underline; }
.bar .name { color: #fff; font-size: 1.15rem; font-weight: 650; } .bar nav { display: flex; gap: 1.25rem; }
a:focus-visible { outline: 2px solid #7cc4ff; outline-offset: 3px; }
main { margin: 2.5rem 0; } main a { color: var(--link); }
h1 { font-size: 1.7rem; line-height: 1.3; margin: 0 0 .5rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem; }
p { margin: .6rem 0; } li { margin: .3rem 0; } ul, ol { padding-left: 1.3rem; }
.quiet, footer { color: var(--quiet); } footer { margin: 3rem 0 2rem; font-size: .9rem; }
code { font: .9em ui-monospace, "Liberation Mono", monospace; background: var(--soft); padding: .1em .35em; border-radius: .3em; }
pre { font: .84rem/1.55 ui-monospace, "Liberation Mono", monospace; background: var(--soft); border: 1px solid var(--line);
  border-radius: .4rem; padding: .8rem 1rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 1.25rem 0; }
td, th { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0; border-top: 1px solid var(--line); }
th { width: 8rem; font-weight: 500; white-space: nowrap; color: var(--quiet); }
td a code { color: var(--link); }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
}


def html_page(title: str, body: str, *, root: str) -> str:
    """The whole page; `title` is text, `body` is HTML.

    `root` leads from the page's own address to ours ("./" or "../"), so that links work behind a proxy that adds a path.
    """
    whole = title if title == "Orderbridge" else f"{title} · Orderbridge"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(whole)}</title><link rel="icon" href="{root}docs/static/icon.svg" type="image/svg+xml">'
        f"<style>{STYLE}</style></head><body>"
        f'<header class="bar"><a class="name" href="{root}">Orderbridge</a><nav><a href="{root}docs">Try it</a>'
        f'<a href="{root}openapi.json">OpenAPI</a><a href="{root}problems">Problems</a></nav></header>'
        f"<main>{body}</main></body></html>"
    )


def wants_page(accept: str) -> bool:
    """Whether a caller who accepts this would rather have a page than JSON, where JSON is what all others get."""
    return "text/html" in accept
