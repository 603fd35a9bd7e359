"""A lost answer that reading cannot settle: the write is held, what comes later waits, and each word ends it in its own way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.commands import operations as command
from app.ledger.open import open_store
from app.settings import configured
from tests.delivery.bench import (
    HOLDS,
    Simulated,
    behind_glass,
    body,
    codes,
    delivery,
    events,
    finished,
    operation,
    polled,
    rows,
    send_async,
    set_on_screen,
    until,
)
from tests.delivery.changing import ERPX_ORDER, place
from tests.delivery.holding import ORDER, Stopped, behind_a_refusal, behind_an_unknown, hold, hold_of, say
from tests.delivery.recording import UPDATE, Glass
from tests.delivery.test_change_resolved import held_create, held_delete
from tests.gateway import CX, Site
from tests.vendors.loopback import hang_up


@dataclass(frozen=True, kw_only=True)
class Word:
    """An action, what becomes of the held write, and the codes that the vendor has given the order in the end."""

    action: str
    state: str
    codes: list[int]
    behind: str = "applied"
    attempts: int = 1
    told: dict[str, Any] = field(default_factory=dict)
    """Of the held write's result."""


WORDS = [
    Word(action="retry", state="applied", codes=[11, 9, 10], attempts=2, told={"evidence": "vendor_accepted"}),
    Word(action="skip", state="skipped", codes=[9, 10], told={"resolution": "skip", "reason": "looked at it in Cx"}),
    Word(action="replace", state="replaced", codes=[12, 9, 10], told={"resolution": "replace"}),
    Word(action="mark_applied", state="applied", codes=[9, 10], told={"evidence": "operator", "status": "on_site"}),
    Word(action="cancel", state="cancelled", codes=[], behind="cancelled", told={"resolution": "cancel"}),
]


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.action)
async def test_an_unknown_that_stays_so_is_held_and_each_word_ends_it(word: Word, seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    await site.api.get(site.orders(ORDER))
    glass.instead(UPDATE, hang_up)
    key = "a-key-of-the-held-write"
    first = await site.update(ORDER, body(11), key=key, prefer="respond-async")
    set_on_screen(site, ORDER, 4)
    cause = first.headers["operation-id"]
    assert (await finished(site, cause))["state"] == "held"
    waits = [await site.update(ORDER, body(code), prefer="wait=5") for code in (9, 10)]
    hold_id = await hold_of(site)
    assert [(one.status_code, one.json()["state"], one.json()["blocked_by"]) for one in waits] == [
        (202, "queued", hold_id)
    ] * 2
    found = await hold(site, hold_id)
    assert (found["cause"], found["operation_id"], found["state"]) == ("outcome-unknown", cause, "open")
    assert found["detail"] == "the order shows neither what it was nor what we sent"
    assert (len(glass.of(UPDATE)), codes(site, ORDER)) == (1, [])

    answer = await say(site, hold_id, word.action)
    assert (answer.status_code, answer.json()["state"]) == (200, "resolved"), answer.text
    ends = [await finished(site, one.headers["operation-id"]) for one in waits]
    assert [one["state"] for one in ends] == [word.behind] * 2
    assert codes(site, ORDER) == word.codes
    ended = await operation(site, cause)
    assert (ended["state"], ended["attempts"], ended["blocked_by"]) == (word.state, word.attempts, None)
    assert word.told.items() <= ended["result"].items()
    made = answer.json()["made_operation"]
    assert ended["result"].get("replaced_by") == made
    again = await site.update(ORDER, body(11), key=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (
        201 if word.state == "applied" else 202,
        "true",
    )
    assert again.json()["operation_id"] == cause
    assert "retry-after" not in again.headers
    assert codes(site, ORDER) == word.codes


async def test_with_a_hundred_open_behind_a_hold_the_next_is_refused_and_its_key_serves_after_a_cancel(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass)
    waiting = [await send_async(site, ORDER, code) for code in (9, 10, 9) * 33]
    one_more = {"key": "one-more-than-a-hundred", "prefer": "respond-async"}
    full = await site.update(ORDER, body(10), **one_more)
    assert (full.status_code, full.json()["code"], full.json()["next"]["action"]) == (409, "order-queue-full", "wait")
    assert (await say(site, stopped.hold_id, "cancel")).status_code == 200
    assert {(await operation(site, one))["state"] for one in waiting} == {"cancelled"}
    taken = await site.update(ORDER, body(10), **one_more)
    assert (taken.status_code, taken.headers["idempotent-replayed"]) == (202, "false")
    assert (await finished(site, taken.headers["operation-id"]))["state"] == "applied"
    assert codes(site, ORDER) == [10]


@pytest.mark.parametrize("make", [behind_a_refusal, behind_an_unknown])
async def test_a_replacement_is_taken_where_the_backend_rejects_writes_of_held_orders(
    make: Any, vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> None:
    sections = {"backend": {"on_hold": "reject"}, **delivery(deadline_s=1)}
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **sections) as (site, glass):
        await polled(site)
        stopped: Stopped = await make(site, glass, *((10,) if make is behind_a_refusal else ()))
        assert (await site.update(ORDER, body(9))).json()["code"] == "order-blocked"
        answer = await say(site, stopped.hold_id, "replace")
        assert answer.status_code == 200, answer.text
        assert (await finished(site, answer.json()["made_operation"]))["state"] == "applied"


async def told_by_the_command(database: str, folder: Path, operation_id: str, *, applied: bool) -> str:
    """`orderbridge operations resolve`, with a connection of its own."""
    section = CX.sandbox.section("http://127.0.0.1:9")
    document = {"auth": {"signing_key": "0123456789abcdef" * 4}, "backends": {CX.sandbox.backend: section}}
    store = open_store(database, folder=folder, owner=False)
    await store.open()
    try:
        settings = configured(document, folder=folder)
        return await command._resolve(store, settings, operation_id, applied=applied, reason="seen in Cx")
    finally:
        await store.close()


@pytest.mark.parametrize(("applied", "sent"), [(True, [9]), (False, [11, 9])], ids=["applied", "not applied"])
async def test_the_command_closes_the_hold_and_a_running_gateway_goes_on(
    applied: bool, sent: list[int], seen: tuple[Site, Glass], database: str, tmp_path: Path
) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass, 9)
    await told_by_the_command(database, tmp_path, stopped.cause, applied=applied)
    closed = await hold(site, stopped.hold_id)
    assert (closed["state"], closed["resolution"]) == ("resolved", "mark_applied" if applied else "retry")
    assert (closed["reason"], closed["resolved_by"]) == ("seen in Cx", command._user())
    assert (await finished(site, stopped.behind[0], within_s=10))["state"] == "applied"
    assert codes(site, ORDER) == sent


async def test_the_command_on_the_cause_of_a_refusal_s_hold_lets_the_rest_go_on(
    seen: tuple[Site, Glass], database: str, tmp_path: Path
) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    said = await told_by_the_command(database, tmp_path, stopped.cause, applied=False)
    assert "stays refused; its hold is closed" in said
    assert (await hold(site, stopped.hold_id))["resolution"] == "skip"
    assert (await finished(site, stopped.behind[0], within_s=10))["state"] == "applied"
    assert codes(site, ORDER) == [11, 10]


async def test_a_delete_that_is_marked_applied_forgets_the_order(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        sent = await held_delete(at, gone=True)
        [stopped] = await rows(at.site, HOLDS, of_number=at.number)
        answer = await say(at.site, stopped["id"], "mark_applied", key="a-key-of-a-delete-that-was-done")
        assert answer.status_code == 200, answer.text
        found = await operation(at.site, sent)
        assert (found["state"], found["result"], at.sent) == ("applied", {"effect": "deleted"}, ["DELETE"])
        assert (await at.site.api.get(at.site.orders())).json()["items"] == []
        assert "work_order.deleted" in [type_ for type_, _ in await events(at.site, at.number)]
        again = await say(at.site, stopped["id"], "mark_applied", key="a-key-of-a-delete-that-was-done")
        assert (again.content, again.headers["idempotent-replayed"]) == (answer.content, "true")


async def test_a_create_that_the_vendor_numbers_is_marked_applied_with_the_number_that_it_gave(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("unit4_erpx", database, tmp_path) as at:
        sent = await held_create(at, made=True)
        [stopped] = await rows(at.site, HOLDS, of_number=sent)
        shown = await hold(at.site, stopped["id"])
        assert (shown["work_order"], shown["operation_id"]) == (None, sent)
        unnamed = await say(at.site, stopped["id"], "mark_applied")
        assert (unnamed.status_code, unnamed.json()["errors"][0]["pointer"]) == (422, "/work_order")
        its_id = await say(at.site, stopped["id"], "mark_applied", work_order=sent)
        assert (its_id.status_code, its_id.json()["errors"][0]["pointer"]) == (422, "/work_order")
        key = "a-key-of-a-create-that-was-done"
        answer = await say(at.site, stopped["id"], "mark_applied", work_order="124", key=key)
        assert (answer.status_code, answer.json()["state"]) == (200, "resolved"), answer.text
        assert answer.json()["work_order"] == "124"
        assert [type_ for type_, _ in await events(at.site, "124")] == ["operation.applied", "hold.closed"]
        again = await say(at.site, stopped["id"], "mark_applied", work_order="124", key=key)
        assert (again.content, again.headers["idempotent-replayed"]) == (answer.content, "true")
        found = await operation(at.site, sent)
        assert (found["state"], found["work_order"]) == ("applied", "124")
        assert (await at.read("124")).json()["title"] == ERPX_ORDER["title"]
        assert (await at.patch({"title": "Later"}, number="124")).status_code == 200
        assert (at.sent, at.effects("124")) == (["POST", "PATCH"], ["created", "updated"])


async def test_a_patch_of_the_operation_s_id_ends_as_that_of_an_unknown_order_once_the_number_is_told(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("unit4_erpx", database, tmp_path) as at:
        sent = await held_create(at, made=True)
        behind = await at.sent_async(at.patch, {"title": "Later"}, number=sent)
        [stopped] = await rows(at.site, HOLDS, of_number=sent)
        assert (await say(at.site, stopped["id"], "mark_applied", work_order="124")).status_code == 200
        found = await at.end_of(behind)
        assert (found["state"], found["problem"]["code"]) == ("refused", "work-order-not-found")
        assert (at.sent, at.effects("124")) == (["POST"], ["created"])


async def test_a_create_that_the_vendor_numbers_is_not_replaced_but_cancelled(
    sqlite_database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        sent = await held_create(at, made=False)
        [stopped] = await rows(at.site, HOLDS, of_number=sent)
        refused = await say(at.site, stopped["id"], "replace", body=ERPX_ORDER)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/action")
        assert (await say(at.site, stopped["id"], "cancel")).status_code == 200
        assert (await operation(at.site, sent))["state"] == "cancelled"
        answer = await at.create(ERPX_ORDER)
        assert (answer.status_code, answer.json()["number"], at.sent) == (201, "124", ["POST", "POST"])


async def test_a_patch_is_replaced_by_another_body_that_is_checked_first(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        at.glass.instead("PATCH", hang_up)
        at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
        sent = await at.sent_async(at.patch, {"type": "1002"})
        assert (await at.end_of(sent))["state"] == "held"
        [stopped] = await rows(at.site, HOLDS, of_number=at.number)
        bad = await say(at.site, stopped["id"], "replace", body={"colour": "red"})
        assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/body/colour")
        number = await say(at.site, stopped["id"], "replace", body={"number": "9"})
        assert (number.status_code, number.json()["errors"][0]["pointer"]) == (422, "/body/number")
        made = (await say(at.site, stopped["id"], "replace", body={"type": "1002"})).json()["made_operation"]
        found = await at.end_of(made)
        assert (found["state"], found["kind"], found["result"]["type"]) == ("applied", "patch", "1002")
        assert (await operation(at.site, sent))["result"]["replaced_by"] == made
        assert (at.record()["OrderType"], at.record()["Priority"]) == ("1002", "1001")


async def test_a_delete_has_no_body_to_replace(sqlite_database: str, tmp_path: Path, hurried_changes: None) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        await held_delete(at, gone=False)
        [stopped] = await rows(at.site, HOLDS, of_number=at.number)
        refused = await say(at.site, stopped["id"], "replace", body={})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/action")


async def test_a_side_effect_is_held_with_its_own_cause_and_marked_applied(
    sqlite_database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path, backend={"method_override": True}) as at:
        at.site.fault("strip_override")
        answer = await at.patch({"type": "1002"}, key="a-key-of-a-stripped-patch")
        [stopped] = await rows(at.site, HOLDS, of_number=at.number)
        assert (answer.status_code, stopped["cause"]) == (202, "side-effect")
        behind = await at.sent_async(at.patch, {"priority": "1001"})
        assert (await say(at.site, stopped["id"], "mark_applied")).status_code == 200
        assert (await at.end_of(behind))["state"] in ("applied", "held")
        await until(lambda: len(at.sent) == 2)
        assert (await operation(at.site, answer.headers["operation-id"]))["state"] == "applied"
