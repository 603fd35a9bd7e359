"""Putting an order by a caller who may write orders and set no status: none is changed by the whole order that he brings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.api.routes.changing import NEXUS_NEW, delete, put, read, refusal
from tests.api.routes.scene import another_caller, new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

ON_SITE = {**NEXUS_NEW, "status": "on_site"}


@pytest.fixture
async def writer(nexus: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with another_caller(nexus, "writer", scopes=frozenset({"orders:read", "orders:write"})) as api:
        yield api


def status_of(site: Site, number: str) -> str:
    """What the vendor has, whoever asks."""
    record: dict[str, Any] = site.vendor.get(f"/_sim/orders/{number}").json()
    return str(record["OrderStatus"])


def set_on_screen(site: Site, number: str, status: str) -> None:
    assert site.vendor.post(f"/_sim/orders/{number}/status", json={"OrderStatus": status}).status_code == 200


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("named", [{"status": "on_site"}, {"vendor_code": "7"}], ids=str)
async def test_no_order_gets_another_status_whether_it_was_read_here_or_not(
    nexus: Site, writer: httpx.AsyncClient, named: dict[str, Any], seen: bool
) -> None:
    number = new_order(nexus)
    if seen:
        await read(nexus, number)
    for condition in ({}, {"If-Match": "*"}):
        answer = await writer.put(nexus.orders(number), json={**NEXUS_NEW, **named}, headers=condition)
        assert (refusal(answer), answer.json()["scope"]) == ((403, "scope-missing", {}), "status:write")
    assert (nexus.effects(number), status_of(nexus, number)) == ([], "1")


@pytest.mark.parametrize("seen", [False, True])
async def test_what_is_named_as_read_counts_only_where_the_vendor_shows_it(
    nexus: Site, writer: httpx.AsyncClient, seen: bool
) -> None:
    number = new_order(nexus)
    if seen:
        await read(nexus, number)
    for condition in ({}, {"If-Match": "*"}):
        body = {**NEXUS_NEW, "vendor_status": {"code": "7"}}
        answer = await writer.put(nexus.orders(number), json=body, headers=condition)
        assert refusal(answer) == (412, "precondition-failed", {})
    assert (nexus.effects(number), status_of(nexus, number)) == ([], "1")
    answer = await writer.put(nexus.orders(number), json={**NEXUS_NEW, "vendor_status": {"code": "1/0"}})
    assert (answer.status_code, answer.json()["status"]) == (200, "issued"), answer.text


async def test_an_order_goes_back_as_it_was_read_and_without_a_status_keeps_its_own(
    nexus: Site, writer: httpx.AsyncClient
) -> None:
    number = new_order(nexus)
    set_on_screen(nexus, number, "7")
    for body in (await read(nexus, number), NEXUS_NEW):
        answer = await writer.put(nexus.orders(number), json={**body, "priority": "1001"})
        assert (answer.status_code, answer.json()["status"]) == (200, "on_site"), answer.text


@pytest.mark.parametrize("known", [False, True])
async def test_a_status_that_the_vendor_shows_no_more_is_not_set_back(
    nexus: Site, writer: httpx.AsyncClient, known: bool
) -> None:
    number = new_order(nexus)
    was = await read(nexus, number)
    set_on_screen(nexus, number, "7")
    if known:
        await read(nexus, number)
    answer = await writer.put(nexus.orders(number), json=was)
    assert refusal(answer) == (412, "precondition-failed", {})
    assert "status:write" in answer.json()["detail"]
    now = await writer.get(nexus.orders(number))
    assert (answer.json()["etag"], now.json()["status"]) == (now.headers["etag"], "on_site")
    assert [one["kind"] for one in nexus.effects(number)] == ["status_set_by_client"]
    answer = await put(nexus, number, was)  # by one who may
    assert (answer.status_code, answer.json()["status"]) == (200, "issued")


@pytest.mark.parametrize("known", [False, True])
async def test_an_old_etag_is_told_to_be_old_whatever_shows_the_status_to_be_one_that_was_read(
    nexus: Site, writer: httpx.AsyncClient, known: bool
) -> None:
    number = new_order(nexus)
    was = await writer.get(nexus.orders(number))
    set_on_screen(nexus, number, "7")
    if known:
        await read(nexus, number)
    for body in (was.json(), {**NEXUS_NEW, "status": "issued"}):
        answer = await writer.put(nexus.orders(number), json=body, headers={"If-Match": was.headers["etag"]})
        assert refusal(answer) == (412, "precondition-failed", {})
        assert "If-Match" in answer.json()["detail"]
    assert status_of(nexus, number) == "7"


async def test_another_status_under_the_etag_of_today_needs_the_scope(nexus: Site, writer: httpx.AsyncClient) -> None:
    number = new_order(nexus)
    was = await writer.get(nexus.orders(number))
    for body in ({**was.json(), "status": "on_site"}, ON_SITE):
        answer = await writer.put(nexus.orders(number), json=body, headers={"If-Match": was.headers["etag"]})
        assert (refusal(answer), answer.json()["scope"]) == ((403, "scope-missing", {}), "status:write")
    assert (nexus.effects(number), status_of(nexus, number)) == ([], "1")


async def test_a_status_that_the_vendor_shows_again_goes_back_though_another_was_seen_since(
    nexus: Site, writer: httpx.AsyncClient
) -> None:
    number = new_order(nexus)
    was = await writer.get(nexus.orders(number))
    set_on_screen(nexus, number, "7")
    await read(nexus, number)
    set_on_screen(nexus, number, "1")
    for condition in ({}, {"If-Match": was.headers["etag"]}):
        answer = await writer.put(nexus.orders(number), json=was.json(), headers=condition)
        assert (answer.status_code, answer.json()["status"]) == (200, "issued"), answer.text


async def test_an_order_that_is_gone_is_not_made_anew_with_the_status_that_it_had(
    nexus: Site, writer: httpx.AsyncClient
) -> None:
    number = new_order(nexus)
    set_on_screen(nexus, number, "7")
    was = await read(nexus, number)
    assert (await delete(nexus, number)).status_code == 200
    answer = await writer.put(nexus.orders(number), json=was)
    assert refusal(answer) == (412, "precondition-failed", {})
    assert (await writer.get(nexus.orders(number))).status_code == 404
    answer = await writer.put(nexus.orders(number), json=was, headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.json()["status"]) == (201, "on_site"), answer.text


async def test_a_new_order_begins_with_a_status_where_it_can_be_nothing_else(
    nexus: Site, writer: httpx.AsyncClient
) -> None:
    answer = await writer.put(nexus.orders("S9001"), json=ON_SITE)
    assert refusal(answer) == (403, "scope-missing", {})
    answer = await writer.put(nexus.orders("S9001"), json=ON_SITE, headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.json()["status"]) == (201, "on_site"), answer.text
    key = {"Idempotency-Key": nexus.fresh_key()}
    answer = await writer.post(nexus.orders(), json={**ON_SITE, "number": "S9002"}, headers=key)
    assert (answer.status_code, answer.json()["status"]) == (201, "on_site"), answer.text
    answer = await writer.put(nexus.orders("S9003"), json=NEXUS_NEW)
    assert (answer.status_code, answer.json()["status"]) == (201, "issued"), answer.text


async def test_one_who_may_set_a_status_puts_it_on_any_order(nexus: Site) -> None:
    number = new_order(nexus)
    for name, status in ((number, 200), ("S9004", 201)):
        answer = await put(nexus, name, ON_SITE)
        assert (answer.status_code, answer.json()["status"]) == (status, "on_site"), answer.text


async def test_a_preview_shows_what_takes_a_scope_that_its_caller_lacks(nexus: Site, writer: httpx.AsyncClient) -> None:
    number = new_order(nexus)
    wish = {"kind": "replace", "work_order": number, "body": ON_SITE}
    answer = await writer.post(f"/v1/backends/{nexus.backend}/preview", json=wish)
    assert answer.status_code == 200, answer.text
    assert [json.loads(one["body"])["OrderStatus"] for one in answer.json()["requests"]] == ["7"]


async def test_the_refusal_takes_no_key(nexus: Site, writer: httpx.AsyncClient) -> None:
    number, key = new_order(nexus), {"Idempotency-Key": nexus.fresh_key()}
    assert (await writer.put(nexus.orders(number), json=ON_SITE, headers=key)).status_code == 403
    answer = await writer.put(nexus.orders(number), json=NEXUS_NEW, headers=key)
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (200, "false")
