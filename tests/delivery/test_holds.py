"""A refusal with two writes behind it: the hold, the words by which it ends, and what the vendor gets afterwards, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.delivery.bench import add_orders, body, codes, events, finished, operation
from tests.delivery.holding import ORDER, behind_a_refusal, hold, say
from tests.delivery.recording import READ, UPDATE, Glass
from tests.gateway import Site


@dataclass(frozen=True, kw_only=True)
class Word:
    """An action, and what the vendor has been told when the queue is empty again."""

    action: str
    codes: list[int]
    """Those that the vendor gave the order, oldest first: On Site, (Live refused), then what follows."""
    behind: str
    makes: dict[str, Any] | None = None
    """The write that takes the place of the refused one: as its caller sees it."""


WORDS = [
    Word(action="retry", codes=[11, 9, 10, 4], behind="applied", makes={"status": "in_progress"}),
    Word(action="replace", codes=[11, 12, 10, 4], behind="applied", makes={"status": "awaiting_materials"}),
    Word(action="skip", codes=[11, 10, 4], behind="applied"),
    Word(action="mark_applied", codes=[11, 10, 4], behind="applied"),
    Word(action="cancel", codes=[11], behind="cancelled"),
]


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.action)
async def test_after_each_word_the_vendor_gets_what_it_says_and_in_order(word: Word, seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10, 4)
    asked = len(glass.of(UPDATE))
    answer = await say(site, stopped.hold_id, word.action)
    assert answer.status_code == 200, answer.text
    closed = answer.json()
    assert (closed["state"], closed["resolution"], closed["actions"]) == ("resolved", word.action, [])
    assert (closed["reason"], closed["resolved_by"]) == ("looked at it in Cx", "tester")
    ends = [await finished(site, one) for one in stopped.behind]
    assert [one["state"] for one in ends] == [word.behind] * 2
    assert codes(site, ORDER) == word.codes
    assert len(glass.of(UPDATE)) - asked == len(word.codes) - 1
    refused = await operation(site, stopped.cause)
    assert (refused["state"], refused["problem"]["code"]) == ("refused", "vendor-refused")
    assert (closed["made_operation"] is None) == (word.makes is None)
    if word.makes is not None:
        made = await operation(site, closed["made_operation"])
        assert (made["state"], made["work_order"], made["attempts"]) == ("applied", ORDER, 1)
        assert made["result"]["status"] == word.makes["status"]
    assert (await hold(site, stopped.hold_id)) == closed
    order = (await site.api.get(site.orders(ORDER))).json()
    assert order["delivery"] == {"state": "settled", "pending": 0, "hold_id": None}


async def test_a_hold_tells_why_the_order_waits_and_what_can_be_done(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10, 4)
    answer = await site.api.get(f"/v1/holds/{stopped.hold_id}")
    found = answer.json()
    assert {**found, "opened_at": None, "detail": None} == {
        "hold_id": stopped.hold_id,
        "state": "open",
        "cause": "vendor-refused",
        "detail": None,
        "backend": site.backend,
        "work_order": ORDER,
        "operation_id": stopped.cause,
        "opened_at": None,
        "actions": ["retry", "skip", "replace", "mark_applied", "cancel"],
        "resolution": None,
        "reason": None,
        "evidence": None,
        "resolved_by": None,
        "resolved_at": None,
        "made_operation": None,
    }
    assert found["detail"].startswith("vendor-refused: ")
    assert answer.headers["etag"] == f'"{stopped.hold_id}.1"'
    waiting = [await operation(site, one) for one in stopped.behind]
    assert [(one["state"], one["blocked_by"], one["attempts"]) for one in waiting] == [
        ("queued", stopped.hold_id, 0)
    ] * 2
    order = (await site.api.get(site.orders(ORDER))).json()
    assert order["delivery"] == {"state": "held", "pending": 2, "hold_id": stopped.hold_id}


async def test_holds_are_listed_by_state_order_and_backend(seen_on_sqlite: tuple[Site, Glass]) -> None:
    site, glass = seen_on_sqlite
    first = await behind_a_refusal(site, glass, 10)
    assert (await say(site, first.hold_id, "skip")).status_code == 200
    await finished(site, first.behind[0])
    second = await behind_a_refusal(site, glass, 4)

    async def listed(**params: Any) -> list[str]:
        answer = await site.api.get("/v1/holds", params=params)
        assert answer.status_code == 200, answer.text
        return [one["hold_id"] for one in answer.json()["items"]]

    assert await listed() == [second.hold_id, first.hold_id]
    assert await listed(state="open") == [second.hold_id]
    assert await listed(state="resolved") == [first.hold_id]
    assert await listed(work_order="113428") == []
    assert await listed(backend=site.backend) == [second.hold_id, first.hold_id]
    assert await listed(backend="another") == []
    page = (await site.api.get("/v1/holds", params={"limit": 1})).json()
    assert [one["hold_id"] for one in page["items"]] == [second.hold_id]
    assert await listed(limit=1, cursor=page["next"]) == [first.hold_id]
    other = await site.api.get("/v1/holds", params={"limit": 1, "state": "open", "cursor": page["next"]})
    assert other.status_code == 400
    assert (await site.api.get("/v1/holds", params={"state": "held"})).status_code == 422


async def test_while_an_order_is_held_nothing_of_it_is_sent_however_long(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    await behind_a_refusal(site, glass, 10, 4)
    asked = len(glass.of(UPDATE))
    for code in (9, 10):
        answer = await site.update(ORDER, body(code), prefer="wait=1")
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    site.app.state.gateway.dispatcher.changed(site.backend)
    [another] = add_orders(site, 1)
    assert (await site.update(another, body(11))).status_code == 201
    assert (len(glass.of(UPDATE)) - asked, codes(site, ORDER)) == (1, [11])


async def test_while_an_order_is_held_every_status_may_be_sent_behind_it_and_none_is_certain(
    seen_on_sqlite: tuple[Site, Glass],
) -> None:
    site, glass = seen_on_sqlite
    await behind_a_refusal(site, glass, 11)
    rows = (await site.api.get(site.orders(ORDER) + "/transitions")).json()["items"]
    assert {(row["allowed"], row["certain"], row["blocked"]) for row in rows} == {(True, False, None)}
    for row in rows[:3]:
        answer = await site.update(ORDER, body(int(row["vendor_code"])), prefer="respond-async")
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")


async def test_the_order_is_read_once_before_anything_is_sent_after_a_release(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10, 4)
    before = len(glass.passed)
    await say(site, stopped.hold_id, "skip")
    await finished(site, stopped.behind[-1])
    assert [one.call for one in glass.passed[before:] if one.call in (READ, UPDATE)] == [READ, UPDATE, UPDATE]


async def test_a_word_is_an_event_with_who_said_it_and_why(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    await say(site, stopped.hold_id, "mark_applied", reason="  done by hand ", evidence="history of 20:41")
    await finished(site, stopped.behind[0])
    told = dict(await events(site, ORDER))["hold.closed"]
    assert told == {
        "hold_id": stopped.hold_id,
        "resolution": "mark_applied",
        "reason": "done by hand",
        "by": "tester",
        "evidence": "history of 20:41",
        "made_operation": None,
    }


async def test_what_a_cancel_ended_says_so_to_its_caller_and_the_order_takes_new_writes(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10, 4)
    assert (await say(site, stopped.hold_id, "cancel", reason="begun anew")).status_code == 200
    ends = [await operation(site, one) for one in stopped.behind]
    said = {"resolution": "cancel", "hold_id": stopped.hold_id, "reason": "begun anew"}
    assert [(one["state"], one["result"], one["blocked_by"]) for one in ends] == [("cancelled", said, None)] * 2
    assert (await site.update(ORDER, body(9))).status_code == 201
    assert codes(site, ORDER) == [11, 9]


async def test_a_retry_that_is_refused_once_more_opens_another_hold(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_a_refusal(site, glass, 10)
    site.fault("refuse", on="write")
    made = (await say(site, stopped.hold_id, "retry")).json()["made_operation"]
    assert (await finished(site, made))["state"] == "refused"
    [again, closed] = (await site.api.get("/v1/holds", params={"work_order": ORDER})).json()["items"]
    assert (closed["hold_id"], closed["state"]) == (stopped.hold_id, "resolved")
    assert (again["state"], again["operation_id"]) == ("open", made)
    assert (await operation(site, stopped.behind[0]))["blocked_by"] == again["hold_id"]
    assert (await say(site, again["hold_id"], "skip")).status_code == 200
    assert (await finished(site, stopped.behind[0]))["state"] == "applied"
    assert codes(site, ORDER) == [11, 10]
