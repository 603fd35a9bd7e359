"""What every vendor's adapter must do through the whole gateway, whatever its protocol; a new vendor is picked up as it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.domain.ports import Capability
from app.vendors.vendor import Vendor
from tests.contract.conftest import AT, Desk, OpenDesk, wrong_secrets
from tests.delivery.bench import Simulated, finished, leaves, operation, until
from tests.delivery.recording import glass

UNKNOWN_ORDER = "999999"


async def test_an_order_is_read_by_its_number_and_by_its_other_name(desk: Desk) -> None:
    by_number = await desk.site.api.get(desk.order)
    order = by_number.json()
    assert (by_number.status_code, order["number"], order["backend"]) == (200, desk.number, desk.site.backend)
    assert by_number.headers["etag"]
    by_name = await desk.site.api.get(desk.site.orders(order["external_reference"] or desk.number))
    assert {**by_name.json(), "as_of": None} == {**order, "as_of": None}


async def test_the_vendors_orders_are_listed(desk: Desk) -> None:
    await until(lambda: is_listed(desk))


async def is_listed(desk: Desk) -> bool:
    items = (await desk.site.api.get(desk.site.orders(), params={"limit": 200})).json()["items"]
    return desk.number in [item["number"] for item in items]


async def test_a_status_update_is_applied_once_and_a_repeat_is_a_replay(desk: Desk) -> None:
    body = await desk.body()
    first = await desk.site.update(desk.number, body, key="the-key-of-one-change")
    again = await desk.site.update(desk.number, body, key="the-key-of-one-change")
    assert (first.status_code, first.headers["idempotent-replayed"]) == (201, "false")
    assert (first.json()["state"], first.json()["status"]) == ("applied", body["status"])
    assert (again.status_code, again.headers["idempotent-replayed"], again.content) == (201, "true", first.content)
    assert len(desk.effects()) == 1
    assert (await desk.site.api.get(desk.order)).json()["vendor_status"]["code"] == body["vendor_code"]


async def test_fifty_identical_requests_at_once_have_one_effect(desk: Desk) -> None:
    body = await desk.body()
    answers = await asyncio.gather(
        *[desk.site.update(desk.number, body, key="the-key-of-fifty-requests") for _ in range(50)]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers["idempotent-replayed"] for answer in answers) == ["false"] + ["true"] * 49
    assert len(desk.effects()) == 1


async def test_what_the_vendor_refuses_is_a_conflict_in_the_vendors_words(desk: Desk) -> None:
    body = await desk.body()
    desk.site.fault("refuse")
    refused = await desk.site.update(desk.number, body)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["outcome"]) == (409, "vendor-refused", "refused")
    assert problem["vendor"]["message"]
    assert desk.effects() == []
    assert (await desk.site.update(desk.number, body)).status_code == 201


async def test_in_an_outage_writes_wait_and_reads_fail_and_all_is_applied_in_order_afterwards(
    desk: Desk, simulated: Simulated
) -> None:
    body = await desk.body()
    simulated.stop()
    first = await desk.site.update(desk.number, body, prefer="wait=1")
    assert (first.status_code, first.json()["state"]) == (202, "queued")
    assert first.json()["waiting_for"]["code"] == "backend-unavailable"
    assert int(first.headers["retry-after"]) >= 1
    read = await desk.site.api.get(desk.order)
    assert (read.status_code, read.json()["code"]) == (503, "backend-unavailable")
    sent = [first.json()["operation_id"]]
    for _ in range(2):
        body = await desk.body()
        sent.append((await desk.site.update(desk.number, body, prefer="respond-async")).json()["operation_id"])
    simulated.start()
    assert [(await finished(desk.site, one, within_s=30))["state"] for one in sent] == ["applied"] * 3
    assert len(desk.effects()) == 3
    shown = (await desk.site.api.get(desk.order)).json()
    assert shown["vendor_status"]["code"] == body["vendor_code"]


async def settles(desk: Desk) -> dict[str, Any]:
    """Send an update into whatever fault is set, and wait until nobody needs to ask any more."""
    sent = await desk.site.update(desk.number, await desk.body(), prefer="respond-async")
    return await finished(desk.site, sent.json()["operation_id"], within_s=30)


async def test_a_vendor_that_hangs_is_an_unknown_until_reading_settles_it(desk: Desk) -> None:
    body = await desk.body()
    desk.site.fault("hang", delay_s=30)
    sent = await desk.site.update(desk.number, body, prefer="respond-async")
    found = await leaves(desk.site, sent.json()["operation_id"], "queued", "sending")
    assert found["state"] in ("unknown", "verifying")
    assert (await finished(desk.site, found["operation_id"], within_s=30))["state"] == "applied"
    assert len(desk.effects()) == 1


async def test_an_effect_after_our_deadline_is_found_and_not_repeated(desk: Desk) -> None:
    desk.site.fault("latency", delay_s=2.4)
    found = await settles(desk)
    assert (found["state"], found["attempts"], found["result"]["evidence"]) == ("applied", 1, "read_back")
    assert len(desk.effects()) == 1


async def test_an_answer_lost_after_the_effect_is_found_by_reading_back(desk: Desk) -> None:
    desk.site.fault("lost_answer")
    answer = await desk.site.update(desk.number, await desk.body())
    assert (answer.status_code, answer.json()["evidence"]) == (201, "read_back")
    assert len(desk.effects()) == 1


async def test_an_effect_that_comes_late_but_within_the_settle_time_is_not_repeated(desk: Desk) -> None:
    desk.site.fault("late_effect", delay_s=2)
    found = await settles(desk)
    assert (found["state"], found["attempts"]) == ("applied", 1)
    assert len(desk.effects()) == 1


@pytest.mark.parametrize("fault", ["reset", "truncate", "http_500", "html"])
async def test_a_broken_answer_never_makes_two_effects(desk: Desk, fault: str) -> None:
    desk.site.fault(fault)
    found = await settles(desk)
    assert (found["state"], len(desk.effects())) in (("applied", 1), ("held", 0), ("held", 1))


async def test_an_expired_token_is_renewed_without_the_caller_noticing(desk: Desk) -> None:
    body = await desk.body()
    desk.site.fault("token_expired")
    answer = await desk.site.update(desk.number, body)
    assert (answer.status_code, answer.json()["evidence"]) == (201, "vendor_accepted")
    assert (await operation(desk.site, answer.json()["operation_id"]))["attempts"] == 1
    assert len(desk.effects()) == 1


async def test_a_log_in_that_the_vendor_refuses_keeps_writes_and_fails_reads(
    vendor: Vendor, open_desk: OpenDesk
) -> None:
    wrong = wrong_secrets(vendor)
    assert wrong, "the vendor's settings have no secret"
    async with open_desk(backend=wrong) as desk:
        rows = (await desk.site.api.get(f"/v1/backends/{desk.site.backend}/statuses")).json()["items"]
        code = next(row["vendor_code"] for row in rows if not row["terminal"] and row["status"] != "draft")
        sent = await desk.site.update(desk.number, {"vendor_code": code, "occurred_at": AT})
        assert (sent.status_code, sent.json()["state"]) == (202, "queued")
        assert sent.json()["waiting_for"]["code"] == "backend-misconfigured"
        read = await desk.site.api.get(desk.order)
        assert (read.status_code, read.json()["code"]) == (502, "backend-misconfigured")
        assert desk.effects() == []


async def test_an_order_that_the_vendor_does_not_have_is_not_found(desk: Desk) -> None:
    read = await desk.site.api.get(desk.site.orders(UNKNOWN_ORDER))
    assert (read.status_code, read.json()["code"]) == (404, "work-order-not-found")
    written = await desk.site.update(UNKNOWN_ORDER, await desk.body())
    assert (written.status_code, written.json()["code"]) == (404, "work-order-not-found")
    assert (await desk.site.api.get("/v1/operations")).json()["items"] == []


WRITES = [
    (Capability.create, "POST", ""),
    (Capability.patch, "PATCH", "/{number}"),
    (Capability.replace, "PUT", "/{number}"),
    (Capability.delete, "DELETE", "/{number}"),
]


@pytest.mark.parametrize(("capability", "method", "path"), WRITES, ids=[write[0].value for write in WRITES])
async def test_what_the_vendor_cannot_do_is_said_so_and_what_it_can_do_is_listed(
    desk: Desk, vendor: Vendor, capability: Capability, method: str, path: str
) -> None:
    """A capability that the vendor has is listed as such; one that it has not answers alike from the route and the preview."""
    can = sorted(one.value for one in vendor.capabilities)
    listed = (await desk.site.api.get(f"/v1/backends/{desk.site.backend}")).json()["capabilities"]
    assert listed == can
    if capability in vendor.capabilities:
        assert capability.value in listed
        return
    body = None if method == "DELETE" else {"title": "Tap"}
    route = await desk.site.api.request(
        method,
        desk.site.orders() + path.format(number=desk.number),
        json=body,
        headers={"Idempotency-Key": desk.site.fresh_key()},
    )
    preview = await desk.site.api.post(
        f"/v1/backends/{desk.site.backend}/preview",
        json={"kind": capability.value, "work_order": desk.number, "body": body or {}},
    )
    for answer in (route, preview):
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["outcome"]) == (422, "capability-missing", "not_sent")
        assert problem["capabilities"] == can
    assert desk.effects() == []


async def test_a_preview_shows_the_bytes_that_the_vendor_then_receives(
    open_desk: OpenDesk, simulated: Simulated
) -> None:
    async with glass(simulated.url) as pane, open_desk(url=pane.url) as desk:
        body = await desk.body()
        await until(lambda: is_listed(desk))
        shown = await desk.site.api.post(
            f"/v1/backends/{desk.site.backend}/preview",
            json={"kind": "status_update", "work_order": desk.number, "body": body},
        )
        assert shown.status_code == 200, shown.text
        assert desk.effects() == []
        before = len(pane.passed)
        assert (await desk.site.update(desk.number, body)).status_code == 201
        received = [one.request for one in pane.passed[before:]]
        for preview in shown.json()["requests"]:
            same = [
                request
                for request in received
                if (request.method, pane.url + request.target) == (preview["method"], preview["url"])
                and equal_but_for_secrets(preview["body"], request.body.decode())
            ]
            assert len(same) == 1, preview
            headers = {name.lower(): value for name, value in preview["headers"].items()}
            assert all(
                equal_but_for_secrets(value, same[0].headers.get(name, "")) for name, value in headers.items()
            ), preview
            unseen = set(same[0].headers) - set(headers) - {"host", "content-length"}
            assert unseen == set()


def equal_but_for_secrets(preview: str, sent: str) -> bool:
    """Whether what was sent is the preview, with something in the place of each `***`."""
    pieces = preview.split("***")
    if len(pieces) == 1:
        return preview == sent
    if not (sent.startswith(pieces[0]) and sent.endswith(pieces[-1])):
        return False
    position = len(pieces[0])
    for piece in pieces[1:-1]:
        position = sent.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return position <= len(sent) - len(pieces[-1])
