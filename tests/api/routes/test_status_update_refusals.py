"""Status updates that are refused before anything is sent: which code, where it points, and what else it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.api.routes.contract import MARKER, Watch
from tests.api.routes.scene import ENDED_ORDER, LATE_ORDER, ON_SITE, another_caller, final, new_order, update
from tests.gateway import CX, Site, site

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, kw_only=True)
class Invalid:
    """A body that does not fit, and the pointer and code of each thing that is wrong with it."""

    id: str
    body: dict[str, Any]
    faults: dict[str, str]
    code: str = "invalid-request"


INVALID = [
    Invalid(id="nothing", body={}, faults={"/occurred_at": "required"}),
    Invalid(id="no time", body={"status": "on_site"}, faults={"/occurred_at": "required"}),
    Invalid(id="no status", body={"occurred_at": "2026-11-20T20:40:00Z"}, faults={"": "required"}),
    Invalid(id="null status", body=update() | {"status": None}, faults={"": "required"}),
    Invalid(id="both reasons", body=update(reason_code="weather", late_reason="parts_delay"), faults={"": "exclusive"}),
    Invalid(
        id="no such status", body=update(status=MARKER), faults={"/status": "status-unknown"}, code="status-unknown"
    ),
    Invalid(
        id="status in capitals",
        body=update(status="On_Site"),
        faults={"/status": "status-unknown"},
        code="status-unknown",
    ),
    Invalid(id="a number as status", body=update(status=11), faults={"/status": "enum"}),
    Invalid(id="a number as code", body=update(vendor_code=11), faults={"/vendor_code": "string-type"}),
    Invalid(id="empty code", body=update(vendor_code=""), faults={"/vendor_code": "string-too-short"}),
    Invalid(id="long code", body=update(vendor_code="x" * 65), faults={"/vendor_code": "string-too-long"}),
    Invalid(id="no offset", body=update(occurred_at="2026-11-20T20:40:00"), faults={"/occurred_at": "date-time"}),
    Invalid(id="a date", body=update(occurred_at="2026-11-20"), faults={"/occurred_at": "date-time"}),
    Invalid(id="a space", body=update(occurred_at="2026-11-20 20:40:00Z"), faults={"/occurred_at": "date-time"}),
    Invalid(id="no seconds", body=update(occurred_at="2026-11-20T20:40Z"), faults={"/occurred_at": "date-time"}),
    Invalid(id="basic form", body=update(occurred_at="20261120T204000Z"), faults={"/occurred_at": "date-time"}),
    Invalid(id="unix seconds", body=update(occurred_at=1763671200), faults={"/occurred_at": "date-time"}),
    Invalid(id="unix text", body=update(occurred_at="1763671200"), faults={"/occurred_at": "date-time"}),
    Invalid(id="no such day", body=update(occurred_at="2026-02-30T00:00:00Z"), faults={"/occurred_at": "date-time"}),
    Invalid(id="hour 25", body=update(occurred_at="2026-11-20T25:00:00Z"), faults={"/occurred_at": "date-time"}),
    Invalid(
        id="wide offset", body=update(occurred_at="2026-11-20T20:40:00+99:00"), faults={"/occurred_at": "date-time"}
    ),
    Invalid(id="year 1", body=update(occurred_at="0001-01-01T00:00:00+23:00"), faults={"/occurred_at": "date-time"}),
    Invalid(id="year 9999", body=update(occurred_at="9999-12-31T23:59:59-23:00"), faults={"/occurred_at": "date-time"}),
    Invalid(id="true", body=update(occurred_at=True), faults={"/occurred_at": "date-time"}),
    Invalid(id="long comments", body=update(comments=MARKER * 200), faults={"/comments": "string-too-long"}),
    Invalid(id="comments as list", body=update(comments=[MARKER]), faults={"/comments": "string-type"}),
    Invalid(id="empty reference", body=update(client_reference=""), faults={"/client_reference": "string-too-short"}),
    Invalid(
        id="long reference", body=update(client_reference="x" * 129), faults={"/client_reference": "string-too-long"}
    ),
    Invalid(
        id="three things",
        body=update(status="off", occurred_at="now", colour="red"),
        faults={"/status": "status-unknown", "/occurred_at": "date-time", "/colour": "unknown-member"},
    ),
    *[
        Invalid(id=f"{name} sent along", body=update(**{name: MARKER}), faults={f"/{name}": "unknown-member"})
        for name in ("tenant", "tenant_id", "id", "state", "seq", "operation_id", "created_at", "role", "lease_owner")
    ],
    Invalid(id="an odd name", body=update(**{f"<{MARKER}>": 1}), faults={"": "unknown-member"}),
]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.id)
async def test_a_body_that_does_not_fit(shared: Site, case: Invalid) -> None:
    answer = await shared.update("113427", case.body)
    problem = answer.json()
    found = {fault["pointer"]: fault["code"] for fault in problem["errors"]}
    assert (answer.status_code, problem["code"]) == (422, case.code)
    assert found == case.faults
    assert problem["next"]["action"] == "fix_request"
    assert all(len(fault["message"]) > 10 for fault in problem["errors"])
    assert shared.effects("113427") == []


async def test_what_is_missing_is_told_in_words(shared: Site) -> None:
    answers = {
        (await shared.update("113427", body)).json()["detail"]
        for body in (update(status=None), update(occurred_at="now"), update(reason_code="a", late_reason="b"))
    }
    assert answers == {
        "Give status or vendor_code.",
        "/occurred_at: Write the time as RFC 3339 with an offset, for example 2026-11-20T20:40:00Z.",
        "Give reason_code or late_reason, not both.",
    }


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An update that the status table, the reasons or the order's state do not allow."""

    id: str
    body: dict[str, Any]
    status: int
    code: str
    pointer: str | None
    number: str | None = None
    members: dict[str, Any] = field(default_factory=dict)


