"""Creating an order: the vendor's own record comes back, at the address that Location names, and none is overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.routes.changing import (
    NEXUS_NEW,
    UNIT4_NEW,
    create,
    faults,
    read,
    refusal,
    vendors_part,
    write_headers,
)
from tests.api.routes.scene import final, new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNIT4_ORDER: dict[str, Any] = {
    "backend": "unit4-erpx",
    "external_reference": None,
    "title": "Boiler service",
    "dates": {"planned_start": "2026-12-01", "planned_end": "2099-12-31"},
    "project": {"number": "ProId1"},
    "related_values": {
        "B0~1900-01-01": {
            "relation_id": "B0",
            "value": "ProId1",
            "date_from": "1900-01-01",
            "date_to": "2099-12-31",
        }
    },
    "extensions": {
        "unit4_erpx": {
            "periodFrom": 202612,
            "periodTo": 209912,
            "serviceOrder": False,
            "customerInformation": {"invoiceSeparately": False, "invoiceStatus": "T"},
        }
    },
    "status": "issued",
    "phase": "open",
    "vendor_status": {"code": "N", "label": "Active", "master": None},
    "vendor_ids": {"company_id": "COMP1"},
}
NEXUS_ORDER: dict[str, Any] = {
    "backend": "nexusfs",
    "external_reference": None,
    "type": "1001",
    "priority": "1003",
    "account": {"number": "1029", "type": "1001", "name": "Buckhead Inc."},
    "location": {
        "number": "1030",
        "name": "Buckhead Station",
        "work_center": "Default",
        "address": {
            "line_1": "1 Buckhead Loop Northeast",
            "city": "Atlanta",
            "region": "Georgia",
            "postcode": "30326",
            "country": "United States",
        },
        "extensions": {"nexusfs": {"LanguageID": "en", "SigReq": False}},
    },
    "extensions": {"nexusfs": {"DispatchStatus": 0}},
    "status": "issued",
    "phase": "open",
    "vendor_status": {"code": "1/0", "label": "New", "master": None},
    "vendor_ids": {},
}


async def test_an_order_that_unit4_numbers(unit4: Site) -> None:
    answer = await create(unit4, UNIT4_NEW)
    made = answer.json()
    number = made["number"]
    assert (answer.status_code, write_headers(answer)) == (
        201,
        {"location": f"/v1/backends/unit4-erpx/work-orders/{number}", "idempotent-replayed": "false"},
    )
    assert vendors_part(made) == {"number": number, **UNIT4_ORDER}
    assert made["delivery"] == {"state": "settled", "pending": 0, "hold_id": None}
    assert vendors_part((await unit4.api.get(answer.headers["location"])).json()) == vendors_part(made)
    operation = await final(unit4, answer.headers["operation-id"])
    assert (operation["kind"], operation["state"], operation["work_order"]) == ("create", "applied", number)
    assert operation["result"] == made


async def test_an_order_that_its_creator_numbers(unit4: Site, nexus: Site) -> None:
    for site, new, whole in ((unit4, UNIT4_NEW, UNIT4_ORDER), (nexus, NEXUS_NEW, NEXUS_ORDER)):
        answer = await create(site, {**new, "number": "B8101"})
        assert (answer.status_code, answer.headers["location"]) == (201, site.orders("B8101"))
        assert vendors_part(answer.json()) == {"number": "B8101", **whole}
        assert len(site.effects("B8101")) == 1


async def test_nexusfs_gives_no_numbers(nexus: Site) -> None:
    assert refusal(await create(nexus, NEXUS_NEW)) == (422, "invalid-request", {"/number": "invalid-request"})


async def test_an_order_that_exists_is_not_touched(unit4: Site, nexus: Site) -> None:
    for site, new in ((unit4, UNIT4_NEW), (nexus, NEXUS_NEW)):
        number = new_order(site)
        before = await read(site, number)
        answer = await create(site, {**new, "number": number})
        assert refusal(answer) == (409, "work-order-exists", {"/number": "work-order-exists"})
        assert answer.json()["outcome"] == "not_sent"
        assert vendors_part(await read(site, number)) == vendors_part(before)
        assert site.effects(number) == []


async def test_a_vendor_that_cannot_says_what_it_can(overit: Site, shared: Site) -> None:
    for site, can in (
        (overit, ["patch", "read", "status_update"]),
        (shared, ["list", "read", "status_update"]),
    ):
        for body in (NEXUS_NEW, {}, {"colour": "red"}):
            answer = await create(site, body)
            assert (answer.status_code, answer.json()["code"]) == (422, "capability-missing")
            assert answer.json()["capabilities"] == can
            assert "operation-id" not in answer.headers


async def test_the_same_request_again_is_answered_as_the_first_was(unit4: Site, nexus: Site) -> None:
    for site, new in ((unit4, UNIT4_NEW), (nexus, {**NEXUS_NEW, "number": "B8102"})):
        key = site.fresh_key()
        first, again = [await create(site, new, idempotency_key=key) for _ in range(2)]
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert [each.headers["idempotent-replayed"] for each in (first, again)] == ["false", "true"]
        assert again.headers["location"] == first.headers["location"]
        assert len(site.effects(first.json()["number"])) == 1
        other = await create(site, {**new, "number": "B8103"}, idempotency_key=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_an_order_may_begin_with_another_status(unit4: Site, nexus: Site) -> None:
    for site, new, asked, code in (
        (unit4, UNIT4_NEW, {"status": "on_hold"}, "P"),
        (unit4, UNIT4_NEW, {"vendor_code": "P"}, "P"),
        (unit4, UNIT4_NEW, {"vendor_status": {"code": "P", "label": "?", "master": None}}, "P"),
        (nexus, NEXUS_NEW, {"number": "B8104", "status": "on_site"}, "7"),
    ):
        answer = await create(site, {**new, **asked})
        assert (answer.status_code, answer.json()["vendor_status"]["code"]) == (201, code), answer.text


async def test_a_status_that_the_backend_does_not_have(unit4: Site, nexus: Site) -> None:
    for asked, pointer in (
        ({"status": "on_fire"}, "/status"),
        ({"status": "en_route"}, "/status"),
        ({"vendor_code": "Z"}, "/vendor_code"),
        ({"vendor_status": {"code": "Z"}}, "/vendor_code"),
    ):
        assert refusal(await create(unit4, UNIT4_NEW | asked)) == (422, "status-unknown", {pointer: "status-unknown"})
    two = await create(nexus, NEXUS_NEW | {"number": "B8105", "status": "on_hold"})
    assert refusal(two) == (422, "status-unknown", {"/status": "status-unknown"})


async def test_what_the_vendor_rejects_is_pointed_at_in_our_names(unit4: Site, nexus: Site) -> None:
    answer = await create(unit4, {})
    assert refusal(answer) == (
        422,
        "vendor-rejected-data",
        {"/dates/planned_start": "required", "/title": "required", "/project/number": "required"},
    )
    assert answer.json()["outcome"] == "refused"
    assert answer.json()["vendor"]["status"] == 422
    assert write_headers(answer) == {"location": "/v1/operations/ID", "idempotent-replayed": "false"}
    answer = await create(nexus, NEXUS_NEW | {"number": "B8106", "account": {"number": "77"}})
    assert refusal(answer)[:2] == (422, "vendor-rejected-data")
    assert faults(answer) == {"/account/number": "invalid"}
    assert (await nexus.api.get(nexus.orders("B8106"))).status_code == 404


async def test_a_party_is_a_number_or_the_whole_of_it(nexus: Site) -> None:
    answer = await create(nexus, NEXUS_NEW | {"number": "B8107", "account": {"number": "1029", "name": "Mine"}})
    assert refusal(answer) == (422, "invalid-request", {"/account/type": "missing"})


async def test_an_order_that_was_read_can_be_created_again_under_another_number(unit4: Site, nexus: Site) -> None:
    for site in (unit4, nexus):
        was = await read(site, new_order(site))
        answer = await create(site, {**was, "number": "B8108"})
        assert answer.status_code == 201, answer.text
        assert vendors_part(answer.json()) == {**vendors_part(was), "number": "B8108"}


async def test_a_caller_who_does_not_wait_reads_the_number_from_the_operation(unit4: Site) -> None:
    answer = await create(unit4, UNIT4_NEW, prefer="respond-async")
    assert (answer.status_code, write_headers(answer)) == (
        202,
        {
            "location": "/v1/operations/ID",
            "idempotent-replayed": "false",
            "preference-applied": "respond-async",
            "retry-after": answer.headers["retry-after"],
        },
    )
    assert (answer.json()["kind"], answer.json()["state"], answer.json()["work_order"]) == ("create", "queued", None)
    operation = await final(unit4, answer.headers["operation-id"])
    assert operation["state"] == "applied"
    assert vendors_part(await read(unit4, operation["work_order"])) == vendors_part(operation["result"])


@pytest.mark.parametrize(
    "number", ["a/b", "..", ".", "a\\b", "a\nb", "a\tb", " 1", "a\u2028b", "\u202e1", "\xa0", "ä\x85"]
)
async def test_a_number_that_no_address_can_carry_unchanged(unit4: Site, number: str) -> None:
    assert refusal(await create(unit4, {**UNIT4_NEW, "number": number}))[:2] == (422, "invalid-request")


@pytest.mark.parametrize(
    "number", ["ü😀", "a b", "100%", "a'b", "op_01KAKZ6S5T8Q3V1M9R4C7E2B6N", "ext:1", "-1", "%2F", "a+b"]
)
async def test_the_location_leads_to_the_order_whatever_its_number(nexus: Site, number: str) -> None:
    answer = await create(nexus, {**NEXUS_NEW, "number": number})
    assert (answer.status_code, answer.json()["number"]) == (201, number)
    found = await nexus.api.get(answer.headers["location"])
    assert (found.status_code, found.json()["number"]) == (200, number)
    changed = await nexus.api.patch(
        answer.headers["location"], json={"priority": "1001"}, headers={"Idempotency-Key": nexus.fresh_key()}
    )
    assert (changed.status_code, changed.json()["priority"]) == (200, "1001")
    gone = await nexus.api.delete(answer.headers["location"])
    assert gone.json() == {"effect": "deleted"}
