"""Changing an order by a merge patch in our names: what is asked for changes, what is not stays, and {} sends nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.routes.changing import (
    A_CHANGE,
    delete,
    faults,
    patch,
    patched,
    read,
    refusal,
    tag,
    vendors_part,
    write_headers,
)
from tests.api.routes.scene import final, new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

DISHWASHER = {"type": "1001", "description": "Dishwasher", "is_component": False}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A patch, and what the order shows besides what RFC 7396 makes of it."""

    id: str
    body: dict[str, Any]
    besides: dict[str, Any]


UNIT4 = [
    Change(id="a title", body={"title": "New"}, besides={}),
    Change(
        id="dates and project", body={"dates": {"planned_end": "2030-12-31"}, "project": {"manager": None}}, besides={}
    ),
    Change(id="a value of a relation", body={"related_values": {"C1~1900-01-01": {"value": "200"}}}, besides={}),
    Change(
        id="one relation more",
        body={"related_values": {"C1~2000-01-01": {"value": "5"}}},
        besides={
            "related_values": {
                "C1~2000-01-01": {"relation_id": "C1", "date_from": "2000-01-01", "date_to": "2099-12-31"},
            }
        },
    ),
    Change(id="one relation less", body={"related_values": {"C1~1900-01-01": None}}, besides={}),
    Change(id="a member of its own", body={"extensions": {"unit4_erpx": {"probability": 70}}}, besides={}),
]
NEXUS = [
    Change(id="scalars", body={"priority": "1001", "type": "1001"}, besides={}),
    Change(id="an asset more", body={"assets": {"3182": DISHWASHER}}, besides={"assets": {"3182": {"number": "3182"}}}),
    Change(
        id="a panel",
        body={"info_panels": {"1002": {"title": "Parking", "items": [{"label": "Where", "value": "In the rear"}]}}},
        besides={"info_panels": {"1002": {"id": "1002"}}},
    ),
    Change(id="rules removed", body={"rules": None}, besides={}),
    Change(id="rules asked for nothing", body={"rules": {}, "assets": {}}, besides={}),
    Change(id="a member of the customer", body={"account": {"name": "Mine"}}, besides={}),
    Change(id="a line of the address", body={"location": {"address": {"line_2": "Gate 4"}}}, besides={}),
    Change(
        id="a time with an offset",
        body={"dates": {"planned_start": "2026-12-01T10:00:00+02:00"}},
        besides={"dates": {"planned_start": "2026-12-01T08:00:00.000Z"}},
    ),
]
OVERIT = [
    Change(id="scalars", body={"notes": "Ring twice", "description": "Read both meters"}, besides={}),
    Change(id="an appointment", body={"appointment": {"start": "2023-11-20T09:00:00.000Z"}}, besides={}),
    Change(id="a note of an operation", body={"operations": {"1": {"notes": "Meter 7"}}}, besides={}),
]
CASES = [(name, each) for name, table in (("unit4", UNIT4), ("nexus", NEXUS), ("overit", OVERIT)) for each in table]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}: {case.id}" for name, case in CASES])
async def test_what_is_asked_for_changes_and_nothing_else(
    unit4: Site, nexus: Site, overit: Site, name: str, case: Change
) -> None:
    site = {"unit4": unit4, "nexus": nexus, "overit": overit}[name]
    number = new_order(site)
    before = await read(site, number)
    answer = await patch(site, number, case.body)
    assert answer.status_code == 200, answer.text
    asked = {member: value for member, value in case.body.items() if member != "number"}
    wanted = patched({**before, **patched(before, asked)}, case.besides)
    empty = {member: value for member, value in wanted.items() if value == {} and member not in before}
    assert vendors_part(answer.json()) == {k: v for k, v in wanted.items() if k not in empty}
    assert vendors_part(await read(site, number)) == vendors_part(answer.json())
    assert write_headers(answer) == {"location": "/v1/operations/ID", "idempotent-replayed": "false"}


