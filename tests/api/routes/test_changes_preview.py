"""Previews of creates, patches, replacements and removals: the requests to the vendor, and what is wrong, under `/body`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.routes.changing import A_CHANGE, NEXUS_NEW, UNIT4_NEW, delete, preview, read, refusal, vendors_part
from tests.api.routes.scene import new_order
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


def told(answer: Any) -> list[tuple[str, str, Any]]:
    """Method, path and body of each request."""
    assert answer.status_code == 200, answer.text
    requests = answer.json()["requests"]
    assert all(request["url"].startswith("http://127.0.0.1:") for request in requests)
    return [
        (one["method"], "/" + one["url"].split("/", 3)[3], json.loads(one["body"]) if one["body"] else None)
        for one in requests
    ]


async def test_a_create(unit4: Site, nexus: Site) -> None:
    assert told(await preview(unit4, "create", UNIT4_NEW)) == [
        (
            "POST",
            "/v1/work-orders",
            {
                "companyId": "COMP1",
                "workOrderName": "Boiler service",
                "dateFrom": "2026-12-01",
                "projectId": "ProId1",
            },
        )
    ]
    ((method, path, body),) = told(await preview(nexus, "create", {**NEXUS_NEW, "number": "9001"}))
    assert (method, path) == ("PUT", "/seiapi/v3/trans/WorkOrder/9001")
    assert body["Account"] == {"AccountNum": "1029"}
    assert told(await preview(nexus, "create", NEXUS_NEW, work_order="9001")) == [(method, path, body)]
    assert (await nexus.api.get(nexus.orders("9001"))).status_code == 404


async def test_a_patch(unit4: Site, nexus: Site, overit: Site) -> None:
    for site, request in (
        (
            unit4,
            (
                "PATCH",
                "/v1/work-orders/{}?companyId=COMP1",
                [{"path": "/", "op": "Replace", "value": {"workOrderName": "Boiler service and chimney sweep"}}],
            ),
        ),
        (nexus, ("PATCH", "/seiapi/v3/trans/WorkOrder/{}", {"OrderNum": "{}", "Priority": "1001"})),
        (
            overit,
            (
                "PATCH",
                "/integration/work-orders/r1/work-orders",
                {"workOrder": {"externalSystemCode": "ORDERBRIDGE", "code": "{}", "notes": "Ring twice"}},
            ),
        ),
    ):
        number = new_order(site)
        before = await read(site, number)
        shown = told(await preview(site, "patch", A_CHANGE[site.backend], work_order=number))
        assert shown == [tuple(json.loads(json.dumps(request).replace("{}", number)))]
        assert vendors_part(await read(site, number)) == vendors_part(before)
        assert site.effects(number) == []


async def test_a_patch_of_nothing_has_no_request(changing: Site) -> None:
    number = new_order(changing)
    assert told(await preview(changing, "patch", {}, work_order=number)) == []


async def test_a_patch_that_replaces_a_collection(nexus: Site) -> None:
    asset = {"type": "1001", "description": "Vending Machine", "is_component": False}
    shown = told(await preview(nexus, "patch", {"assets": {"3": asset}}, work_order="1214", replace=["assets"]))
    assert shown[0][2]["_fields"] == ["Assets"]


async def test_a_replacement_and_a_removal(unit4: Site, nexus: Site) -> None:
    number = new_order(nexus)
    ((method, path, _),) = told(await preview(nexus, "replace", NEXUS_NEW, work_order=number))
    assert (method, path) == ("PUT", f"/seiapi/v3/trans/WorkOrder/{number}")
    path = f"/seiapi/v3/trans/WorkOrder/{number}"
    assert told(await preview(nexus, "delete", {}, work_order=number)) == [("DELETE", path, None)]
    path = "/v1/work-orders/123?companyId=COMP1"
    assert told(await preview(unit4, "delete", {}, work_order="123")) == [("DELETE", path, None)]


async def test_a_removal_of_an_order_that_is_closed_sends_nothing(unit4: Site) -> None:
    number = new_order(unit4)
    assert (await delete(unit4, number)).status_code == 200
    assert told(await preview(unit4, "delete", {}, work_order=number)) == []


async def test_a_status_update(unit4: Site, nexus: Site, overit: Site) -> None:
    at = {"occurred_at": "2026-11-20T20:40:00Z"}
    for site, status, method in (
        (unit4, "on_hold", "PATCH"),
        (nexus, "on_site", "PATCH"),
        (overit, "cancelled", "POST"),
    ):
        answer = await preview(site, "status_update", {"status": status, **at}, work_order=new_order(site))
        assert [request["method"] for request in answer.json()["requests"]] == [method]


async def test_no_secret_is_shown(changing: Site) -> None:
    answer = await preview(changing, "patch", A_CHANGE[changing.backend], work_order=new_order(changing))
    assert "sandbox" not in answer.text
    assert "***" in answer.text


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A preview that cannot be given."""

    id: str
    site: str
    kind: str
    body: dict[str, Any]
    members: dict[str, Any]
    answer: tuple[int, str, dict[str, str]]


