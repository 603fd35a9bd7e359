"""Planted bugs in who may see what, and in what a repeated key is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fastapi import Request
from sqlalchemy import and_, bindparam
from starlette.requests import HTTPConnection

from app.api import requests, writes
from app.api.auth import identify
from app.api.gateway import Gateway
from app.api.problems import problem_body
from app.api.requests import StrictRequest
from app.api.writes import Wish
from app.domain.errors import GatewayError
from app.domain.json import JsonValue
from app.domain.operations import Operation
from app.ledger import accept, operations
from app.ledger.accept import keep_refusal
from app.ledger.found import find_both
from app.ledger.records import Acceptance, Refuse
from app.ledger.sql import Row, Unit
from app.ledger.tables import KEY, ORDER
from tests.chaos.patching import holds, put, taken


def _key_without_client() -> None:
    """A key is looked up for all clients and tenants alike."""
    its_order = and_(ORDER.c.backend == bindparam("backend"), ORDER.c.number == bindparam("number"))
    put(accept, "FIND_BOTH", find_both(KEY.c.key == bindparam("key"), its_order))


def _fingerprint_ignores_the_path() -> None:
    """The same body to another order is taken for the same request."""
    as_ever = taken(writes, "fingerprint")

    def marks(
        method: str,
        path_template: str,
        path_params: Mapping[str, str],
        query: Sequence[tuple[str, str]],
        media_type: str,
        body: JsonValue,
    ) -> bytes:
        found: bytes = as_ever(method, "", {}, query, media_type, body)
        return found

    put(writes, "fingerprint", marks)


def _trouble_is_stored() -> None:
    """A 5xx is kept with its key, as a refusal is."""
    as_ever = writes._accepted

    async def accepted(gateway: Gateway, request: StrictRequest, wish: Wish, *, wait_s: float) -> Acceptance:
        try:
            return await as_ever(gateway, request, wish, wait_s=wait_s)
        except GatewayError as error:
            if error.status >= 500:
                kept = Refuse(status=error.status, body=problem_body(request.scope, error).decode())
                await gateway.store.write(keep_refusal(writes._draft(gateway, request, wish), kept))
            raise

    put(writes, "_accepted", accepted)


def _replay_skips_authorisation() -> None:
    """Whoever repeats a key is answered before his scopes are looked at."""
    as_ever = taken(requests, "admit")
    holds(as_ever, "scopes - caller.scopes")

    def kept(client_id: str, key: str) -> Unit[Sequence[Row]]:
        return (yield accept.FIND_KEY, {"client_id": client_id, "key": key})

    async def admit(request: HTTPConnection, scopes: frozenset[str]) -> None:
        caller = await identify(request)
        gateway: Gateway = request.scope["app"].state.gateway
        key = request.headers.get("idempotency-key", "")
        if not await gateway.store.read(kept(caller.client_id, key)):
            assert isinstance(request, Request)
            await as_ever(request, scopes)

    put(requests, "admit", admit)


def _tenant_filter_dropped() -> None:
    """One route shows an operation to whoever knows its id."""

    def find(operation_id: str, *, tenant: str, backends: frozenset[str]) -> Unit[Operation | None]:
        return (yield from operations.find(operation_id))

    put(operations, "find_mine", find)


BUGS: Mapping[str, Callable[[], None]] = {
    "key-without-client": _key_without_client,
    "fingerprint-ignores-the-path": _fingerprint_ignores_the_path,
    "trouble-is-stored": _trouble_is_stored,
    "replay-skips-authorisation": _replay_skips_authorisation,
    "tenant-filter-dropped": _tenant_filter_dropped,
}