CURRENT = {"operation_id": None, "source": "vendor"}
REFUSALS = [
    Refusal(id="no code for it", body=update(status="scheduled"), status=422, code="status-unknown", pointer="/status"),
    Refusal(
        id="no such vendor code",
        body=update(status=None, vendor_code="999"),
        status=422,
        code="status-unknown",
        pointer="/vendor_code",
    ),
    Refusal(
        id="a code of another status",
        body=update(vendor_code="12"),
        status=422,
        code="status-unknown",
        pointer="/vendor_code",
    ),
    Refusal(
        id="a code for visits only",
        body=update(status=None, vendor_code="22"),
        status=422,
        code="status-unknown",
        pointer="/vendor_code",
    ),
    Refusal(
        id="not any more",
        body=update(status=None, vendor_code="20"),
        status=422,
        code="status-not-effective",
        pointer="/occurred_at",
    ),
    Refusal(
        id="not yet",
        body=update(status=None, vendor_code="21"),
        status=422,
        code="status-not-effective",
        pointer="/occurred_at",
    ),
    Refusal(
        id="before the table begins",
        body=update(occurred_at="2014-12-31T23:59:59Z"),
        status=422,
        code="status-not-effective",
        pointer="/occurred_at",
    ),
    Refusal(
        id="two codes then",
        body=update(occurred_at="2020-06-01T12:00:00Z"),
        status=422,
        code="vendor-code-required",
        pointer="/vendor_code",
        members={
            "vendor_codes": [
                {"code": "11", "label": "On Site"},
                {"code": "20", "label": "Attending"},
            ]
        },
    ),
    Refusal(
        id="no such reason",
        body=update(reason_code="sunshine"),
        status=422,
        code="reason-unknown",
        pointer="/reason_code",
        members={"reasons": ["no_parts", "weather"]},
    ),
    Refusal(
        id="a late reason as reason",
        body=update(reason_code="parts_delay"),
        status=422,
        code="reason-unknown",
        pointer="/reason_code",
        members={"reasons": ["no_parts", "weather"]},
    ),
    Refusal(
        id="no such late reason",
        body=update(late_reason="sunshine"),
        status=422,
        code="reason-unknown",
        pointer="/late_reason",
        members={"reasons": ["access_refused", "parts_delay"]},
    ),
    Refusal(
        id="late without a reason",
        body=update(status="complete"),
        number=LATE_ORDER,
        status=422,
        code="late-reason-required",
        pointer="/late_reason",
        members={"late_reasons": ["access_refused", "parts_delay"]},
    ),
    Refusal(
        id="later than its target date",
        body=update(occurred_at="2050-01-01T00:00:00Z"),
        status=422,
        code="late-reason-required",
        pointer="/late_reason",
        members={"late_reasons": ["access_refused", "parts_delay"]},
    ),
    Refusal(
        id="the same again",
        body=update(status="issued"),
        status=409,
        code="status-unchanged",
        pointer=None,
        members={"current": {"status": "issued", "vendor_code": "3", "since": "2022-10-05T08:00:00Z", **CURRENT}},
    ),
    Refusal(
        id="ended",
        body=ON_SITE,
        number=ENDED_ORDER,
        status=409,
        code="order-ended",
        pointer=None,
        members={"current": {"status": "cancelled", "vendor_code": "18", "since": "2022-10-03T10:00:00Z", **CURRENT}},
    ),
    Refusal(
        id="ended, by its own status",
        body=update(status="cancelled"),
        number=ENDED_ORDER,
        status=409,
        code="status-unchanged",
        pointer=None,
        members={"current": {"status": "cancelled", "vendor_code": "18", "since": "2022-10-03T10:00:00Z", **CURRENT}},
    ),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.id)
