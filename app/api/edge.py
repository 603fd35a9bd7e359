"""The edge of the API in one call: problems for every error, tokens and callers, request ids and the access log."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import FastAPI

from app.api import problem_pages, tokens
from app.api.auth import Authority
from app.api.forwarded import trust
from app.api.guessing import Guessing
from app.api.problems import add_problem_answers
from app.api.request_id import Count, RequestIds, uncounted


def add_edge(app: FastAPI, *, authority: Authority, proxies: Iterable[str] = (), count: Count = uncounted) -> None:
    """Install the edge. Call it after every other `add_middleware`, so that the request ids stand outermost.

    `proxies` are believed about whom they pass on; `count` is told of each answered request: method, route, status, seconds.
    """
    app.state.authority = authority
    app.state.guessing = Guessing()
    trust(app, proxies)
    app.router.redirect_slashes = False  # a redirect would send a write, with its token, a second time
    add_problem_answers(app, public_url=authority.config.public_url)
    app.include_router(tokens.router)
    app.include_router(problem_pages.router)
    app.add_middleware(RequestIds, count=count)
