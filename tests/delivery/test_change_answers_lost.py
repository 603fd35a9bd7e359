"""Creates, patches, replacements and removals whose answer was lost: read back, compared with the order as it was, proved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.delivery.bench import events, outcomes
from tests.delivery.changing import CHANGES, DISHWASHER, ERPX_ORDER, NEXUS_ORDER, Change, place
from tests.vendors.loopback import hang_up

pytestmark = pytest.mark.usefixtures("hurried_changes")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_change_that_took_effect_is_found_and_not_sent_again(
    change: Change, database: str, tmp_path: Path
) -> None:
    async with place(change.slug, database, tmp_path) as at:
        at.glass.around(change.call, lambda answer: hang_up)
        answer = await change.ask(at)
        assert (answer.status_code, at.sent) == (change.status, [change.call]), answer.text
        assert at.effects(change.number) == [change.effect]
        told = await events(at.site, change.number)
        assert ("operation.applied", "read_back") in [(type_, data.get("evidence")) for type_, data in told]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_change_that_took_no_effect_is_sent_again_once_that_is_proved(
    change: Change, sqlite_database: str, tmp_path: Path
) -> None:
    async with place(change.slug, sqlite_database, tmp_path) as at:
        at.glass.instead(change.call, hang_up)
        answer = await change.ask(at)
        assert (answer.status_code, at.sent) == (change.status, [change.call] * 2), answer.text
        assert at.effects(change.number) == [change.effect]
        assert await outcomes(at.site, answer.headers["operation-id"]) == ["unknown", "applied"]
        told = await events(at.site, change.number)
        assert ("operation.queued", "not_applied") in [(type_, data.get("evidence")) for type_, data in told]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_change_that_takes_effect_late_is_found_and_not_sent_again(
    change: Change, sqlite_database: str, tmp_path: Path
) -> None:
    async with place(change.slug, sqlite_database, tmp_path) as at:
        at.site.fault("late_effect", delay_s=0.7)
        answer = await change.ask(at)
        assert (answer.status_code, at.sent) == (change.status, [change.call]), answer.text
        assert at.effects(change.number) == [change.effect]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_change_whose_answer_breaks_off_is_read_back(
    change: Change, sqlite_database: str, tmp_path: Path
) -> None:
    async with place(change.slug, sqlite_database, tmp_path) as at:
        at.site.fault("truncate")
        answer = await change.ask(at)
        assert (answer.status_code, at.sent) == (change.status, [change.call]), answer.text
        assert at.effects(change.number) == [change.effect]


@pytest.mark.parametrize("effect", [True, False], ids=["made", "not made"])
async def test_a_create_that_only_the_vendor_can_number_is_held_and_never_sent_again(
    effect: bool, database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", database, tmp_path) as at:
        if effect:
            at.glass.around("POST", lambda answer: hang_up)
        else:
            at.glass.instead("POST", hang_up)
        found = await at.end_of(await at.sent_async(at.create, ERPX_ORDER))
        assert (found["state"], found["work_order"], found["attempts"]) == ("held", None, 1)
        assert at.sent == ["POST"]


async def test_a_create_with_our_own_number_whose_answer_was_lost_is_found_by_it(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path, backend={"number_prefix": "OB"}) as at:
        at.glass.around("POST", lambda answer: hang_up)
        answer = await at.create(ERPX_ORDER)
        assert (answer.status_code, at.sent) == (201, ["POST"])
        assert answer.json()["number"].startswith("OB")
        assert at.effects(answer.json()["number"]) == ["created"]


async def test_a_replacement_that_only_removes_is_not_taken_as_made_where_it_was_not(
    sqlite_database: str, tmp_path: Path
) -> None:
    """What is asked for is there before and after: only what is gone tells."""
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        assert (await at.patch({"assets": {"3182": DISHWASHER}})).status_code == 200
        at.glass.instead("PUT", hang_up)
        answer = await at.put(NEXUS_ORDER)
        assert (answer.status_code, at.sent) == (200, ["PATCH", "PUT", "PUT"]), answer.text
        assert "Assets" not in at.record()


async def test_a_collection_whose_element_only_loses_members_is_not_taken_as_replaced_where_it_was_not(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        assert (await at.patch({"assets": {"3182": DISHWASHER}})).status_code == 200
        at.glass.instead("PATCH", hang_up)
        lesser = {name: value for name, value in DISHWASHER.items() if name != "is_component"}
        answer = await at.patch({"assets": {"3182": lesser}}, replace="assets")
        assert (answer.status_code, at.sent) == (200, ["PATCH"] * 3), answer.text
        assert at.record()["Assets"] == [{"AssetNum": "3182", "Desc": "Dishwasher", "Type": "1001"}]


@pytest.mark.parametrize("effect", [True, False], ids=["made", "not made"])
@pytest.mark.parametrize(
    ("slug", "patch"),
    [
        ("unit4_erpx", {"related_values": {"C1~1900-01-01": {"date_to": None}}}),
        ("unit4_erpx", {"extensions": {"unit4_erpx": {"unknown": 1}}}),
    ],
    ids=["ERPx puts a default back", "ERPx passes over it"],
)
async def test_a_change_that_leaves_no_trace_is_held_and_never_sent_again(
    slug: str, patch: dict[str, Any], effect: bool, sqlite_database: str, tmp_path: Path
) -> None:
    async with place(slug, sqlite_database, tmp_path) as at:
        if effect:
            at.glass.around("PATCH", lambda answer: hang_up)
        else:
            at.glass.instead("PATCH", hang_up)
        found = await at.end_of(await at.sent_async(at.patch, patch))
        assert (found["state"], found["attempts"], at.sent) == ("held", 1, ["PATCH"])
        held = (await at.site.api.get("/v1/holds")).json()["items"]
        assert [(hold["cause"], hold["detail"]) for hold in held] == [
            ("outcome-unknown", "the order shows what it was, and what we sent need not have left a trace")
        ]


async def test_the_end_of_a_list_is_found_though_nexusfs_shows_no_empty_list(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        none: dict[str, Any] = {"extensions": {"nexusfs": {"Alerts": []}}}
        assert (await at.patch({"extensions": {"nexusfs": {"Alerts": [{"AlertID": "1"}]}}})).status_code == 200
        at.glass.around("PATCH", lambda answer: hang_up)
        answer = await at.patch(none)
        assert (answer.status_code, at.sent) == (200, ["PATCH"] * 2), answer.text
        assert (await at.patch(none)).status_code == 200
        assert at.sent == ["PATCH"] * 2
