"""Who may do what: every route of the OpenAPI document against every caller who may not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.domain.clients import SCOPES
from tests.api.routes.contract import Watch, without_ids
from tests.api.routes.scene import ON_SITE, another_caller, new_order, rows
from tests.gateway import Site, client_of

HOST_BACKEND = "civica-cx"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One guarded operation of the document, and a good request for it."""

    method: str
    path: str
    scope: str
    body: Any

    def address(self, **parameters: str) -> str:
        return self.path.format(**parameters)


def routes_of(site: Site) -> list[Route]:
    """Every operation that asks for a scope; its body is the document's own example."""
    found: list[Route] = []
    for path, methods in site.app.openapi()["paths"].items():
        for method, operation in methods.items():
            if not operation["security"]:
                continue
            content = operation.get("requestBody", {}).get("content", {})
            body = content["application/json"]["example"] if content else None
            scope = operation["security"][0]["oauth2"][0]
            found.append(Route(method=method.upper(), path=path, scope=scope, body=body))
    return found


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A site with one applied update of the tenant `acme`, and what names it."""

    site: Site
    number: str
    operation_id: str
    routes: list[Route]
    before: dict[str, list[str]]

    @property
    def names(self) -> dict[str, str]:
        return {
            "backend": HOST_BACKEND,
            "number": self.number,
            "operation_id": self.operation_id,
            "hold_id": "hold_" + "0" * 26,
            "webhook_id": "wh_" + "0" * 26,  # tests/webhooks/test_api.py has one of another tenant
            "message_id": "msg_" + "0" * 26,
        }

    async def ask(self, api: httpx.AsyncClient, route: Route, names: Mapping[str, str]) -> httpx.Response:
        headers = {"Idempotency-Key": "a-key-of-the-intruder"} if route.method in ("POST", "PATCH") else {}
        return await api.request(route.method, route.address(**names), json=route.body, headers=headers)

    async def nothing_changed(self) -> bool:
        return await rows(self.site) == self.before


@pytest.fixture
async def scene(cx: Site) -> Scene:
    number = new_order(cx)
    answer = await cx.update(number, ON_SITE, key="the-key-of-the-tenant")
    assert answer.status_code == 201
    while not (await cx.api.get(cx.orders("113434"), headers={"Cache-Control": "max-stale"})).is_success:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)  # the first round of polling ends
    routes = routes_of(cx)
    assert len(routes) >= 25
    return Scene(
        site=cx, number=number, operation_id=answer.json()["operation_id"], routes=routes, before=await rows(cx)
    )


JUNK = [
    "",
    "Bearer",
    "Bearer x",
    "Bearer a.b.c",
    "Basic dGVzdGVyOngK",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Bearer " + "a" * 9000,
]


async def test_without_a_token_every_route_is_401_and_all_alike(scene: Scene) -> None:
    nobody = client_of(scene.site.app)
    Watch(scene.site.app).on(nobody)
    for route in scene.routes:
        bodies = set()
        for authorization in JUNK:
            nobody.headers["Authorization"] = authorization
            answer = await scene.ask(nobody, route, scene.names)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), route
            bodies.add(without_ids(answer))
        assert len(bodies) == 1, route
    assert await scene.nothing_changed()
    await nobody.aclose()


async def test_without_the_scope_every_route_is_403_and_names_it(scene: Scene) -> None:
    for scope in {route.scope for route in scene.routes}:
        async with another_caller(
            scene.site, "no-" + scope.replace(":", "-"), scopes=frozenset(SCOPES) - {scope}
        ) as limited:
            before = await rows(scene.site)
            for route in scene.routes:
                if route.scope == scope:
                    answer = await scene.ask(limited, route, scene.names)
                    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing"), route
                    assert answer.json()["scope"] == scope
            assert await rows(scene.site) == before


async def test_a_backend_of_somebody_else_looks_like_none_at_all(scene: Scene) -> None:
    async with another_caller(scene.site, "intruder", tenant="intruder", backend="their-own") as intruder:
        for route in scene.routes:
            if "{backend}" in route.path:
                theirs = await scene.ask(intruder, route, scene.names)
                absent = await scene.ask(intruder, route, {**scene.names, "backend": "no-such-backend"})
                assert (theirs.status_code, theirs.json()["code"]) == (404, "not-found"), route
                assert without_ids(theirs) == without_ids(absent)
                assert {*theirs.headers} == {*absent.headers}
    assert await scene.nothing_changed()


async def test_a_backend_that_was_granted_and_is_configured_no_more_is_not_found(scene: Scene) -> None:
    async with another_caller(scene.site, "former", backend="taken-out") as former:
        for route in scene.routes:
            if "{backend}" in route.path:
                answer = await scene.ask(former, route, {**scene.names, "backend": "taken-out"})
                assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), route
    assert await scene.nothing_changed()


async def test_an_operation_of_another_tenant_looks_like_none_at_all(scene: Scene) -> None:
    # This one has been granted the same backend: its orders are his to see, another tenant's operations are not.
    absent_id = "op_" + "0" * 26
    async with another_caller(scene.site, "neighbour", tenant="neighbour") as neighbour:
        for route in scene.routes:
            if "{operation_id}" in route.path:
                theirs = await scene.ask(neighbour, route, scene.names)
                absent = await scene.ask(neighbour, route, {**scene.names, "operation_id": absent_id})
                assert (theirs.status_code, theirs.json()["code"]) == (404, "not-found"), route
                assert without_ids(theirs) == without_ids(absent)
        listed = await neighbour.get("/v1/operations")
        history = await neighbour.get(scene.site.orders(scene.number) + "/status-updates")
    assert (listed.json()["items"], history.json()["items"]) == ([], [])
    assert await scene.nothing_changed()


async def test_another_clients_key_brings_nothing_of_its_answer(scene: Scene) -> None:
    path = scene.site.orders(scene.number) + "/status-updates"
    async with another_caller(scene.site, "neighbour", tenant="neighbour") as neighbour:
        answer = await neighbour.post(path, json=ON_SITE, headers={"Idempotency-Key": "the-key-of-the-tenant"})
    assert (answer.status_code, answer.json()["code"]) == (409, "status-unchanged")
    assert answer.headers["idempotent-replayed"] == "false"
    assert scene.operation_id not in answer.text


async def test_a_replay_asks_for_the_scope_again(scene: Scene) -> None:
    keys = scene.site.app.state.authority.keys
    reader = keys.mint(
        issuer="orderbridge", audience="orderbridge", client_id="tester", scopes=frozenset({"orders:read"})
    )
    answer = await scene.site.update(
        scene.number, ON_SITE, key="the-key-of-the-tenant", authorization=f"Bearer {reader}"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
    assert scene.operation_id not in answer.text


@pytest.mark.parametrize("member", ["tenant", "tenant_id", "id", "state", "seq", "operation_id", "created_at"])
async def test_no_member_beyond_the_documented_ones_is_taken(cx_on_sqlite: Site, member: str) -> None:
    answer = await cx_on_sqlite.update("113427", {**ON_SITE, member: "applied"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        (f"/{member}", "unknown-member")
    ]
    assert cx_on_sqlite.effects("113427") == []