def refused(
    id: str,
    site: str,
    kind: str,
    body: dict[str, Any],
    status: int,
    code: str,
    *faults: tuple[str, str],
    **members: Any,
) -> Refused:
    given = {"work_order": "123" if site == "unit4" else "1214", **members}
    asked = {name: value for name, value in given.items() if value is not None}
    return Refused(id=id, site=site, kind=kind, body=body, members=asked, answer=(status, code, dict(faults)))


INVALID, MISSING, UNKNOWN = "invalid-request", "capability-missing", "status-unknown"
EXISTS = "work-order-exists"
REFUSED = [
    refused("an unknown member", "nexus", "create", {"colour": 1}, 422, INVALID, ("/body/colour", "unknown-member")),
    refused("a number as text", "nexus", "replace", {"type": 5}, 422, INVALID, ("/body/type", "string-type")),
    refused("unknown inside", "unit4", "patch", {"dates": {"due": "x"}}, 422, INVALID, ("/body/dates/due", "unknown-member")),
    refused("a status in a patch", "unit4", "patch", {"status": "closed"}, 422, INVALID, ("/body/status", "read-only")),
    refused("a number in a patch", "unit4", "patch", {"number": "9"}, 422, INVALID, ("/body/number", INVALID)),
    refused("a number in a replacement", "nexus", "replace", {"number": "9"}, 422, INVALID, ("/body/number", INVALID)),
    refused("two numbers", "nexus", "create", {"number": "9"}, 422, INVALID, ("/body/number", INVALID)),
    refused("no such status", "nexus", "create", {"status": "x"}, 422, UNKNOWN, ("/body/status", UNKNOWN)),
    refused("not its status", "nexus", "create", {"status": "on_hold"}, 422, UNKNOWN, ("/body/status", UNKNOWN)),
    refused("no place", "unit4", "patch", {"account": {"name": "A"}}, 422, MISSING, ("/body/account/name", MISSING)),
    refused("its id", "nexus", "patch", {"assets": {"1": {"number": "2"}}}, 422, INVALID, ("/body/assets/1/number", "invalid")),
    refused("no order", "nexus", "patch", {}, 422, INVALID, ("/work_order", "required"), work_order=None),
    refused("no order to remove", "unit4", "delete", {}, 422, INVALID, ("/work_order", "required"), work_order=None),
    refused("no number", "nexus", "create", {}, 422, INVALID, ("/body/number", INVALID), work_order=None),
    refused("an order that is not there", "nexus", "patch", {}, 404, "work-order-not-found", work_order="424242"),
    refused("none to remove", "unit4", "delete", {}, 404, "work-order-not-found", work_order="424242"),
    refused("not to be replaced", "unit4", "patch", {}, 422, MISSING, ("/replace", MISSING), replace=["assets"]),
    refused("nothing to replace by", "nexus", "patch", {}, 422, INVALID, ("/body/assets", INVALID), replace=["assets"]),
    refused("a bad condition", "nexus", "replace", {}, 400, "malformed-request", if_match="abc"),
    refused("a condition that is not honoured", "nexus", "patch", {}, 400, "malformed-request", if_none_match="*"),
    refused("a condition on a create", "nexus", "create", {}, 400, "malformed-request", if_match="*"),
    refused("an old condition", "nexus", "replace", NEXUS_NEW, 412, "precondition-failed", if_match='"stale"'),
    refused("an old condition of a patch", "unit4", "patch", {"title": "X"}, 412, "precondition-failed", if_match='"stale"'),
    refused("an old condition of a removal", "unit4", "delete", {}, 412, "precondition-failed", if_match='"stale"'),
    refused("only a new one", "nexus", "replace", NEXUS_NEW, 412, "precondition-failed", if_none_match="*"),
    refused(
        "only one that exists", "nexus", "replace", NEXUS_NEW, 412, "precondition-failed", if_match="*", work_order="424242"
    ),
    refused("one that exists", "nexus", "create", NEXUS_NEW, 409, EXISTS, ("/body/number", EXISTS)),
    refused("a collection without a name", "nexus", "patch", {}, 422, INVALID, ("/replace", INVALID), replace=["assets,"]),
    refused("no such kind", "nexus", "remove", {}, 422, INVALID, ("/kind", "literal-error")),
    refused("a long number", "nexus", "patch", {}, 422, INVALID, ("/work_order", "string-too-long"), work_order="x" * 101),
    refused("what Unit4 cannot", "unit4", "replace", {"colour": 1}, 422, MISSING),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
async def test_what_is_wrong_is_told_as_for_the_write_itself(unit4: Site, nexus: Site, case: Refused) -> None:
    site = {"unit4": unit4, "nexus": nexus}[case.site]
    answer = await preview(site, case.kind, case.body, **case.members)
    assert refusal(answer) == case.answer


@pytest.mark.parametrize("kind", ["create", "replace", "delete"])
async def test_what_a_vendor_cannot_do_cannot_be_shown(overit: Site, shared: Site, kind: str) -> None:
    for site in (overit, shared):
        answer = await preview(site, kind, {}, work_order="113427")
        assert (answer.status_code, answer.json()["code"]) == (422, "capability-missing")
