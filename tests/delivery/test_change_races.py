"""Somebody else changes the order between our read and our write, or a write of ours ahead of it in the queue does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.delivery.bench import HOLDS, events, outcomes, rows
from tests.delivery.changing import DISHWASHER, NEXUS_ORDER, place
from tests.vendors.loopback import after, hang_up, raw

pytestmark = pytest.mark.usefixtures("hurried_changes")

MOVED = {"relationId": "C1", "relatedValue": "9", "dateFrom": "2000-01-01", "dateTo": "2099-12-31"}


async def test_a_related_value_that_a_user_moved_between_our_read_and_our_patch_holds_the_order(
    database: str, tmp_path: Path
) -> None:
    """ERPx finds elements by their index: what was meant for one met another."""
    async with place("unit4_erpx", database, tmp_path) as at:
        at.at("PATCH", lambda _: at.on_screen("related_value", **MOVED))
        key = "a-key-of-a-patch-that-hit-another"
        answer = await at.patch({"related_values": {"C1~1900-01-01": {"value": "200"}}}, key=key)
        assert (answer.status_code, answer.json()["state"]) == (202, "held"), answer.text
        assert (at.sent, at.effects()) == (["PATCH"], ["related_value_added_by_client", "updated"])
        assert at.record()["relatedValues"][0]["relatedValue"] == "200"
        [*_, (type_, data), (opens, opened)] = await events(at.site, at.number)
        assert (type_, opens) == ("operation.held", "hold.opened")
        assert "C1~1900-01-01" in data["evidence"]
        [hold] = await rows(at.site, HOLDS, of_number=at.number)
        assert opened == {"hold_id": hold["id"], "cause": "side-effect", "detail": data["evidence"]}
        again = await at.patch({"related_values": {"C1~1900-01-01": {"value": "200"}}}, key=key)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")
        assert at.sent == ["PATCH"]


async def test_the_same_with_the_answer_lost_is_held_too(sqlite_database: str, tmp_path: Path) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        at.glass.around("PATCH", lambda answer: hang_up)
        at.at("PATCH", lambda _: at.on_screen("related_value", **MOVED))
        sent = await at.sent_async(at.patch, {"related_values": {"C1~1900-01-01": {"value": "200"}}})
        assert ((await at.end_of(sent))["state"], at.sent) == ("held", ["PATCH"])


async def test_another_member_that_somebody_changes_meanwhile_stays_as_they_left_it(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
        answer = await at.patch({"type": "1002"})
        assert (answer.status_code, answer.json()["type"], answer.json()["priority"]) == (200, "1002", "1001")


async def test_a_lost_patch_is_proved_applied_although_somebody_changed_another_member(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.glass.around("PATCH", lambda answer: hang_up)
        at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
        answer = await at.patch({"type": "1002"})
        assert (answer.status_code, answer.json()["priority"], at.sent) == (200, "1001", ["PATCH"])


async def test_a_lost_patch_that_was_not_applied_proves_nothing_once_somebody_changed_the_order(
    database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        at.glass.instead("PATCH", hang_up)
        at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
        found = await at.end_of(await at.sent_async(at.patch, {"type": "1002"}))
        assert (found["state"], at.sent, at.effects()) == ("held", ["PATCH"], ["edited_by_client"])


async def test_a_lost_delete_of_an_order_that_somebody_moved_on_proves_nothing(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.glass.instead("DELETE", hang_up)
        at.at("DELETE", lambda _: at.on_screen("status", OrderStatus="7"))
        found = await at.end_of(await at.sent_async(at.delete))
        assert (found["state"], at.sent, at.effects()) == ("held", ["DELETE"], ["status_set_by_client"])


async def test_an_if_match_that_an_earlier_write_of_the_queue_overtakes_is_not_met_and_nothing_is_sent(
    database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        etag = (await at.read()).headers["etag"]
        at.glass.around("PATCH", lambda answer: after(0.3, raw(answer)))
        first = await at.sent_async(at.patch, {"type": "1002"}, if_match=etag)
        second = await at.sent_async(at.patch, {"priority": "1001"}, if_match=etag)
        third = await at.sent_async(at.patch, {"assets": {"3182": DISHWASHER}})
        ends = [await at.end_of(one) for one in (first, second, third)]
        assert [one["state"] for one in ends] == ["applied", "refused", "applied"]
        assert (ends[1]["problem"]["code"], ends[1]["problem"]["outcome"]) == ("precondition-failed", "not_sent")
        assert ends[1]["problem"]["status"] == 412
        assert (at.sent, await rows(at.site, HOLDS, of_number=at.number)) == (["PATCH", "PATCH"], [])
        assert at.record()["Priority"] == "1003"


async def test_an_if_match_that_a_status_update_of_the_queue_overtakes_is_not_met(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        etag = (await at.read()).headers["etag"]
        at.glass.around("PATCH", lambda answer: after(0.3, raw(answer)))
        update = await at.sent_async(at.status, "on_hold")
        refused = await at.delete(if_match=etag)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed")
        assert ((await at.end_of(update))["state"], at.sent) == ("applied", ["PATCH"])


@pytest.mark.parametrize("write", ["patch", "put", "delete"])
async def test_an_if_match_that_somebody_else_s_change_overtakes_is_not_met(
    write: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        etag = (await at.read()).headers["etag"]
        at.on_screen("edit", Priority="1001")
        answer = await {
            "patch": lambda: at.patch({"type": "1002"}, if_match=etag),
            "put": lambda: at.put(NEXUS_ORDER, if_match=etag),
            "delete": lambda: at.delete(if_match=etag),
        }[write]()
        assert (answer.status_code, answer.json()["code"], at.sent) == (412, "precondition-failed", [])
        now = answer.json()["etag"]
        assert now == (await at.read()).headers["etag"]
        met = await {
            "patch": lambda: at.patch({"type": "1002"}, if_match=f'"other", {now}'),
            "put": lambda: at.put(NEXUS_ORDER, if_match=now),
            "delete": lambda: at.delete(if_match="*"),
        }[write]()
        assert met.status_code == 200, met.text


async def test_an_if_match_is_looked_at_again_before_a_change_is_sent_again(
    sqlite_database: str, tmp_path: Path
) -> None:
    """Proved not applied; then somebody changes the order before the second attempt reads it."""
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        etag = (await at.read()).headers["etag"]
        at.glass.instead("PATCH", hang_up)
        at.at("GET", lambda _: at.on_screen("edit", Priority="1001"), nth=5)  # the 1st is before the first attempt
        sent = await at.sent_async(at.patch, {"type": "1002"}, if_match=etag)
        found = await at.end_of(sent)
        assert (found["state"], found["problem"]["code"]) == ("refused", "precondition-failed")
        assert (at.sent, await outcomes(at.site, sent)) == (["PATCH"], ["unknown"])


async def test_an_update_queued_behind_a_delete_finds_no_order_and_holds_nothing(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        await at.read()
        at.glass.around("DELETE", lambda answer: after(0.3, raw(answer)))
        gone = await at.sent_async(at.delete)
        update = await at.sent_async(at.status, "on_site")
        patch = await at.sent_async(at.patch, {"type": "1002"})
        ends = [await at.end_of(one) for one in (gone, update, patch)]
        assert [one["state"] for one in ends] == ["applied", "refused", "refused"]
        assert [one["problem"]["code"] for one in ends[1:]] == ["work-order-not-found"] * 2
        assert [one["problem"]["status"] for one in ends[1:]] == [404, 404]
        assert (at.sent, at.effects()) == (["DELETE"], ["deleted"])
        assert await rows(at.site, HOLDS, of_number=at.number) == []
        assert (await at.site.api.get(at.site.orders())).json()["items"] == []


async def test_a_create_queued_behind_the_delete_of_its_number_makes_the_order_anew(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        gone = await at.sent_async(at.delete)
        answer = await at.create({**NEXUS_ORDER, "number": at.number})
        assert ((await at.end_of(gone))["state"], answer.status_code) == ("applied", 201)
        assert at.effects()[-2:] == ["deleted", "created"]