async def test_an_update_that_cannot_succeed(shared: Site, case: Refusal) -> None:
    number = case.number or new_order(shared)
    answer = await shared.update(number, case.body)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (case.status, case.code, "not_sent")
    assert [fault["pointer"] for fault in problem.get("errors", [])] == ([case.pointer] if case.pointer else [])
    assert {name: problem[name] for name in case.members} == case.members
    assert (problem["backend"], problem["retryable"]) == ("civica-cx", False)
    assert "operation_id" not in problem
    assert shared.effects(number) == []


async def test_a_transition_that_the_workflow_does_not_have_names_those_that_it_has(shared: Site) -> None:
    answer = await shared.update(new_order(shared), update(status="closed"))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "transition-not-allowed")
    assert {row["status"] for row in problem["allowed"]} >= {"on_site", "on_hold", "complete", "cancelled"}
    assert {"status": "on_site", "vendor_code": "11", "label": "On Site"} in problem["allowed"]
    assert "3" not in {row["vendor_code"] for row in problem["allowed"]}
    assert problem["current"]["vendor_code"] == "3"


async def test_the_same_status_again_names_the_operation_that_set_it(shared: Site) -> None:
    number = new_order(shared)
    first = (await shared.update(number, ON_SITE)).json()
    problem = (await shared.update(number, update(comments="again"))).json()
    assert (problem["code"], problem["next"]["action"]) == ("status-unchanged", "none")
    assert problem["current"] == {
        "status": "on_site",
        "vendor_code": "11",
        "operation_id": first["operation_id"],
        "since": "2026-11-20T20:40:00Z",
        "source": "operation",
    }


async def test_another_tenants_operation_is_not_named(shared: Site) -> None:
    number = new_order(shared)
    await shared.update(number, ON_SITE)
    async with another_caller(shared, "neighbour", tenant="elsewhere") as neighbour:
        path = shared.orders(number) + "/status-updates"
        problem = (await neighbour.post(path, json=ON_SITE, headers={"Idempotency-Key": "k" * 16})).json()
    assert problem["code"] == "status-unchanged"
    assert (problem["current"]["operation_id"], problem["current"]["source"]) == (None, "vendor")


