"""`GET /v1/events`: in our names, each once, in order, and only what is the caller's to see."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from app.api.cursors import Cursors
from app.domain.clients import SCOPES
from app.domain.events import Event, event_json
from app.vendors.registry import VENDORS
from tests.delivery.bench import add_orders, body, cancel_on_screen, until
from tests.gateway import Site, add_client, simulator, site

ON_SITE = {"status": "on_site", "vendor_status": {"code": "11", "label": "On Site", "master": "Work In Progress"}}
ISSUED = {"status": "issued", "vendor_status": {"code": "3", "label": "Issued", "master": "Issued"}}


async def events(made: Site, **params: Any) -> dict[str, Any]:
    answer = await made.api.get("/v1/events", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def settled(made: Site) -> str:
    """Wait until the first list has been taken in; gives the end of the feed."""

    async def listed() -> bool:
        return len((await events(made, work_order="113434"))["items"]) > 0

    await until(listed)
    return str((await events(made, after="now"))["next"])


async def test_an_update_is_there_as_soon_as_it_is_answered(cx: Site) -> None:
    after = await settled(cx)
    [number] = add_orders(cx, 1)
    answer = await cx.update(number, body(11))
    assert answer.status_code == 201
    found = await events(cx, after=after, work_order=number)
    seen, applied = found["items"]
    assert (seen["type"], seen["operation_id"], seen["data"]["was"]) == ("work_order.changed", None, {})
    assert {name: seen["data"]["now"][name] for name in ISSUED} == ISSUED
    assert seen["data"]["now"]["late"] is False
    assert applied["data"] == {
        "previous_state": "sending",
        "previous_status": ISSUED,
        **ON_SITE,
        "evidence": "vendor_accepted",
    }
    assert {name: applied[name] for name in ("type", "source", "backend", "work_order", "operation_id", "seq")} == {
        "type": "operation.applied",
        "source": "delivery",
        "backend": cx.backend,
        "work_order": number,
        "operation_id": answer.json()["operation_id"],
        "seq": seen["seq"] + 1,
    }
    assert applied["at"].endswith("Z")
    assert applied["at"] == answer.json()["applied_at"]
    assert found["next"] == applied["cursor"] or (await events(cx, after=found["next"]))["items"] == []


async def test_what_a_user_of_the_vendors_own_screens_did_is_told_with_what_it_was(cx: Site) -> None:
    await settled(cx)
    [number] = add_orders(cx, 1)
    await cx.update(number, body(11))
    after = (await events(cx, after="now"))["next"]
    cancel_on_screen(cx, number)
    await cx.api.get(cx.orders(number))
    [change] = (await events(cx, after=after, work_order=number))["items"]
    assert (change["type"], change["source"]) == ("work_order.changed", "request")
    assert {name: change["data"]["was"][name] for name in ON_SITE} == ON_SITE
    assert change["data"]["now"]["status"] == "cancelled"
    assert change["data"]["was"].keys() == change["data"]["now"].keys()


async def test_pages_follow_each_other_and_the_last_page_has_a_cursor_too(cx: Site) -> None:
    await settled(cx)
    whole = await events(cx, limit=200)
    assert len(whole["items"]) > 5
    paged: list[dict[str, Any]] = []
    page = await events(cx, limit=2)
    while page["items"]:
        paged += page["items"]
        page = await events(cx, limit=2, after=page["next"])
    assert [(one["id"], one["cursor"]) for one in paged] == [(one["id"], one["cursor"]) for one in whole["items"]]
    assert (await events(cx, after=page["next"])) == {"items": [], "next": page["next"]}
    again = await events(cx, limit=200, after=whole["items"][2]["cursor"])
    assert again["items"] == whole["items"][3:]


async def test_the_list_takes_its_next_as_a_cursor_too(cx: Site) -> None:
    await settled(cx)
    begun = await events(cx, limit=1)
    onward = await events(cx, cursor=begun["next"])
    assert onward["items"] == (await events(cx, after=begun["next"]))["items"] != []
    both = await cx.api.get("/v1/events", params={"after": begun["next"], "cursor": begun["next"]})
    assert (both.status_code, both.json()["errors"][0]["pointer"]) == (422, "/query/cursor")
    odd = await cx.api.get("/v1/events", params={"cursor": "x"})
    assert (odd.status_code, odd.json()["errors"][0]["pointer"]) == (400, "/query/cursor")


async def test_a_filter_narrows_and_its_cursor_is_a_place_in_the_whole_feed(cx: Site) -> None:
    after = await settled(cx)
    numbers = add_orders(cx, 2)
    for number in numbers:
        assert (await cx.update(number, body(11))).status_code == 201
    applied = await events(cx, after=after, type="operation.applied")
    assert [one["work_order"] for one in applied["items"]] == numbers
    assert [one["work_order"] for one in (await events(cx, after=after, work_order=numbers[1]))["items"]] == [
        numbers[1]
    ] * 2
    assert (await events(cx, after=applied["next"]))["items"] == []
    assert (await events(cx, backend="another"))["items"] == []


async def test_another_tenant_sees_what_the_vendor_showed_and_nothing_of_our_writes(cx: Site) -> None:
    [number] = add_orders(cx, 1)
    answer = await cx.update(number, body(11))
    neighbour = await add_client(cx.app, "neighbour", tenant="neighbour", backends=frozenset({cx.backend}))
    stranger = await add_client(cx.app, "stranger", tenant="acme", backends=frozenset({"their-own"}))
    theirs = (await neighbour.get("/v1/events", params={"work_order": number})).json()["items"]
    assert [one["type"] for one in theirs] == ["work_order.changed"]
    assert answer.json()["operation_id"] not in (await neighbour.get("/v1/events", params={"limit": 200})).text
    assert (await stranger.get("/v1/events")).json()["items"] == []
    for api in (neighbour, stranger):
        await api.aclose()


async def test_a_status_that_another_tenant_set_is_no_event_but_shows_in_the_order_and_as_a_gap(cx: Site) -> None:
    await settled(cx)
    [number] = add_orders(cx, 1)
    neighbour = await add_client(cx.app, "follower", tenant="follower", backends=frozenset({cx.backend}))
    assert (await neighbour.get(cx.orders(number))).json()["status"] == "issued"
    assert (await cx.update(number, body(11))).status_code == 201
    assert (await neighbour.get(cx.orders(number))).json()["status"] == "on_site"
    cancel_on_screen(cx, number)
    assert (await neighbour.get(cx.orders(number))).json()["status"] == "cancelled"
    theirs = (await neighbour.get("/v1/events", params={"work_order": number})).json()["items"]
    story = (await neighbour.get(cx.orders(number) + "/timeline")).json()["items"]
    for found in (theirs, story):
        assert (found[0]["seq"], 2 in {one["seq"] for one in found}) == (1, False)
    told = [one["data"] for one in theirs if "status" in one["data"]["now"]]
    assert [one["now"]["status"] for one in told] == ["issued", "cancelled"]
    assert told[-1]["was"]["status"] == "on_site"
    [applied] = (await events(cx, work_order=number, type="operation.applied"))["items"]
    assert (applied["seq"], applied["data"]["status"]) == (2, "on_site")
    await neighbour.aclose()


@pytest.mark.parametrize("write", ["a PUT", "a status update whose answer was lost"])
async def test_a_status_that_another_tenant_set_is_an_event_where_a_read_is_the_first_to_show_it(
    write: str, sqlite_database: str, tmp_path: Path
) -> None:
    vendor = VENDORS["nexusfs"]
    with simulator(vendor) as url:
        async with site(vendor, url, sqlite_database, tmp_path) as nexus:
            [number] = add_orders(nexus, 1)
            neighbour = await add_client(nexus.app, "reader", tenant="reader", backends=frozenset({nexus.backend}))
            was = (await neighbour.get(nexus.orders(number))).json()
            if write == "a PUT":
                answer = await nexus.api.put(nexus.orders(number), json={**was, "status": "on_site"})
            else:
                nexus.fault("lost_answer", on="write", count=1)
                answer = await nexus.update(number, body(7), prefer="wait=25")
                assert answer.json()["evidence"] == "read_back"
            assert answer.status_code in (200, 201), answer.text
            theirs = (await neighbour.get("/v1/events", params={"work_order": number})).json()["items"]
            assert {one["type"] for one in theirs} == {"work_order.changed"}
            assert [one["data"]["now"]["status"] for one in theirs] == ["issued", "on_site"]
            exported = await neighbour.get(nexus.orders(number) + "/timeline", params={"format": "evidence"})
            payload = exported.json()["payload"]
            told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            assert [(one["kind"], one["now"]["status"]) for one in told["entries"]] == [
                ("change", "issued"),
                ("change", "on_site"),
            ]
            assert "only where a read of the order was the first to show it" in told["meaning"]["scope"]
            await neighbour.aclose()


async def test_a_cursor_is_good_for_its_own_client_alone(cx_on_sqlite: Site) -> None:
    cursor = await settled(cx_on_sqlite)
    other = await add_client(cx_on_sqlite.app, "other", tenant="acme", backends=frozenset({cx_on_sqlite.backend}))
    wrong = [cursor[:-2] + "AA", "x", "0", "latest", "a" * 1000]
    for answer in [
        await other.get("/v1/events", params={"after": cursor}),
        *[await cx_on_sqlite.api.get("/v1/events", params={"after": bad}) for bad in wrong],
    ]:
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
        assert answer.json()["errors"][0]["pointer"] == "/query/after"
    await other.aclose()


async def test_a_cursor_outlives_the_process_that_gave_it(cx_on_sqlite: Site) -> None:
    # It rests on the signing key alone: a process with the same key reads it.
    cursor = (await events(cx_on_sqlite, after="now"))["next"]
    again = Cursors(cx_on_sqlite.app.state.authority.keys.cursor_key)
    assert again.read(cursor, client_id="tester", route="events") == tuple(
        cx_on_sqlite.app.state.gateway.cursors.read(cursor, client_id="tester", route="events")
    )


@pytest.mark.parametrize("query", ["after=now&after=now", "type=a&type=b", "limit=0", "limit=201", "limit=x"])
async def test_an_odd_query_is_refused(cx_on_sqlite: Site, query: str) -> None:
    answer = await cx_on_sqlite.api.get(f"/v1/events?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/stream"])
async def test_the_feed_asks_for_its_scope(cx_on_sqlite: Site, path: str) -> None:
    without = await add_client(
        cx_on_sqlite.app,
        "deaf",
        tenant="acme",
        scopes=frozenset(SCOPES) - {"events:read"},
        backends=frozenset({cx_on_sqlite.backend}),
    )
    answer = await without.get(path)
    assert (answer.status_code, answer.json()["scope"]) == (403, "events:read")
    await without.aclose()


def test_what_every_client_may_see_does_not_tell_who_said_what() -> None:
    said = {"hold_id": "hold_1", "resolution": "skip", "by": "client of acme", "reason": "private", "evidence": None}
    event = Event(
        id=1, at=0, backend="b", work_order="1", seq=1, type="hold.closed", source="operator", tenant=None,
        operation_id=None, data=said,
    )  # fmt: skip
    assert event_json(event, None)["data"] == {"hold_id": "hold_1", "resolution": "skip"}


def test_a_code_of_a_backend_that_is_configured_no_more_keeps_its_raw_word() -> None:
    event = Event(
        id=1, at=0, backend="gone", work_order="1", seq=1, type="work_order.changed", source="poll", tenant=None,
        operation_id=None, data={"was": {"code": "3", "fields.title": "A"}, "now": {"code": None, "fields.title": "B"}},
    )  # fmt: skip
    assert event_json(event, None)["data"] == {
        "was": {"status": None, "vendor_status": {"code": "3", "label": None, "master": None}, "title": "A"},
        "now": {"status": None, "vendor_status": None, "title": "B"},
    }
