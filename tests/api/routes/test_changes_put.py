"""Putting an order: the whole of it as the body says, new or in place of the one that is there, where the vendor can."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.routes.changing import (
    NEXUS_NEW,
    faults,
    patch,
    preview,
    put,
    read,
    refusal,
    tag,
    vendors_part,
    write_headers,
)
from tests.api.routes.scene import final, new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASSET = {"type": "1001", "description": "Dishwasher", "is_component": False}


async def test_a_new_order(nexus: Site) -> None:
    answer = await put(nexus, "B9001", NEXUS_NEW, idempotency_key=None)
    assert (answer.status_code, write_headers(answer)) == (
        201,
        {"location": nexus.orders("B9001"), "idempotent-replayed": "false"},
    )
    made = answer.json()
    assert (made["number"], made["status"], made["account"]["name"]) == ("B9001", "issued", "Buckhead Inc.")
    assert vendors_part(await read(nexus, "B9001")) == vendors_part(made)


async def test_an_order_that_was_read_goes_back_as_it_is(nexus: Site) -> None:
    number = new_order(nexus)
    await patch(nexus, number, {"assets": {"1": ASSET}, "rules": {"is_ops": True}})
    found = await nexus.api.get(nexus.orders(number))
    answer = await put(nexus, number, found.json(), if_match=found.headers["etag"])
    assert (answer.status_code, write_headers(answer)) == (
        200,
        {"location": "/v1/operations/ID", "idempotent-replayed": "false"},
    )
    assert vendors_part(answer.json()) == vendors_part(found.json())
    assert await tag(nexus, number) == found.headers["etag"]


@pytest.mark.parametrize("left_out", [(), ("vendor_status",), ("phase",)], ids=str)
async def test_an_order_that_was_read_goes_back_with_another_status(nexus: Site, left_out: tuple[str, ...]) -> None:
    number = new_order(nexus)
    was = await read(nexus, number)
    assert (was["status"], was["phase"], was["vendor_status"]["code"]) == ("issued", "open", "1/0")
    body = {name: value for name, value in was.items() if name not in left_out} | {"status": "on_site"}
    assert (await preview(nexus, "replace", body, work_order=number)).status_code == 200
    answer = await put(nexus, number, body)
    assert answer.status_code == 200, answer.text
    now = answer.json()
    assert (now["status"], now["phase"], now["vendor_status"]["code"]) == ("on_site", "in_progress", "7")


async def test_beside_a_status_the_code_that_was_read_gives_way_to_the_one_that_is_named(nexus: Site) -> None:
    number = new_order(nexus)
    was = await read(nexus, number)
    assert was["vendor_status"]["code"] == "1/0"
    assert was["extensions"]["nexusfs"]["DispatchStatus"] == 0
    answer = await put(nexus, number, {**was, "status": "scheduled", "vendor_code": "1/2"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["vendor_status"]["code"] == "1/2"
    again = await put(nexus, number, answer.json() | {"priority": "1001"})
    assert (again.status_code, again.json()["vendor_status"]["code"]) == (200, "1/2"), "one of several, as it was read"


@pytest.mark.parametrize("name", ["delivery", "not_shown", "as_of"])
async def test_what_changes_nothing_may_have_any_value(nexus: Site, name: str) -> None:
    told = nexus.app.openapi()["components"]["schemas"]["WorkOrderIn"]["properties"][name]
    assert "type" not in told
    assert "any value is taken" in told["description"]
    number = new_order(nexus)
    was = await read(nexus, number)
    answer = await put(nexus, number, {**was, name: 5})
    assert (answer.status_code, vendors_part(answer.json())) == (200, vendors_part(was))


async def test_a_phase_alone_cannot_be_changed(nexus: Site) -> None:
    number = new_order(nexus)
    was = await read(nexus, number)
    assert refusal(await put(nexus, number, {**was, "phase": "complete"})) == (
        422,
        "invalid-request",
        {"/phase": "invalid-request"},
    )


async def test_what_the_body_leaves_out_is_gone(nexus: Site) -> None:
    number = new_order(nexus)
    await patch(nexus, number, {"assets": {"1": ASSET}, "rules": {"is_ops": True}})
    answer = await put(nexus, number, {**NEXUS_NEW, "number": number, "assets": {"2": ASSET}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["assets"] == {"2": {**ASSET, "number": "2"}}
    assert "rules" not in answer.json()


async def test_if_match_guards_what_is_there(nexus: Site) -> None:
    number = new_order(nexus)
    etag = await tag(nexus, number)
    for stale in ('"abc"', f"W/{etag}"):
        answer = await put(nexus, number, NEXUS_NEW, if_match=stale)
        assert (refusal(answer), answer.json()["etag"]) == ((412, "precondition-failed", {}), etag)
    for condition in ("*", etag):
        answer = await put(nexus, "B9002", NEXUS_NEW, if_match=condition)
        assert refusal(answer) == (412, "precondition-failed", {})
        assert write_headers(answer) == {"location": "/v1/operations/ID", "idempotent-replayed": "false"}
    assert (nexus.effects(number), nexus.effects("B9002")) == ([], [])
    answer = await put(nexus, number, {**NEXUS_NEW, "priority": "1001"}, if_match="*")
    assert (answer.status_code, answer.json()["priority"]) == (200, "1001")


async def test_the_lines_of_an_if_match_are_one_list(nexus: Site) -> None:
    """RFC 9110, 5.3."""
    number = new_order(nexus)
    for place in range(3):
        lines = ['"older"', '"old"']
        lines.insert(place, await tag(nexus, number))
        body = {**NEXUS_NEW, "priority": f"100{place + 1}"}
        answer = await nexus.api.put(nexus.orders(number), json=body, headers=[("If-Match", line) for line in lines])
        assert (answer.status_code, answer.json()["priority"]) == (200, body["priority"]), answer.text
    answer = await nexus.api.put(
        nexus.orders(number), json=NEXUS_NEW, headers=[("If-Match", '"older"'), ("If-Match", '"old"')]
    )
    assert refusal(answer) == (412, "precondition-failed", {})


async def test_an_if_none_match_has_one_line(nexus: Site) -> None:
    headers = [("If-None-Match", "*"), ("If-None-Match", '"a"')]
    answer = await nexus.api.put(nexus.orders("B9013"), json=NEXUS_NEW, headers=headers)
    assert refusal(answer) == (400, "malformed-request", {})


async def test_if_none_match_makes_an_order_and_replaces_none(nexus: Site) -> None:
    answer = await put(nexus, "B9012", NEXUS_NEW, if_none_match="*")
    assert answer.status_code == 201, answer.text
    etag = await tag(nexus, "B9012")
    answer = await put(nexus, "B9012", {**NEXUS_NEW, "priority": "1001"}, if_none_match="*")
    assert (refusal(answer), answer.json()["etag"]) == ((412, "precondition-failed", {}), etag)
    assert [each["kind"] for each in nexus.effects("B9012")] == ["created"]
    timeline = await nexus.api.get(f"{nexus.orders('B9012')}/timeline")
    asked = [each["if_none_match"] for each in timeline.json()["items"] if each["kind"] == "request"]
    assert asked == [["*"], ["*"]]


async def test_a_number_in_the_body_must_be_the_paths(nexus: Site) -> None:
    for body in ({**NEXUS_NEW, "number": "77"}, {"number": "77"}):
        assert refusal(await put(nexus, "B9003", body)) == (422, "invalid-request", {"/number": "invalid-request"})
    for number in ("B9003", None):
        answer = await put(nexus, "B9003", {**NEXUS_NEW, "number": number})
        assert answer.status_code in (200, 201), answer.text


async def test_a_key_is_not_needed_and_still_good(nexus: Site) -> None:
    key = nexus.fresh_key()
    first, again = [await put(nexus, "B9004", NEXUS_NEW, idempotency_key=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert [each.headers["idempotent-replayed"] for each in (first, again)] == ["false", "true"]
    assert again.headers["location"] == nexus.orders("B9004")
    answer = await put(nexus, "B9004", NEXUS_NEW, idempotency_key=None)
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (200, "false")
    assert [each["kind"] for each in nexus.effects("B9004")] == ["created", "replaced"]


async def test_an_order_may_be_put_with_a_status(nexus: Site) -> None:
    answer = await put(nexus, "B9005", {**NEXUS_NEW, "status": "en_route"})
    assert (answer.status_code, answer.json()["status"]) == (201, "en_route")
    answer = await put(nexus, "B9005", {**NEXUS_NEW, "status": "closed"})
    assert refusal(answer) == (422, "status-unknown", {"/status": "status-unknown"})


async def test_what_the_vendor_rejects_is_pointed_at_in_our_names(nexus: Site) -> None:
    answer = await put(nexus, "B9006", {**NEXUS_NEW, "location": {"number": "77"}})
    assert (answer.status_code, faults(answer)) == (422, {"/location/number": "invalid"})
    assert answer.json()["code"] == "vendor-rejected-data"
    answer = await put(nexus, "B9006", {**NEXUS_NEW, "project": {"number": "P"}, "title": "T"})
    assert refusal(answer)[:2] == (422, "capability-missing")
    assert set(faults(answer)) == {"/project", "/title"}


async def test_a_caller_who_does_not_wait_reads_the_operation(nexus: Site) -> None:
    answer = await put(nexus, "B9007", NEXUS_NEW, prefer="wait=0")
    assert (answer.status_code, answer.json()["kind"]) == (202, "replace")
    assert write_headers(answer)["location"] == "/v1/operations/ID"
    operation = await final(nexus, answer.headers["operation-id"])
    assert vendors_part(operation["result"]) == vendors_part(await read(nexus, "B9007"))


@pytest.mark.parametrize("body", [{}, NEXUS_NEW, {"number": "77"}, {"colour": "red"}, {"title": 5}])
async def test_a_vendor_that_cannot_says_so_whatever_the_body(
    unit4: Site, overit: Site, shared: Site, body: dict[str, Any]
) -> None:
    for site in (unit4, overit, shared):
        for answer in (await put(site, "113427", body), await preview(site, "replace", body, work_order="113427")):
            assert (answer.status_code, answer.json()["code"]) == (422, "capability-missing")
            assert "replace" not in answer.json()["capabilities"]
