"""Removing an order: closed or gone, as the vendor does it, and never the one that the caller does not expect."""

from __future__ import annotations

import pytest

from tests.api.routes.changing import NEXUS_NEW, create, delete, patch, read, refusal, tag, vendors_part, write_headers
from tests.api.routes.scene import final, new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_unit4_closes_the_order(unit4: Site) -> None:
    number = new_order(unit4)
    before = await read(unit4, number)
    answer = await delete(unit4, number, idempotency_key=None)
    assert (answer.status_code, answer.json()) == (200, {"effect": "closed"})
    assert write_headers(answer) == {"location": "/v1/operations/ID", "idempotent-replayed": "false"}
    closed = {"status": "closed", "phase": "ended", "vendor_status": {"code": "C", "label": "Closed", "master": None}}
    assert vendors_part(await read(unit4, number)) == {**vendors_part(before), **closed}
    late = await unit4.update(number, {"status": "on_hold", "occurred_at": "2026-11-20T20:40:00Z"})
    assert (late.status_code, late.json()["code"]) == (409, "order-ended")
    told = (await unit4.api.get(unit4.orders(number) + "/transitions")).json()["items"]
    assert {(row["allowed"], row["certain"], row["blocked"]["code"]) for row in told} == {(False, True, "order-ended")}


async def test_nexusfs_deletes_the_order(nexus: Site) -> None:
    number = new_order(nexus)
    await patch(nexus, number, {"priority": "1001"})
    answer = await delete(nexus, number)
    assert (answer.status_code, answer.json()) == (200, {"effect": "deleted"})
    assert write_headers(answer) == {"location": "/v1/operations/ID", "idempotent-replayed": "false"}
    assert (await nexus.api.get(nexus.orders(number))).status_code == 404
    listed = (await nexus.api.get(nexus.orders(), params={"limit": 200})).json()["items"]
    assert number not in [order["number"] for order in listed]
    for again in (await delete(nexus, number), await patch(nexus, number, {})):
        assert refusal(again) == (404, "work-order-not-found", {})
    operation = await final(nexus, answer.headers["operation-id"])
    assert (operation["kind"], operation["work_order"], operation["result"]) == (
        "delete",
        number,
        {"effect": "deleted"},
    )


async def test_a_deleted_number_can_be_used_again(nexus: Site) -> None:
    number = new_order(nexus)
    await delete(nexus, number)
    answer = await create(nexus, {**NEXUS_NEW, "number": number})
    assert (answer.status_code, answer.json()["number"]) == (201, number)


async def test_the_effect_that_the_caller_does_not_expect(unit4: Site, nexus: Site) -> None:
    for site, other, own, effect in ((unit4, "delete", "close", "closed"), (nexus, "close", "delete", "deleted")):
        number = new_order(site)
        answer = await delete(site, number, query=f"?expect={other}")
        assert refusal(answer) == (422, "capability-missing", {"/query/expect": "capability-missing"})
        assert answer.json()["delete_effect"] == effect
        assert (site.effects(number), "operation-id" in answer.headers) == ([], False)
        answer = await delete(site, number, query=f"?expect={own}")
        assert answer.json() == {"effect": effect}


@pytest.mark.parametrize("word", ["", "CLOSE", "closed", "deleted", "remove", "close,delete", "null"])
async def test_a_word_for_what_is_expected_that_we_do_not_have(changing: Site, word: str) -> None:
    number = new_order(changing)
    answer = await delete(changing, number, query=f"?expect={word}")
    assert refusal(answer)[:2] == (422, "invalid-request")
    assert changing.effects(number) == []


async def test_of_two_expectations_none_counts(nexus: Site) -> None:
    number = new_order(nexus)
    answer = await delete(nexus, number, query="?expect=close&expect=delete")
    assert (answer.status_code, nexus.effects(number)) == (422, [])


async def test_if_match_guards_the_order(unit4: Site, nexus: Site) -> None:
    for site in (unit4, nexus):
        number = new_order(site)
        etag = await tag(site, number)
        answer = await delete(site, number, if_match='"abc"')
        assert (refusal(answer), answer.json()["etag"]) == ((412, "precondition-failed", {}), etag)
        assert write_headers(answer) == {"location": "/v1/operations/ID", "idempotent-replayed": "false"}
        assert site.effects(number) == []
        assert (await delete(site, number, if_match=f'"abc", {etag}')).status_code == 200


async def test_an_order_that_is_not_there(unit4: Site, nexus: Site) -> None:
    for site in (unit4, nexus):
        for conditions in ({}, {"if_match": "*"}):
            answer = await delete(site, "424242", **conditions)
            assert refusal(answer) == (404, "work-order-not-found", {})


async def test_a_key_is_not_needed_and_still_good(unit4: Site, nexus: Site) -> None:
    for site in (unit4, nexus):
        number, key = new_order(site), site.fresh_key()
        first, again = [await delete(site, number, idempotency_key=key) for _ in range(2)]
        assert (first.status_code, again.status_code) == (200, 200)
        assert again.content == first.content
        assert [each.headers["idempotent-replayed"] for each in (first, again)] == ["false", "true"]
        assert len(site.effects(number)) == 1
        other = await delete(site, number, query="?expect=close", idempotency_key=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_vendor_that_cannot_says_so(overit: Site, shared: Site) -> None:
    for site in (overit, shared):
        for query in ("", "?expect=close"):
            answer = await delete(site, "113427", query=query)
            assert (answer.status_code, answer.json()["code"]) == (422, "capability-missing")
            assert "delete" not in answer.json()["capabilities"]


async def test_a_caller_who_does_not_wait_reads_the_operation(unit4: Site, nexus: Site) -> None:
    for site, effect in ((unit4, "closed"), (nexus, "deleted")):
        answer = await delete(site, new_order(site), prefer="respond-async")
        assert (answer.status_code, answer.json()["kind"]) == (202, "delete")
        assert answer.headers["preference-applied"] == "respond-async"
        assert (await final(site, answer.headers["operation-id"]))["result"] == {"effect": effect}


async def test_a_body_is_not_read(unit4: Site) -> None:
    number = new_order(unit4)
    answer = await unit4.api.request(
        "DELETE", unit4.orders(number), content=b"{", headers={"Content-Type": "text/plain"}
    )
    assert (answer.status_code, answer.json()) == (200, {"effect": "closed"})
