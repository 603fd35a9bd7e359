"""The story of an order: applied, refused and held, lost and read back, cancelled by the client."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.events import TYPES, Event
from app.domain.statuses import StatusTable
from app.domain.timeline import KINDS, Entry, Place, Recorded, entry_json
from app.domain.times import SECOND
from app.ledger.absence import JUST_SEEN, not_shown
from app.vendors.nexusfs import VENDOR as NEXUSFS
from tests.api.routes.scene import new_orders
from tests.delivery.bench import AT, body, cancel_on_screen, delivery, finished, hurry, send_async, until
from tests.feed.test_events import settled
from tests.gateway import CX, Site, add_client, simulator, site


@pytest.fixture
async def made(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A gateway that polls each second and reads lost answers back soon."""
    vendor = hurry(monkeypatch)
    with simulator(CX) as url:
        async with site(vendor, url, database, tmp_path, **delivery(deadline_s=1), backend={"poll_s": 1}) as one:
            yield one


async def timeline(made: Site, number: str, **params: Any) -> dict[str, Any]:
    answer = await made.api.get(made.orders(number) + "/timeline", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told(made: Site, number: str, *names: str) -> list[tuple[Any, ...]]:
    """The order's story, of each entry its kind and these members."""
    return [tuple(one.get(name) for name in ("kind", *names)) for one in (await timeline(made, number))["items"]]


async def test_an_applied_update_is_told_from_its_request_to_its_answer(cx: Site) -> None:
    made = cx  # it polls once at its start, and not again
    await settled(made)
    [number] = new_orders(made, 1)
    await made.api.get(made.orders(number))
    answer = await made.update(number, body(11, comments="Engineer on site"), key="the-key-of-this-update")
    assert answer.status_code == 201
    change, request, attempt, ended, state = (await timeline(made, number))["items"]
    operation_id = answer.json()["operation_id"]
    assert (change["kind"], change["was"], change["now"]["status"], change["seq"]) == ("change", {}, "issued", 1)
    shown = {"status": "on_site", "vendor_status": {"code": "11", "label": "On Site", "master": "Work In Progress"}}
    assert request == {
        "at": answer.json()["received_at"],
        "kind": "request",
        "operation_id": operation_id,
        "operation_kind": "status_update",
        "client_id": "tester",
        "request_id": answer.headers["x-request-id"],
        "idempotency_key_sha256": hashlib.sha256(b"the-key-of-this-update").hexdigest(),
        "client_reference": None,
        "body": {"vendor_code": "11", "occurred_at": AT, "comments": "Engineer on site"},
        "replace": [],
        "if_match": [],
        "if_none_match": [],
        "occurred_at": AT,
        **shown,
    }
    assert (attempt["kind"], attempt["operation_id"], attempt["n"]) == ("attempt", operation_id, 1)
    assert attempt["at"] <= ended["at"] <= attempt["deadline_at"]
    assert {name: ended[name] for name in ("kind", "operation_id", "n", "outcome")} == {
        "kind": "answer",
        "operation_id": operation_id,
        "n": 1,
        "outcome": "applied",
    }
    assert state == {
        "at": answer.json()["applied_at"],
        "kind": "state",
        "seq": 2,
        "source": "delivery",
        "operation_id": operation_id,
        "state": "applied",
        "previous_state": "sending",
        "previous_status": {
            "status": "issued",
            "vendor_status": {"code": "3", "label": "Issued", "master": "Issued"},
        },
        **shown,
        "evidence": "vendor_accepted",
        "answer": {"status": 201, "body": answer.json()},
    }


async def test_a_refusal_its_hold_and_the_word_that_closed_it_are_told(made: Site) -> None:
    [number] = new_orders(made, 1)
    await made.api.get(made.orders(number))
    made.fault("latency", delay_s=0.4)
    made.fault("refuse")
    applied, refused, behind = [await send_async(made, number, code) for code in (11, 9, 11)]
    assert (await finished(made, refused))["state"] == "refused"
    [hold] = (await made.api.get("/v1/holds", params={"work_order": number})).json()["items"]
    word = {"action": "skip", "reason": "The client does not want it."}
    resolved = await made.api.post(
        f"/v1/holds/{hold['hold_id']}/resolution", json=word, headers={"Idempotency-Key": made.fresh_key()}
    )
    assert resolved.status_code == 200, resolved.text
    await finished(made, behind)
    entries = (await timeline(made, number, limit=200))["items"]
    answer = next(one for one in entries if one["kind"] == "answer" and one["operation_id"] == refused)
    assert (answer["outcome"], answer["vendor"]["message"]) == ("refused", "The request could not be completed.")
    story = [(one["kind"], one.get("state"), one["operation_id"]) for one in entries if one["operation_id"] == refused]
    assert story == [
        ("request", None, refused),
        ("attempt", None, refused),
        ("answer", None, refused),
        ("state", "refused", refused),
        ("hold_opened", None, refused),
        ("hold_closed", None, refused),
    ]
    opened, closed = (next(one for one in entries if one["kind"] == kind) for kind in ("hold_opened", "hold_closed"))
    assert (opened["hold_id"], opened["cause"]) == (hold["hold_id"], "vendor-refused")
    assert (closed["source"], closed["resolution"], closed["reason"]) == ("operator", "skip", word["reason"])
    assert "tester" in closed["by"]
    end = next(one for one in entries if one["kind"] == "state" and one["operation_id"] == refused)
    assert (end["problem"], end["answer"]["body"]["code"]) == ("vendor-refused", "vendor-refused")
    assert [one["operation_id"] for one in entries if one["kind"] == "request"] == [applied, refused, behind]
    assert [one["at"] for one in entries] == sorted(one["at"] for one in entries)


async def test_a_lost_answer_and_what_proved_it_are_told(made: Site) -> None:
    [number] = new_orders(made, 1)
    await made.api.get(made.orders(number))
    made.fault("lost_answer", on="write", order=number)
    sent = await send_async(made, number, 11)
    assert (await finished(made, sent))["state"] == "applied"
    story = await told(made, number, "state", "outcome", "evidence")
    assert story[1:4] == [
        ("request", None, None, None),
        ("attempt", None, None, None),
        ("answer", None, "unknown", None),
    ]
    assert story[4][:2] == ("state", "unknown")
    assert ("state", "applied", None, "read_back") in story


async def test_what_the_client_cancelled_is_told_with_what_it_was(made: Site) -> None:
    [number] = new_orders(made, 1)
    assert (await made.update(number, body(11))).status_code == 201
    cancel_on_screen(made, number)

    async def seen() -> bool:
        return [kind for (kind,) in await told(made, number)].count("change") == 2

    await until(seen, within_s=6)
    last = (await timeline(made, number))["items"][-1]
    assert (last["kind"], last["source"], last["operation_id"]) == ("change", "poll", None)
    assert (last["was"]["status"], last["now"]["status"]) == ("on_site", "cancelled")


async def test_an_order_that_the_vendor_shows_no_longer_is_told_with_what_was_seen_last(cx: Site) -> None:
    await settled(cx)
    [number] = new_orders(cx, 1)
    await cx.api.get(cx.orders(number))
    store = cx.app.state.gateway.store
    later = store.now() + JUST_SEEN + SECOND
    assert await store.write(not_shown(cx.backend, number, asked_at=later, now=later, ended=frozenset(), source="read"))
    seen, missed = (await timeline(cx, number))["items"]
    assert (missed["kind"], missed["seq"], missed["source"], missed["operation_id"]) == ("missing", 2, "read", None)
    assert (missed["status"], missed["vendor_status"]["code"]) == ("issued", seen["now"]["vendor_status"]["code"])
    assert missed["last_seen_at"]


@pytest.mark.parametrize("type_", TYPES)
def test_every_event_is_told_as_one_of_the_kinds(type_: str) -> None:
    event = Event(
        id=1,
        at=0,
        backend="field",
        work_order="7",
        seq=1,
        type=type_,
        source="poll",
        tenant=None,
        operation_id=None,
        data={},
    )
    entry = Entry(place=Place(at=0, rank=3, key="", n=1), what=Recorded(event=event, answer_status=None, answer=None))
    table = StatusTable(rows=NEXUSFS.statuses, workflow=NEXUSFS.workflow)
    assert entry_json(entry, table)["kind"] in KINDS


async def test_pages_tell_the_same_story_as_the_whole(cx: Site) -> None:
    made = cx
    await settled(made)
    [number] = new_orders(made, 1)
    for code in (11, 9, 11, 12):
        await made.update(number, body(code))
    whole = (await timeline(made, number, limit=200))["items"]
    assert len(whole) > 15
    for limit in (1, 3):
        paged: list[dict[str, Any]] = []
        page = await timeline(made, number, limit=limit)
        while True:
            paged += page["items"]
            if page["next"] is None:
                break
            page = await timeline(made, number, limit=limit, cursor=page["next"])
        assert paged == whole


async def test_another_tenant_reads_what_the_vendor_showed_and_nothing_of_our_writes(made: Site) -> None:
    [number] = new_orders(made, 1)
    answer = await made.update(number, body(11))
    neighbour = await add_client(made.app, "neighbour", tenant="neighbour", backends=frozenset({made.backend}))
    path = made.orders(number) + "/timeline"
    theirs = await neighbour.get(path)
    exported = await neighbour.get(path, params={"format": "evidence"})
    assert [one["kind"] for one in theirs.json()["items"]] == ["change"]
    assert answer.json()["operation_id"] not in theirs.text
    assert exported.status_code == 200
    cursor = (await timeline(made, number, limit=1))["next"]
    assert (await neighbour.get(path, params={"cursor": cursor})).status_code == 400
    await neighbour.aclose()


async def test_an_order_is_found_by_its_reference_and_read_if_it_is_not_known(made: Site) -> None:
    [number] = new_orders(made, 1)
    assert (await timeline(made, number))["items"] != []
    assert await timeline(made, f"WO{number}") == await timeline(made, number)
    missing = await made.api.get(made.orders("999999") + "/timeline")
    assert (missing.status_code, missing.json()["code"]) == (404, "work-order-not-found")
    odd = await made.api.get(made.orders(number) + "/timeline", params={"format": "pdf"})
    assert (odd.status_code, odd.json()["code"]) == (422, "invalid-request")
