"""Creates, patches, replacements and removals with a bad header, address or caller: refused, and nothing kept or sent."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from app.domain.clients import SCOPES
from tests.api.routes.changing import A_CHANGE, NEXUS_NEW, UNIT4_NEW, create, delete, patch, preview, put, refusal, send
from tests.api.routes.contract import MARKER, without_ids
from tests.api.routes.scene import ON_SITE, another_caller, new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def all_four(api: httpx.AsyncClient, backend: str, number: str = "1214", **headers: str) -> list[httpx.Response]:
    """A create, a patch, a replacement and a removal, each good but for what `headers` and the names say."""
    orders = f"/v1/backends/{backend}/work-orders"
    sent = {"Idempotency-Key": "0123456789abcdef", **headers}
    return [
        await api.post(orders, json=NEXUS_NEW, headers=sent),
        await api.patch(f"{orders}/{number}", json={}, headers=sent),
        await api.put(f"{orders}/{number}", json=NEXUS_NEW, headers=sent),
        await api.delete(f"{orders}/{number}", headers=sent),
    ]


@pytest.mark.parametrize("missing", ["orders:write"])
async def test_a_scope_that_is_missing(nexus: Site, missing: str) -> None:
    async with another_caller(nexus, "reader", scopes=frozenset(SCOPES) - {missing}) as api:
        answers = await all_four(api, nexus.backend)
        assert {(each.status_code, each.json()["code"]) for each in answers} == {(403, "scope-missing")}
        shown = await api.post(
            "/v1/backends/nexusfs/preview", json={"kind": "patch", "work_order": "1214", "body": {"priority": "1001"}}
        )
        assert shown.status_code == 200
    async with another_caller(nexus, "writer", scopes=frozenset({"orders:write"})) as api:
        shown = await api.post("/v1/backends/nexusfs/preview", json={"kind": "delete", "work_order": "1214"})
        assert (shown.status_code, shown.json()["code"]) == (403, "scope-missing")


async def test_no_caller_at_all(nexus: Site) -> None:
    answers = await all_four(nexus.api, nexus.backend, authorization="Bearer nothing")
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(401, "unauthenticated")}


async def test_a_backend_of_others_is_as_if_it_were_not_there(nexus: Site) -> None:
    async with another_caller(nexus, "elsewhere", tenant="other", backend="another") as api:
        theirs = await all_four(api, nexus.backend)
        absent = await all_four(api, "nothing")
        assert [without_ids(each) for each in theirs] == [without_ids(each) for each in absent]
        assert {(each.status_code, each.json()["code"]) for each in theirs} == {(404, "not-found")}
        asked = {"kind": "patch", "work_order": "1214", "body": {}}
        pair = [await api.post(f"/v1/backends/{name}/preview", json=asked) for name in (nexus.backend, "nothing")]
        assert without_ids(pair[0]) == without_ids(pair[1])


async def test_a_key_is_needed_to_create_and_to_patch(changing: Site) -> None:
    number = new_order(changing)
    for answer in (
        await create(changing, {}, idempotency_key=None),
        await patch(changing, number, {}, idempotency_key=None),
        await patch(changing, number, {}, idempotency_key=""),
    ):
        assert refusal(answer) == (400, "idempotency-key-missing", {})


async def test_a_key_that_is_unfit(changing: Site) -> None:
    number = new_order(changing)
    for key in ("short", "x" * 256, "0123456789abcdé!!", "with spaces in between"):
        for answer in (
            await create(changing, {}, idempotency_key=key),
            await patch(changing, number, {}, idempotency_key=key),
            await put(changing, number, NEXUS_NEW, idempotency_key=key),
            await delete(changing, number, idempotency_key=key),
        ):
            assert refusal(answer) == (400, "malformed-request", {})
    assert changing.effects(number) == []


async def test_two_keys_are_one_too_many(changing: Site) -> None:
    number = new_order(changing)
    keys = [("Idempotency-Key", changing.fresh_key()) for _ in range(2)]
    for method, path, body in (
        ("POST", changing.orders(), {}),
        ("PATCH", changing.orders(number), {}),
        ("PUT", changing.orders(number), NEXUS_NEW),
        ("DELETE", changing.orders(number), None),
    ):
        answer = await changing.api.request(method, path, json=body, headers=keys)
        assert refusal(answer) == (400, "malformed-request", {})


@pytest.mark.parametrize("condition", ["abc", "", '"a", *', '*, "a"', '"a" "b"', '"a', "'a'", 'w/"a"', "*,*", '"ü"'])
async def test_a_condition_that_cannot_be_read(changing: Site, condition: str) -> None:
    number = new_order(changing)
    for answer in (
        await patch(changing, number, A_CHANGE[changing.backend], if_match=condition),
        await put(changing, number, NEXUS_NEW, if_match=condition),
        await delete(changing, number, if_match=condition),
    ):
        assert refusal(answer) == (400, "malformed-request", {})
    assert changing.effects(number) == []


@pytest.mark.parametrize("lines", [["*", '"a"'], ['"a"', "*"], ["*", ""], ["*", "*"], ['"a"', "abc"]], ids=str)
async def test_a_condition_in_several_lines_that_is_no_list(changing: Site, lines: list[str]) -> None:
    number = new_order(changing)
    for method, body in (("PATCH", A_CHANGE[changing.backend]), ("PUT", NEXUS_NEW), ("DELETE", None)):
        headers = [("Idempotency-Key", changing.fresh_key()), *[("If-Match", line) for line in lines]]
        answer = await changing.api.request(method, changing.orders(number), json=body, headers=headers)
        assert refusal(answer) == (400, "malformed-request", {})
    assert changing.effects(number) == []


@pytest.mark.parametrize("condition", ["*", '"a"', ""])
async def test_a_condition_that_would_not_be_honoured_is_refused(changing: Site, condition: str) -> None:
    number, change = new_order(changing), A_CHANGE[changing.backend]
    answers = [
        await patch(changing, number, change, if_none_match=condition),
        await delete(changing, number, if_none_match=condition),
        await create(changing, change, if_none_match=condition),
        await create(changing, change, if_match=condition),
        await send(changing, "POST", f"{changing.orders(number)}/status-updates", ON_SITE, if_match=condition),
        await put(changing, number, NEXUS_NEW, if_none_match=f'{condition}, "b"'),
        await put(changing, number, NEXUS_NEW, if_none_match="*", if_match="*"),
    ]
    assert [refusal(answer) for answer in answers] == [(400, "malformed-request", {})] * len(answers)
    assert changing.effects(number) == []


MEDIA_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json-patch+json",
    "application/json; charset=latin-1",
    "application/vnd.api+json",
    "json",
    "",
]


@pytest.mark.parametrize("media_type", [*MEDIA_TYPES, "application/merge-patch+json"])
async def test_a_media_type_that_is_not_taken(changing: Site, media_type: str) -> None:
    raw = json.dumps(A_CHANGE[changing.backend])
    methods = [("POST", changing.orders()), ("PUT", changing.orders("1214"))]
    if media_type in MEDIA_TYPES:
        methods.append(("PATCH", changing.orders("1214")))
    for method, path in methods:
        headers = {"Idempotency-Key": changing.fresh_key(), "Content-Type": media_type}
        answer = await changing.api.request(method, path, content=raw, headers=headers)
        assert refusal(answer) == (415, "unsupported-media-type", {})


async def test_a_preference_that_is_followed_or_not(changing: Site) -> None:
    number = new_order(changing)
    for prefer, applied in (
        ("wait=99", "wait=25"),
        ("wait=10, handling=strict", "wait=10"),
        ("respond-async, wait=8", "respond-async, wait=8"),
        ("wait=soon", None),
        ("wait=-1", None),
        ("return=minimal", None),
    ):
        answer = await patch(changing, number, {}, prefer=prefer)
        assert (answer.status_code, answer.headers.get("preference-applied")) == (200, applied)


async def test_the_query_counts_for_the_key_and_one_that_is_refused_leaves_it_unused(nexus: Site) -> None:
    number, key = new_order(nexus), nexus.fresh_key()
    assert refusal(await delete(nexus, number, query="?colour=red", idempotency_key=key))[1] == "invalid-request"
    assert (await delete(nexus, number, query="?expect=delete", idempotency_key=key)).status_code == 200
    answer = await delete(nexus, number, idempotency_key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


ADDRESSES: dict[str, tuple[int, ...]] = {
    "%20": (200, 201, 404, 422),
    "a%20b": (200, 201, 404, 422),
    "%2E%2E": (404, 422),
    "%2e": (404, 422),
    "%25": (200, 201, 404, 422),
    "%252F": (200, 201, 404, 422),
    "a%5Cb": (200, 201, 404, 422),
    "a%3Fb=c": (200, 201, 404, 422),
    "a%23b": (200, 201, 404, 422),
    "a;b": (200, 201, 404, 422),
    "%C3%BC": (200, 201, 404, 422),
    "%F0%9F%98%80": (200, 201, 404, 422),
    "%E2%80%AE": (200, 201, 404, 422),
    "%C2%85": (200, 201, 404, 422),
    "ext:": (200, 201, 404, 422),
    "ext:%20": (200, 201, 404, 422),
    "op_01KAKZ6S5T8Q3V1M9R4C7E2B6N": (200, 201, 404, 422),
    "x" * 100: (200, 201, 404, 422),
    "x" * 101: (422,),
    "%00": (400, 422),
    "a%0Ab": (400, 422),
    "%FF": (200, 201, 400, 404, 422),
    "a%2Fb": (404,),
    "..%2F..%2Fetc": (404,),
}


@pytest.mark.parametrize("place", ADDRESSES)
async def test_an_address_is_never_read_as_another(changing: Site, place: str) -> None:
    body: dict[str, Any] = {"PATCH": A_CHANGE[changing.backend], "PUT": NEXUS_NEW}
    for method in ("PATCH", "PUT", "DELETE"):
        answer = await send(changing, method, f"{changing.orders()}/{place}", body.get(method))
        assert answer.status_code in ADDRESSES[place], answer.text
        if answer.status_code >= 400:
            assert MARKER not in answer.text
    assert (await changing.api.get("/v1/backends")).status_code == 200


async def test_the_orders_themselves_can_be_neither_patched_nor_removed(changing: Site) -> None:
    for method in ("PATCH", "PUT", "DELETE"):
        answer = await send(changing, method, changing.orders(), {})
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")


async def test_a_refused_request_leaves_no_operation(nexus: Site, unit4: Site) -> None:
    for site, body in ((nexus, {"colour": "red"}), (unit4, {**UNIT4_NEW, "priority": "1"})):
        before = (await site.api.get("/v1/operations")).json()
        await create(site, body)
        await patch(site, "424242", {})
        await delete(site, "424242")
        await preview(site, "patch", body, work_order="1214")
        assert (await site.api.get("/v1/operations")).json() == before
