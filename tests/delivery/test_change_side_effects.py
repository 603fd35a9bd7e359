"""Writes that a vendor accepted and that did more or less than was asked, or whose order cannot be read afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.bench import HOLDS, events, operation, outcomes, rows
from tests.delivery.changing import (
    CHANGES,
    DISHWASHER,
    ERPX_ORDER,
    NEXUS_ORDER,
    Change,
    Place,
    place,
)
from tests.vendors.loopback import hang_up, reply

pytestmark = pytest.mark.usefixtures("hurried_changes")

OVERRIDE: dict[str, Any] = {"method_override": True}


async def test_a_patch_whose_override_header_was_stripped_replaces_the_order_and_is_held_never_applied(
    database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", database, tmp_path, backend=OVERRIDE) as at:
        at.site.fault("strip_override")
        answer = await at.patch({"type": "1002"}, key="a-key-of-a-stripped-patch")
        assert (answer.status_code, answer.json()["state"], answer.json()["result"]) == (202, "held", None)
        assert (at.sent, at.effects()) == (["POST"], ["replaced"])
        assert "Account" not in at.record()
        assert await outcomes(at.site, answer.json()["operation_id"]) == ["unknown"]
        again = await at.patch({"type": "1002"}, key="a-key-of-a-stripped-patch")
        assert (again.status_code, again.json()["state"], at.sent) == (202, "held", ["POST"])
        assert (await at.read()).json()["delivery"]["state"] == "held"


async def test_the_same_with_the_answer_lost_is_held_too(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path, backend=OVERRIDE) as at:
        at.site.fault("strip_override")
        at.glass.around("POST", lambda answer: hang_up)
        found = await at.end_of(await at.sent_async(at.patch, {"type": "1002"}))
        assert (found["state"], at.sent, at.effects()) == ("held", ["POST"], ["replaced"])


async def test_with_its_override_header_a_patch_is_a_patch(sqlite_database: str, tmp_path: Path) -> None:
    async with place("nexusfs", sqlite_database, tmp_path, backend=OVERRIDE) as at:
        answer = await at.patch({"type": "1002"})
        assert (answer.status_code, at.sent, at.effects()) == (200, ["POST"], ["updated"])


async def test_a_patch_that_nexusfs_accepts_and_the_order_does_not_show_is_held(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.glass.instead("PATCH", reply(200, b'{"status":200}', Content_Type="application/json"))
        answer = await at.patch({"type": "1002"})
        assert (answer.status_code, answer.json()["state"], at.sent, at.effects()) == (202, "held", ["PATCH"], [])
        [hold] = await rows(at.site, HOLDS, of_number=at.number)
        assert hold["cause"] == "side-effect"
        assert await outcomes(at.site, answer.json()["operation_id"]) == ["unknown"]


async def test_a_status_update_whose_override_header_was_stripped_is_never_applied(
    sqlite_database: str, tmp_path: Path
) -> None:
    """The vendor has replaced the whole order by its number and a status."""
    async with place("nexusfs", sqlite_database, tmp_path, backend=OVERRIDE) as at:
        await at.read()
        at.site.fault("strip_override")
        answer = await at.status("on_site")
        assert at.effects() == ["replaced"]
        assert (answer.status_code, answer.json()["state"]) == (202, "held"), answer.text


STEP_12: dict[str, Any] = {
    "notes": "step nine",
    "priority": "U2",
    "operations": {"4": {"type": "opType1", "code": "op4", "account_number": "account_4"}},
}


async def test_a_failure_at_step_12_tells_what_step_9_has_applied(database: str, tmp_path: Path) -> None:
    """OverIT's steps are no transaction (vendor document 004)."""
    async with place("overit", database, tmp_path) as at:
        at.setting(fail_step=12)
        answer = await at.patch(STEP_12, key="a-key-of-a-patch-in-part")
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["outcome"]) == (422, "vendor-rejected-data", "refused")
        assert problem["applied"] == ["/notes", "/priority"]
        assert (at.record()["notes"], at.effects()) == ("step nine", ["updated"])
        again = await at.patch(STEP_12, key="a-key-of-a-patch-in-part")
        assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (422, answer.content, "true")
        assert (await at.read()).json()["notes"] == "step nine"


async def test_what_the_order_showed_before_is_not_said_to_be_applied(sqlite_database: str, tmp_path: Path) -> None:
    async with place("overit", sqlite_database, tmp_path) as at:
        at.setting(fail_step=12)
        answer = await at.patch({**STEP_12, "description": "Replace the meter", "priority": "U1"})
        assert (answer.status_code, answer.json()["applied"]) == (422, ["/notes"])


