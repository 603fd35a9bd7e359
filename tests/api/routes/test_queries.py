"""A parameter that a call does not take is refused, and not passed over: a slip of the pen must not delete or list everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.routes.changing import delete, patch, refusal
from tests.api.routes.contract import MARKER
from tests.api.routes.scene import new_order
from tests.gateway import Site, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def calls(site: Site) -> Iterator[tuple[str, str, dict[str, Any], list[str]]]:
    """Each call under /v1 as the contract has it: method, path, what it needs to be read, the parameters that it takes."""
    for path, methods in site.app.openapi()["paths"].items():
        for method, told in methods.items():
            if path.startswith("/v1/"):
                body: dict[str, Any] = {"json": {}} if "requestBody" in told else {}
                takes = sorted(one["name"] for one in told.get("parameters", ()) if one["in"] == "query")
                filled = re.sub(r"\{\w+\}", "none", path.replace("{backend}", site.backend))
                yield method, filled, body, takes


async def test_every_call_names_the_parameters_that_it_takes(shared: Site) -> None:
    asked = 0
    for method, path, body, takes in calls(shared):
        answer = await shared.api.request(method, f"{path}?colour=red", **body)
        message = f"There is no such parameter here; there are: {', '.join(takes) or 'none'}."
        assert refusal(answer) == (422, "invalid-request", {"/query/colour": "unknown-parameter"}), path
        assert answer.json()["detail"] == f"/query/colour: {message}"
        asked += 1
    assert asked > 25


async def test_every_call_takes_one_of_each_of_its_parameters(shared: Site) -> None:
    for method, path, body, takes in calls(shared):
        for name in takes:
            once = await shared.api.request("HEAD" if path.endswith("stream") else method, f"{path}?{name}=1", **body)
            assert once.status_code != 422 or "unknown-parameter" not in once.text, (path, name)
            twice = await shared.api.request(method, f"{path}?{name}=1&{name}=1", **body)
            assert ("repeated" in twice.text) == (name != "replace"), (path, name)


async def test_no_call_takes_an_empty_parameter(shared: Site) -> None:
    for method, path, body, takes in calls(shared):
        for name in takes:
            answer = await shared.api.request(method, f"{path}?{name}=", **body)
            assert refusal(answer) == (422, "invalid-request", {f"/query/{name}": "empty"}), (path, name)
            assert answer.json()["detail"] == f"/query/{name}: Give this parameter a value, or leave it out."


@pytest.mark.parametrize("query", ["?expected=close", "?Expect=close", "?expect%20=close", "?close", "?=close"])
async def test_a_mistyped_expectation_deletes_nothing(nexus: Site, query: str) -> None:
    number = new_order(nexus)
    answer = await delete(nexus, number, query=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert "operation-id" not in answer.headers
    assert nexus.effects(number) == []


async def test_a_mistyped_replacement_merges_nothing(nexus: Site) -> None:
    number = new_order(nexus)
    answer = await patch(nexus, number, {"assets": []}, query="?replaces=assets")
    assert refusal(answer) == (422, "invalid-request", {"/query/replaces": "unknown-parameter"})
    assert nexus.effects(number) == []


@pytest.mark.parametrize("name", ["a%0Ab", "%3Cb%3E", "x" * 41, "", "%C3%A9"])
async def test_only_a_plain_name_comes_back(shared: Site, name: str) -> None:
    answer = await shared.api.get(f"/v1/holds?{name}={MARKER}")
    assert refusal(answer) == (422, "invalid-request", {"/query": "unknown-parameter"})
    assert answer.json()["detail"].startswith("/query: There is no such parameter here")


async def test_a_body_that_cannot_be_read_is_told_first(shared: Site) -> None:
    path = shared.orders("113427") + "/status-updates?colour=red"
    answer = await shared.api.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


async def test_whoever_may_not_ask_learns_no_names(shared: Site) -> None:
    answer = await shared.api.get("/v1/holds?colour=red", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert (await shared.api.get("/v1/backends/another?colour=red")).status_code == 404


async def test_what_is_open_to_all_takes_any_query(shared: Site) -> None:
    async with client_of(shared.app) as plain:
        for path in (
            "/livez",
            "/problems",
            "/problems/not-found",
            "/openapi.json",
            "/docs",
            "/",
            "/.well-known/jwks.json",
        ):
            assert (await plain.get(f"{path}?colour=red")).status_code == 200, path


async def test_a_token_is_given_whatever_the_query(shared: Site) -> None:
    asked = await shared.api.post("/oauth/token?colour=red", data={"grant_type": "password"})
    assert asked.json() == (await shared.api.post("/oauth/token", data={"grant_type": "password"})).json()
