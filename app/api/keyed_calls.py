"""Calls that no vendor sees, once for each idempotency key: the same key with the same request has the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import Request, Response

from app.api.auth import Caller
from app.api.gateway import Gateway
from app.api.idempotency_key import fingerprint
from app.api.requests import StrictRequest
from app.domain.json import JsonValue
from app.ledger import keyed
from app.ledger.keyed import Answer, Keyed
from app.ledger.rows import compact
from app.ledger.sql import Unit
from app.ledger.webhook_secrets import Vault

JSON = "application/json"
NOTHING = 204


class KeyedCall:
    """One request. Without a key it is simply done; with a vault its answer may hold secrets, and is kept sealed."""

    def __init__(
        self, request: Request, caller: Caller, gateway: Gateway, vault: Vault | None, *, key: str | None
    ) -> None:
        self._gateway = gateway
        self._vault = vault
        self.now = gateway.clock()
        marks = fingerprint(
            request.method,
            request.scope["route"].path,
            request.path_params,
            request.query_params.multi_items(),
            request.media_type if isinstance(request, StrictRequest) else JSON,
            request.received if isinstance(request, StrictRequest) else None,
        )
        self._no_room = gateway.no_room(caller.client_id, key)
        self._keyed = (
            None
            if key is None
            else Keyed(tenant=caller.tenant, client_id=caller.client_id, key=key, fingerprint=marks.hex(), now=self.now)
        )

    async def replayed(self) -> Response | None:
        """The answer that the key has already. Raises IdempotencyKeyReused."""
        answer = await self._gateway.store.look(keyed.replayed(self._keyed, self._vault))
        return None if answer is None else self._response(answer)

    async def done(self, work: Callable[[], Unit[Answer]]) -> Response:
        """Do it now, unless another request with the key was quicker. Raises RateLimited."""

        def new() -> Unit[Answer]:
            if self._no_room is not None:
                raise self._no_room
            return (yield from work())

        answer = await self._gateway.store.write(keyed.once(self._keyed, self._vault, new))
        return self._response(answer)

    def _response(self, done: Answer) -> Response:
        told = {"Idempotent-Replayed": "true" if done.replayed else "false"}
        if self._vault is not None:
            told["Cache-Control"] = "no-store"  # secrets may stand in it, so nobody on the way keeps it
        media_type = None if done.status == NOTHING else JSON
        return Response(done.body, status_code=done.status, media_type=media_type, headers=told)


def answer(status: int, body: Mapping[str, JsonValue] | None = None) -> Answer:
    return Answer(status=status, body="" if body is None else compact(body))
