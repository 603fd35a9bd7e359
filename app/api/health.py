"""Is the process alive, and may it have traffic? Neither answer ever depends on a vendor."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response

from app.api.auth import PUBLIC
from app.api.documented import CACHE_CONTROL
from app.api.gateway import GatewayDep
from app.api.problem_docs import problem_answers
from app.api.requests import strict_router

router = strict_router(tags=["health"])
CONDITION: dict[str, Any] = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string", "enum": ["ok", "unavailable"], "description": "Whether all is well."},
        "reason": {
            "type": "string",
            "enum": ["stopping", "database", "worker"],
            "description": "What is not well, if anything is.",
        },
    },
}
ANSWER = {
    "headers": CACHE_CONTROL,
    "content": {"application/json": {"schema": CONDITION, "example": {"status": "ok"}}},
}
NOT_READY = {
    "headers": CACHE_CONTROL,
    "content": {
        "application/json": {"schema": CONDITION, "example": {"status": "unavailable", "reason": "database"}},
    },
}
HEARTBEAT_S = 15
"""How long a worker's loop may take to go round; it does so at least every few seconds."""


@router.get(
    "/livez",
    operation_id="getLiveness",
    summary="The process answers",
    dependencies=[PUBLIC],
    response_class=Response,
    responses={200: {"description": "Alive.", **ANSWER}, **problem_answers(stored=False)},
)
async def get_liveness() -> Response:
    """Nothing but the event loop is asked."""
    return _answer({"status": "ok"}, 200)


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="The gateway can take writes",
    dependencies=[PUBLIC],
    response_class=Response,
    responses={
        200: {"description": "Ready.", **ANSWER},
        503: {
            "description": "The process is `stopping`, the `database` does not take a write, or a `worker` has come to rest.",
            **NOT_READY,
        },
        **problem_answers(stored=False),
    },
)
async def get_readiness(gateway: GatewayDep) -> Response:
    """The database takes a write, the workers go round, and the process has not been told to stop. No vendor is asked."""
    if gateway.closing.is_set():
        return _unavailable("stopping")
    if not await gateway.writable.ask():
        return _unavailable("database")
    if not gateway.dispatcher.beats(within_s=HEARTBEAT_S):
        return _unavailable("worker")
    return _answer({"status": "ok"}, 200)


def _unavailable(reason: str) -> Response:
    return _answer({"status": "unavailable", "reason": reason}, 503)


def _answer(body: dict[str, str], status: int) -> Response:
    return Response(
        json.dumps(body), status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"}
    )
