"""Status updates through the whole gateway, the main job: what is answered, and what the vendor shows afterwards."""

from __future__ import annotations

from tests.contract.desk import Desk
from tests.delivery.bench import finished


async def test_a_status_update_is_answered_with_what_the_vendor_shows_afterwards(desk: Desk) -> None:
    body = await desk.body()
    before = (await desk.read(desk.number)).json()
    answer = await desk.site.update(desk.number, body)
    said = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/operations/{said['operation_id']}")
    assert (said["state"], said["evidence"], said["work_order"]) == ("applied", "vendor_accepted", desk.number)
    assert (said["previous_status"], said["status"]) == (before["status"], body["status"])
    shown = (await desk.read(desk.number)).json()
    assert shown["status"] == body["status"]
    assert shown["vendor_status"] == said["vendor_status"]
    assert shown["vendor_status"]["code"] == body["vendor_code"]


async def test_a_member_that_the_vendor_has_no_place_for_is_named(desk: Desk) -> None:
    answer = await desk.site.update(desk.number, await desk.body())
    kept = [name for name in desk.vendor.kept_here if name in ("occurred_at", "comments")]
    assert sorted(answer.json().get("kept_here", [])) == sorted(kept)


async def test_updates_of_one_order_reach_the_vendor_in_the_order_accepted(desk: Desk) -> None:
    """Where every update ends the order, each goes to an order of its own."""
    sent: list[tuple[str, str, str]] = []
    for _ in range(3):
        body = await desk.body()
        answer = await desk.site.update(desk.number, body, prefer="respond-async")
        sent.append((answer.json()["operation_id"], desk.number, body["vendor_code"]))
    assert [(await finished(desk.site, one))["state"] for one, _, _ in sent] == ["applied"] * 3
    for number in {number for _, number, _ in sent}:
        codes = [code for _, of, code in sent if of == number]
        assert len(desk.effects(number)) == len(codes)
        assert (await desk.read(number)).json()["vendor_status"]["code"] == codes[-1]


async def test_a_code_that_cannot_be_set_is_a_missing_capability_and_is_not_sent(desk: Desk) -> None:
    """An order may stand in it, and the vendor's interface has no way to put it there."""
    for row in await desk.statuses():
        if row["settable"]:
            continue
        body = {"vendor_code": row["vendor_code"], "occurred_at": "2026-11-20T20:40:00Z"}
        answer = await desk.site.update(desk.number, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "capability-missing")
    assert desk.effects() == []
