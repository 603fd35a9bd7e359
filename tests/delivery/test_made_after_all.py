"""A write that is to go out again and was made after all: what its first attempt left is told applied, and nothing is refused."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from app.delivery import readback
from tests.delivery.bench import codes, events, finished, leaves, outcomes, send_async, set_on_screen
from tests.delivery.changing import NEXUS_ORDER, Place, place
from tests.delivery.holding import ORDER, hold_of, say
from tests.delivery.recording import READ, UPDATE, Glass
from tests.delivery.test_change_resolved import resolve
from tests.delivery.test_holds_unknown import told_by_the_command
from tests.gateway import Site
from tests.vendors.loopback import hang_up, reply

Ask: TypeAlias = Callable[[Place], Coroutine[Any, Any, str]]


@pytest.fixture(autouse=True)
def soon_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write whose order cannot be read is held within a second."""
    monkeypatch.setattr(readback, "LATER_S", (0.1, 0.1))


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A write that the vendor makes, and whose answer is lost; `result` is some of what it answers in the end."""

    id: str
    slug: str
    call: str
    ask: Ask
    effect: str
    result: dict[str, Any]


async def tag(at: Place) -> str:
    return str((await at.read()).headers["etag"])


async def patched(at: Place) -> str:
    return await at.sent_async(at.patch, {"type": "1002"}, if_match=await tag(at))


async def put(at: Place) -> str:
    return await at.sent_async(at.put, {**NEXUS_ORDER, "priority": "1001"}, if_match=await tag(at))


async def deleted(at: Place) -> str:
    return await at.sent_async(at.delete, if_match=await tag(at))


async def set_on_site(at: Place) -> str:
    await at.read()
    return await at.sent_async(at.status, "on_site")


async def set_on_hold(at: Place) -> str:
    await at.read()
    return await at.sent_async(at.status, "on_hold")


SENT = [
    Sent(id="patch", slug="nexusfs", call="PATCH", ask=patched, effect="updated", result={"type": "1002"}),
    Sent(id="put", slug="nexusfs", call="POST", ask=put, effect="replaced", result={"priority": "1001"}),
    Sent(id="delete", slug="nexusfs", call="DELETE", ask=deleted, effect="deleted", result={"effect": "deleted"}),
    Sent(id="status", slug="nexusfs", call="PATCH", ask=set_on_site, effect="status_change",
         result={"evidence": "read_back"}),
    Sent(id="status of a vendor that is read first", slug="unit4_erpx", call="PATCH", ask=set_on_hold,
         effect="status_change", result={"evidence": "read_back"}),
    Sent(id="closing", slug="unit4_erpx", call="DELETE", ask=deleted, effect="closed", result={"effect": "closed"}),
]  # fmt: skip


async def made_and_held(at: Place, sent: Sent) -> str:
    """The vendor has made it, its answer was lost, and no read succeeds: a person has to say."""
    at.glass.around(sent.call, lambda answer: hang_up)
    at.at(sent.call, lambda _: at.glass.instead("GET", *[reply(500, b"")] * 100))
    operation_id = await sent.ask(at)
    assert (await at.end_of(operation_id))["state"] == "held"
    at.glass.script["GET"].clear()
    return operation_id


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: sent.id)
async def test_a_write_that_a_person_has_sent_again_and_that_was_made_is_applied(
    sent: Sent, sqlite_database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place(sent.slug, sqlite_database, tmp_path) as at:
        operation_id = await made_and_held(at, sent)
        assert (await say(at.site, await hold_of(at.site, at.number), "retry")).status_code == 200
        found = await at.end_of(operation_id)
        assert (found["state"], found["problem"], at.sent) == ("applied", None, [sent.call])
        assert {name: found["result"][name] for name in sent.result} == sent.result
        assert (at.effects(), await outcomes(at.site, operation_id)) == ([sent.effect], ["unknown", "unknown"])
        told = await events(at.site, at.number)
        assert ("operation.applied", "read_back") in [(type_, data.get("evidence")) for type_, data in told]


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: sent.id)
async def test_a_write_that_was_made_is_not_sent_again_on_a_word_that_comes_while_its_outcome_is_sought(
    sent: Sent, sqlite_database: str, tmp_path: Path, hurried_changes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "LATER_S", (60, 60))
    async with place(sent.slug, sqlite_database, tmp_path) as at:
        at.glass.around(sent.call, lambda answer: hang_up)
        at.at(sent.call, lambda _: at.glass.instead("GET", *[reply(500, b"")] * 100))
        operation_id = await sent.ask(at)
        await leaves(at.site, operation_id, "queued", "sending")
        assert "is back at the head of the queue" in await resolve(at, operation_id, applied=False)
        at.glass.script["GET"].clear()
        found = await at.end_of(operation_id, within_s=30)
        assert (found["state"], found["problem"], at.sent) == ("applied", None, [sent.call])
        assert {name: found["result"][name] for name in sent.result} == sent.result
        assert at.effects() == [sent.effect]


async def test_an_order_whose_delete_is_told_applied_so_is_listed_no_more(
    database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", database, tmp_path) as at:
        delete = next(one for one in SENT if one.id == "delete")
        operation_id = await made_and_held(at, delete)
        await say(at.site, await hold_of(at.site, at.number), "retry")
        assert (await at.end_of(operation_id))["state"] == "applied"
        assert (await at.site.api.get(at.site.orders())).json()["items"] == []


async def test_a_change_that_was_not_made_is_still_held_to_its_if_match(
    sqlite_database: str, tmp_path: Path, hurried_changes: None
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        at.glass.instead("PATCH", hang_up)
        at.at("PATCH", lambda _: at.on_screen("edit", Priority="1001"))
        operation_id = await patched(at)
        assert (await at.end_of(operation_id))["state"] == "held"
        await say(at.site, await hold_of(at.site, at.number), "retry")
        found = await at.end_of(operation_id)
        assert (found["state"], found["problem"]["code"], at.sent) == ("refused", "precondition-failed", ["PATCH"])


async def test_a_first_delete_that_finds_no_order_is_refused(
    sqlite_database: str, tmp_path: Path, hurried_changes: None
) -> None:
    """Nor does one whose first attempt was provably not processed tell what somebody else has done."""
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        await at.read()
        at.glass.instead("DELETE", reply(429, b"", Retry_After="1"))
        at.at("DELETE", lambda _: at.on_screen("cancel"))
        found = await at.end_of(await at.sent_async(at.delete))
        assert (found["state"], found["problem"]["code"]) == ("refused", "work-order-not-found")


async def held_unread(site: Site, glass: Glass, code: int) -> str:
    """A status that Cx has set with our date, held since its order could not be read."""
    await site.api.get(site.orders(ORDER))
    glass.around(UPDATE, lambda answer: hang_up)
    glass.instead(READ, *[reply(500, b"")] * 100)
    sent = await send_async(site, ORDER, code)
    assert (await finished(site, sent, within_s=25))["state"] == "held"
    glass.script[READ].clear()
    return sent


async def test_a_status_that_was_set_with_our_date_is_applied_and_the_queue_goes_on(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    sent = await held_unread(site, glass, 11)
    behind = await send_async(site, ORDER, 9)
    await say(site, await hold_of(site), "retry")
    found = await finished(site, sent)
    assert (found["state"], found["result"]["evidence"]) == ("applied", "read_back")
    assert (await finished(site, behind))["state"] == "applied"
    assert codes(site, ORDER) == [11, 9]


async def test_a_status_that_was_set_is_not_sent_again_on_a_word_that_comes_while_its_outcome_is_sought(
    seen: tuple[Site, Glass], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "LATER_S", (60, 60))
    site, glass = seen
    await site.api.get(site.orders(ORDER))
    glass.around(UPDATE, lambda answer: hang_up)
    glass.instead(READ, *[reply(500, b"")] * 100)
    sent, behind = [await send_async(site, ORDER, code) for code in (11, 9)]
    await leaves(site, sent, "queued", "sending")
    await told_by_the_command(database, tmp_path, sent, applied=False)
    glass.script[READ].clear()
    found = await finished(site, sent)
    assert (found["state"], found["result"]["evidence"]) == ("applied", "read_back")
    assert (await finished(site, behind))["state"] == "applied"
    assert codes(site, ORDER) == [11, 9]


async def test_what_waits_behind_a_status_that_is_called_applied_while_that_is_sought_is_checked_against_the_order(
    seen: tuple[Site, Glass], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "LATER_S", (60, 60))
    site, glass = seen
    await site.api.get(site.orders(ORDER))
    glass.around(UPDATE, lambda answer: hang_up)
    glass.instead(READ, *[reply(500, b"")] * 100)
    sent, behind = [await send_async(site, ORDER, code) for code in (11, 9)]
    await leaves(site, sent, "queued", "sending")
    set_on_screen(site, ORDER, 9)
    await told_by_the_command(database, tmp_path, sent, applied=True)
    glass.script[READ].clear()
    found = await finished(site, behind)
    assert (found["state"], found["problem"]["code"], len(glass.of(UPDATE))) == ("refused", "status-unchanged", 1)


async def test_a_status_that_somebody_else_set_with_another_date_is_refused_as_unchanged(
    seen_on_sqlite: tuple[Site, Glass],
) -> None:
    site, glass = seen_on_sqlite
    await site.api.get(site.orders(ORDER))
    glass.instead(UPDATE, hang_up)
    sent = await send_async(site, ORDER, 11)
    set_on_screen(site, ORDER, 11)
    assert (await finished(site, sent))["state"] == "held"
    await say(site, await hold_of(site), "retry")
    found = await finished(site, sent)
    assert (found["state"], found["problem"]["code"], len(glass.of(UPDATE))) == ("refused", "status-unchanged", 1)
