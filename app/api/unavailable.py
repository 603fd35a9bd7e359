"""Our own database cannot be reached: every route answers 503 `overloaded` with Retry-After, and a repeat is safe."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request, Response
from structlog.typing import FilteringBoundLogger

from app.api.problems import problem_response
from app.domain.errors import Overloaded
from app.ledger.store import StoreUnavailable

AGAIN_S = 2

_log: FilteringBoundLogger = structlog.get_logger()


def unavailable(error: StoreUnavailable) -> Overloaded:
    """The answer while the database is away; the reason stands in the log and not in the answer."""
    _log.error("the ledger cannot be reached", reason=str(error))
    return Overloaded(
        f"Our database cannot be reached. Repeat the request in {AGAIN_S} s, a write with the same Idempotency-Key.",
        after_s=AGAIN_S,
    )


def add_unavailable_answers(app: FastAPI) -> None:
    """Answer StoreUnavailable from anywhere under `app`, the checking of tokens included."""
    app.add_exception_handler(StoreUnavailable, _unavailable)


async def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreUnavailable)
    return problem_response(request.scope, unavailable(error))
