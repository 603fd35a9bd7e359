"""What the tests of the routes send, and how they look behind the API: fresh orders, further callers, the ledger's rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import select

from app.domain.clients import SCOPES
from app.ledger.models import metadata
from app.ledger.sql import Sql, Unit
from tests.api.routes.contract import Watch
from tests.gateway import Site, add_client

ON_SITE: dict[str, Any] = {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"}
LATE_ORDER, ENDED_ORDER, UNSEEN_ORDER = "113428", "113431", "999999"
IN_TIME_ORDER = "113430"
"""Completed before its target date, which has long passed."""


def update(**members: Any) -> dict[str, Any]:
    """A status update; None leaves a member out."""
    return {name: value for name, value in {**ON_SITE, **members}.items() if value is not None}


def new_order(site: Site) -> str:
    """The number of an order that nobody has touched: issued, not late."""
    return new_orders(site, 1)[0]


def new_orders(site: Site, count: int) -> list[str]:
    added = site.vendor.post("/_sim/orders", json={"count": count}).json()
    return [str(number) for number in range(added["first"], added["last"] + 1)]


@asynccontextmanager
async def another_caller(
    site: Site,
    client_id: str,
    *,
    tenant: str = "acme",
    scopes: frozenset[str] = frozenset(SCOPES),
    backend: str | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """A further client, logged in and watched."""
    backends = frozenset({backend or site.backend})
    api = await add_client(site.app, client_id, tenant=tenant, scopes=scopes, backends=backends)
    Watch(site.app).on(api)
    yield api
    await api.aclose()


async def rows(site: Site) -> dict[str, list[str]]:
    """Every row of the ledger, as text, by table."""
    return {
        name: sorted(await site.app.state.gateway.store.read(_all(Sql(select(table)))))
        for name, table in metadata.tables.items()
        if name != "client"
    }


def _all(statement: Sql) -> Unit[list[str]]:
    found = yield statement, {}
    return [json.dumps(dict(row), default=str, sort_keys=True) for row in found]  # type: ignore[call-overload]


async def final(site: Site, operation_id: str) -> dict[str, Any]:
    """The operation, once it is finished."""
    for _ in range(200):
        found: dict[str, Any] = (await site.api.get(f"/v1/operations/{operation_id}")).json()
        if found["finished_at"] is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{operation_id} does not end")


async def unused(site: Site, number: str, key: str) -> None:
    """The key has not been taken: a good request with it is accepted as the first of its kind."""
    answer = await site.update(number, ON_SITE, key=key)
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "false"), answer.text