async def test_a_refusal_that_left_nothing_behind_names_nothing_as_applied(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("overit", sqlite_database, tmp_path) as at:
        answer = await at.patch({"type": "nope", "notes": "x"})
        assert (answer.status_code, "applied" in answer.json(), at.effects()) == (422, False, [])


async def test_a_lost_answer_to_a_failure_at_step_12_is_held(sqlite_database: str, tmp_path: Path) -> None:
    """The order shows neither what it was nor all that was asked."""
    async with place("overit", sqlite_database, tmp_path) as at:
        at.setting(fail_step=12)
        at.glass.around("PATCH", lambda answer: hang_up)
        found = await at.end_of(await at.sent_async(at.patch, STEP_12))
        assert (found["state"], at.sent) == ("held", ["PATCH"])


def unreadable_after(at: Place, call: str) -> Callable[[], None]:
    """From this write on, the vendor's reads fail; gives what ends that."""

    def begin(_: object) -> None:
        at.glass.instead("GET", *[reply(500, b"")] * 50)

    at.at(call, begin)
    return lambda: at.glass.script["GET"].clear()


UNREAD = [one for one in CHANGES if one.slug == "nexusfs" and one.call != "DELETE"]


@pytest.mark.parametrize("change", UNREAD, ids=lambda change: change.id)
async def test_an_accepted_write_whose_order_cannot_be_read_answers_202_applied_and_a_repeat_the_same(
    change: Change, sqlite_database: str, tmp_path: Path
) -> None:
    async with place(change.slug, sqlite_database, tmp_path) as at:
        readable = unreadable_after(at, change.call)
        answer = await change.ask(at)
        told = answer.json()
        assert (answer.status_code, told["state"], told["result"], told["problem"]) == (202, "applied", None, None)
        assert "retry-after" not in answer.headers
        readable()
        sent = answer.headers["operation-id"]
        found = await operation(at.site, sent)
        assert {**found, "waiting_for": None} == {**told, "waiting_for": None}
        assert (at.sent, at.effects(change.number)) == ([change.call], [change.effect])


async def test_the_repeat_of_a_write_whose_order_could_not_be_read_answers_as_the_first(
    database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        readable = unreadable_after(at, "PUT")
        body = {**NEXUS_ORDER, "number": "9001"}
        first = await at.create(body, key="a-key-of-an-unread-create")
        readable()
        again = await at.create(body, key="a-key-of-an-unread-create")
        assert (first.status_code, again.status_code, again.content) == (202, 202, first.content)
        assert (again.headers["idempotent-replayed"], at.sent) == ("true", ["PUT"])
        assert (await at.read("9001")).status_code == 200


async def test_a_delete_needs_no_read_afterwards(sqlite_database: str, tmp_path: Path) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        unreadable_after(at, "DELETE")
        answer = await at.delete()
        assert (answer.status_code, answer.json()) == (200, {"effect": "deleted"})


async def test_the_vendor_s_own_record_in_its_answer_needs_no_read_afterwards(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        unreadable_after(at, "POST")
        answer = await at.create(ERPX_ORDER)
        assert (answer.status_code, answer.json()["number"]) == (201, "124"), answer.text


async def test_nothing_to_change_sends_nothing_and_answers_with_the_order(database: str, tmp_path: Path) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        answer = await at.patch({"rules": {}})
        assert (answer.status_code, answer.json()["type"], at.sent, at.effects()) == (200, "1001", [], [])
        told = await events(at.site, at.number)
        assert ("operation.applied", "unchanged") in [(type_, data.get("evidence")) for type_, data in told]
        assert await rows(at.site, HOLDS, of_number=at.number) == []


async def test_what_is_answered_is_the_vendor_s_record_and_no_echo(sqlite_database: str, tmp_path: Path) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        answer = await at.patch({"assets": {"3182": DISHWASHER}, "account": {"number": "1031"}})
        assert answer.json()["account"] == {"number": "1031", "type": "1001", "name": "Peachtree Ltd."}
        assert answer.json()["assets"]["3182"]["number"] == "3182"


@pytest.mark.parametrize("moment", ["2026-11-20T22:40:00+02:00", "2026-11-20T22:40:00.123456+02:00"])
@pytest.mark.parametrize(("slug", "name"), [("nexusfs", "planned_start"), ("overit", "planned_end")])
async def test_a_moment_is_applied_however_the_caller_spelled_it(
    slug: str, name: str, moment: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with place(slug, sqlite_database, tmp_path) as at:
        answer = await at.patch({"dates": {name: moment}})
        assert (answer.status_code, at.sent) == (200, ["PATCH"]), answer.text


@pytest.mark.parametrize("moment", ["2026-11-20T22:40:00+02:00", "2026-11-20T22:40:00.123456+02:00"])
async def test_a_moment_is_found_again_after_a_lost_answer_however_the_caller_spelled_it(
    moment: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.glass.around("PATCH", lambda answer: hang_up)
        answer = await at.patch({"dates": {"planned_start": moment}})
        assert (answer.status_code, at.sent) == (200, ["PATCH"]), answer.text