async def test_the_checks_count_what_is_under_way(shared: Site) -> None:
    number = new_order(shared)
    shared.fault("latency", order=number, delay_s=0.6)
    first = (await shared.update(number, ON_SITE, prefer="respond-async")).json()
    same = (await shared.update(number, ON_SITE)).json()
    onward = await shared.update(number, update(status="complete"), prefer="respond-async")
    back = (await shared.update(number, update(status="draft"))).json()
    assert (same["code"], same["current"]["operation_id"]) == ("status-unchanged", first["operation_id"])
    assert same["current"]["since"] is None
    assert onward.status_code == 202
    assert back["code"] in ("transition-not-allowed", "vendor-refused")
    assert (await final(shared, onward.json()["operation_id"]))["state"] == "applied"


async def test_a_client_reference_serves_once(shared: Site) -> None:
    first = (await shared.update(new_order(shared), update(client_reference="visit-4711"))).json()
    number, key = new_order(shared), shared.fresh_key()
    for _ in range(2):
        answer = await shared.update(number, update(client_reference="visit-4711"), key=key)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "client-reference-used")
        assert problem["operation_id"] == first["operation_id"]
        assert [fault["pointer"] for fault in problem["errors"]] == ["/client_reference"]
    assert shared.effects(number) == []


async def test_another_tenant_may_use_the_same_reference(shared: Site) -> None:
    await shared.update(new_order(shared), update(client_reference="visit-4712"))
    async with another_caller(shared, "other-firm", tenant="other-firm") as other:
        answer = await other.post(
            shared.orders(new_order(shared)) + "/status-updates",
            json=update(client_reference="visit-4712"),
            headers={"Idempotency-Key": "k" * 16},
        )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/backends/civica-cx/work-orders", {"title": "Boiler service"}),
        ("PATCH", "/v1/backends/civica-cx/work-orders/113427", {"title": "Boiler service"}),
        ("PUT", "/v1/backends/civica-cx/work-orders/113427", {"title": "Boiler service"}),
        ("DELETE", "/v1/backends/civica-cx/work-orders/113427", None),
    ],
)
async def test_what_the_vendor_cannot_do_names_what_it_can(
    shared: Site, method: str, path: str, body: dict[str, str] | None
) -> None:
    key = shared.fresh_key()
    answers = [
        await shared.api.request(method, path, json=body, headers={"Idempotency-Key": key, "Prefer": "wait=1"})
        for _ in range(2)
    ]
    problem = answers[0].json()
    assert (answers[0].status_code, problem["code"]) == (422, "capability-missing")
    assert problem["capabilities"] == ["list", "read", "status_update"]
    assert answers[1].content == answers[0].content
    assert answers[1].headers["idempotent-replayed"] == "true"
    unkeyed = await shared.api.request(method, path, json=body)
    code = "idempotency-key-missing" if method in ("POST", "PATCH") else "capability-missing"
    assert unkeyed.json()["code"] == code


async def test_a_backend_without_a_status_table_says_so(cx_url: str, sqlite_database: str, tmp_path: Path) -> None:
    async with site(CX, cx_url, sqlite_database, tmp_path, backend={"statuses": None}) as bare:
        Watch(bare.app).on(bare.api)
        answer = await bare.update("113427", ON_SITE)
        statuses = await bare.api.get("/v1/backends/civica-cx/statuses")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "status-table-missing")
    assert problem["next"]["action"] == "contact_operator"
    assert statuses.json() == {"items": [], "next": None}


async def test_a_vendors_refusal_is_explained_by_what_it_shows_now(shared: Site) -> None:
    number = new_order(shared)
    await shared.api.get(shared.orders(number))
    shared.vendor.post(f"/_sim/orders/{number}/cancel", json={})
    answer = await shared.update(number, ON_SITE)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (409, "order-ended", "refused")
    assert problem["vendor"]["message"]
    assert problem["current"]["status"] == "cancelled"
    assert shared.effects(number)[-1]["kind"] != "dropped_member"