async def test_what_the_order_shows_already_is_not_sent(changing: Site) -> None:
    number = new_order(changing)
    before = await read(changing, number)
    nothing: list[dict[str, Any]] = [{}, {"number": number}, {"dates": {}, "extensions": {}}]
    for body in nothing:
        answer = await patch(changing, number, body)
        assert answer.status_code == 200, answer.text
        assert vendors_part(answer.json()) == vendors_part(before)
    assert changing.effects(number) == []


async def test_values_that_stand_there_already_are_not_sent(unit4: Site, overit: Site) -> None:
    for site in (unit4, overit):
        number = new_order(site)
        before = await read(site, number)
        answer = await patch(site, number, {name: before[name] for name in A_CHANGE[site.backend]})
        assert vendors_part(answer.json()) == vendors_part(before)
        assert site.effects(number) == []


async def test_the_same_request_again_is_answered_as_the_first_was(changing: Site) -> None:
    number, key = new_order(changing), changing.fresh_key()
    body = A_CHANGE[changing.backend]
    first, again = [await patch(changing, number, body, idempotency_key=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert [each.headers["idempotent-replayed"] for each in (first, again)] == ["false", "true"]
    assert len(changing.effects(number)) == 1
    for other in (
        await patch(changing, number, body, query="?replace=assets", idempotency_key=key),
        await patch(changing, number, {}, idempotency_key=key),
        await delete(changing, number, idempotency_key=key),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_both_media_types_do_the_same_and_are_not_the_same_request(changing: Site) -> None:
    number, key = new_order(changing), changing.fresh_key()
    raw = json.dumps(A_CHANGE[changing.backend])
    sent = [
        await changing.api.patch(
            changing.orders(number), content=raw, headers={"Idempotency-Key": key, "Content-Type": media_type}
        )
        for media_type in (
            "application/merge-patch+json",
            "application/merge-patch+json; charset=UTF-8",
            "application/json",
        )
    ]
    assert [each.status_code for each in sent] == [200, 200, 422]
    assert sent[1].content == sent[0].content
    assert sent[2].json()["code"] == "idempotency-key-reused"


async def test_the_etag_that_if_match_names_must_be_the_orders(changing: Site) -> None:
    number = new_order(changing)
    etag, body = await tag(changing, number), A_CHANGE[changing.backend]
    for stale in ('"abc"', f"W/{etag}", '"a", "b"', '"a",, "b"', '""'):
        answer = await patch(changing, number, body, if_match=stale)
        assert refusal(answer) == (412, "precondition-failed", {})
        assert (answer.json()["etag"], answer.json()["outcome"]) == (etag, "not_sent")
        assert write_headers(answer) == {"location": "/v1/operations/ID", "idempotent-replayed": "false"}
    assert changing.effects(number) == []
    answer = await patch(changing, number, body, if_match=f'"abc" , {etag}')
    assert answer.status_code == 200
    assert (await patch(changing, number, {}, if_match=etag)).status_code == 412
    assert (await patch(changing, number, {}, if_match="*")).status_code == 200


async def test_a_collection_is_replaced_whole_where_the_query_says_so(nexus: Site) -> None:
    number = new_order(nexus)
    await patch(nexus, number, {"assets": {"1": DISHWASHER, "2": DISHWASHER}})
    for query in ("?replace=assets", "?replace=assets&replace=assets", "?replace=assets,assets", "?replace=%20assets"):
        answer = await patch(nexus, number, {"assets": {"3": DISHWASHER}}, query=query)
        assert answer.json()["assets"] == {"3": {**DISHWASHER, "number": "3"}}, query
        await patch(nexus, number, {"assets": {"1": DISHWASHER}})
    answer = await patch(nexus, number, {"assets": {}, "priority": "1001"}, query="?replace=assets")
    assert (answer.json().get("assets", {}), answer.json()["priority"]) == ({}, "1001")


async def test_a_collection_that_cannot_be_replaced(nexus: Site, unit4: Site, overit: Site) -> None:
    body = {"assets": {"3": DISHWASHER}}
    number = new_order(nexus)
    for query in ("?replace=rules", "?replace=Assets", "?replace=assets,type", "?replace=assets&replace=zq"):
        answer = await patch(nexus, number, body, query=query)
        assert refusal(answer) == (422, "capability-missing", {"/query/replace": "capability-missing"})
        assert answer.json()["replaceable_fields"] == ["assets", "discounts", "info_panels"]
    for missing in ({}, {"assets": None}):
        answer = await patch(nexus, number, missing, query="?replace=assets")
        assert refusal(answer) == (422, "invalid-request", {"/assets": "invalid-request"})
    assert nexus.effects(number) == []
    for site in (unit4, overit):
        answer = await patch(site, new_order(site), {}, query="?replace=related_values")
        assert refusal(answer) == (422, "capability-missing", {"/query/replace": "capability-missing"})


async def test_an_order_that_is_not_there(changing: Site) -> None:
    answer = await patch(changing, "424242", A_CHANGE[changing.backend])
    assert refusal(answer) == (404, "work-order-not-found", {})
    assert "operation-id" not in answer.headers


async def test_an_order_is_also_named_by_its_external_code(overit: Site) -> None:
    number = new_order(overit)
    answer = await patch(overit, f"ext:EXT-{number}", {"notes": "By its other name"})
    assert (answer.status_code, answer.json()["number"], answer.json()["notes"]) == (200, number, "By its other name")


async def test_operations_are_created_or_updated_and_not_both(overit: Site) -> None:
    number = new_order(overit)
    answer = await patch(overit, number, {"operations": {"1": {"notes": "old"}, "2": {"type": "opType1"}}})
    assert refusal(answer) == (422, "invalid-request", {"/operations/1": "invalid"})
    assert (answer.json()["outcome"], overit.effects(number)) == ("not_sent", [])


async def test_a_refused_patch_tells_what_was_applied_before(overit: Site) -> None:
    number = new_order(overit)
    overit.vendor.post("/_sim/settings", json={"fail_step": 12})
    new = {"type": "opType1", "code": "op2", "account_number": "account_4"}
    answer = await patch(overit, number, {"notes": "step nine", "operations": {"2": new}})
    overit.vendor.post("/_sim/settings", json={"fail_step": None})
    assert refusal(answer) == (422, "vendor-rejected-data", {"/operations/2": "invalid"})
    assert answer.json()["applied"] == ["/notes"]
    assert (await read(overit, number))["notes"] == "step nine"


async def test_what_the_vendor_rejects_is_pointed_at_in_our_names(unit4: Site, nexus: Site, overit: Site) -> None:
    for site, body, pointers in (
        (unit4, {"title": None}, {"/title"}),
        (unit4, {"title": "x" * 256}, {"/title"}),
        (nexus, {"account": {"number": "77"}}, {"/account/number"}),
        (
            nexus,
            {"assets": {"a/b~c": {"extensions": {"nexusfs": {"FlexForms": 1}}}}},
            {"/assets/a~1b~0c/extensions/nexusfs/FlexForms"},
        ),
        (overit, {"type": "nope"}, {"/type"}),
    ):
        answer = await patch(site, new_order(site), body)
        assert (answer.status_code, set(faults(answer))) == (422, pointers)
        assert answer.json()["current"]["source"] == "vendor"


async def test_a_refused_status_update_shows_the_order_as_it_stands(nexus: Site) -> None:
    number = new_order(nexus)
    nexus.vendor.post("/_sim/faults", json={"kind": "refuse", "on": "write", "count": 1, "order": number})
    answer = await nexus.update(number, {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"})
    assert (answer.status_code, answer.json()["outcome"]) == (409, "refused")
    shown = await read(nexus, number)
    assert answer.json()["current"]["vendor_code"] == shown["vendor_status"]["code"]


async def test_a_caller_who_does_not_wait_finds_the_order_as_the_operations_result(changing: Site) -> None:
    for prefer in ("wait=0", "respond-async"):
        number = new_order(changing)
        answer = await patch(changing, number, A_CHANGE[changing.backend], prefer=prefer)
        assert (answer.status_code, answer.headers["preference-applied"]) == (202, prefer)
        operation = await final(changing, answer.headers["operation-id"])
        assert (operation["state"], operation["work_order"]) == ("applied", number)
        assert vendors_part(operation["result"]) == vendors_part(await read(changing, number))
