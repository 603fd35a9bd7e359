"""Reading work orders: the list and its pages, one order live or as last seen, and which statuses may come next."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.domain.json import JsonValue
from tests.api.routes.scene import (
    ENDED_ORDER,
    IN_TIME_ORDER,
    LATE_ORDER,
    ON_SITE,
    another_caller,
    new_order,
    new_orders,
    update,
)
from tests.gateway import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def pages(api: httpx.AsyncClient, path: str, **query: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    found: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while True:
        params = {**query, **({} if cursor is None else {"cursor": cursor})}
        answer = await api.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        cursor = answer.json()["next"]
        if cursor is None:
            return found


class TestOne:
    async def test_it_is_the_vendors_record_in_our_names(self, shared: Site) -> None:
        answer = await shared.api.get(shared.orders("113427"))
        body = answer.json()
        assert answer.status_code == 200
        assert body == {
            "backend": "civica-cx",
            "number": "113427",
            "external_reference": "WO113427",
            "description": "No power to kitchen sockets; ring main trips when reset",
            "notes": "Tenant is home after 15:00. Dog on the premises.",
            "type": "ELEC",
            "priority": "R3",
            "dates": {"raised": "2022-10-05T07:47:13Z", "target": "2049-12-31T17:00:00Z", "actual_end": None},
            "appointment": {"start": "2022-10-06T18:00:00Z", "end": "2022-10-06T20:00:00Z"},
            "location": {
                "number": "KES0014",
                "address": {
                    "line_1": "14 Kestrel Court",
                    "line_2": "Heron Road",
                    "line_3": "Westbury",
                    "line_4": "Riverside",
                    "postcode": "RV4 2QT",
                },
            },
            "extensions": body["extensions"],
            "status": "issued",
            "phase": "open",
            "vendor_status": {"code": "3", "label": "Issued", "master": "Issued"},
            "delivery": {"state": "settled", "pending": 0, "hold_id": None},
            "as_of": body["as_of"],
            "vendor_ids": body["vendor_ids"],
        }
        assert "0eb0a7b8-8e0d-45b4-bd73-d7ec9c9b5bc9" in body["vendor_ids"].values()

    async def test_its_reference_serves_as_well(self, shared: Site) -> None:
        by_number = await shared.api.get(shared.orders("113429"))
        by_reference = await shared.api.get(shared.orders("WO113429"))
        assert by_reference.json() | {"as_of": ""} == by_number.json() | {"as_of": ""}
        assert by_reference.headers["etag"] == by_number.headers["etag"]

    async def test_a_read_is_live(self, shared: Site) -> None:
        number = new_order(shared)
        before = (await shared.api.get(shared.orders(number))).json()
        shared.vendor.post(f"/_sim/orders/{number}/cancel", json={})
        after = (await shared.api.get(shared.orders(number))).json()
        assert (before["status"], after["status"], after["phase"]) == ("issued", "cancelled", "ended")
        assert after["as_of"] > before["as_of"]

    async def test_its_tag_stays_while_it_stays_and_changes_with_it(self, shared: Site) -> None:
        number = new_order(shared)
        tags = [(await shared.api.get(shared.orders(number))).headers["etag"] for _ in range(2)]
        await shared.update(number, ON_SITE)
        kept = await shared.api.get(shared.orders(number), headers={"Cache-Control": "max-stale=60"})
        changed = await shared.api.get(shared.orders(number))
        assert tags[0] == tags[1]
        assert (kept.json()["status"], changed.json()["status"]) == ("on_site", "on_site")
        assert tags[0] not in (kept.headers["etag"], changed.headers["etag"])
        assert tags[0].startswith('"')

    @pytest.mark.parametrize("written", ["{}", "W/{}", '"another", {}', "*"])
    async def test_what_is_unchanged_is_304_without_a_body(self, shared: Site, written: str) -> None:
        etag = (await shared.api.get(shared.orders("113430"))).headers["etag"]
        again = await shared.api.get(shared.orders("113430"), headers={"If-None-Match": written.format(etag)})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)

    async def test_a_tag_in_the_second_line_is_304_too(self, shared: Site) -> None:
        etag = (await shared.api.get(shared.orders("113430"))).headers["etag"]
        headers = [("If-None-Match", '"another"'), ("If-None-Match", etag)]
        assert (await shared.api.get(shared.orders("113430"), headers=headers)).status_code == 304

    @pytest.mark.parametrize("written", ['"another"', "", "another", '"a", "b"'])
    async def test_another_tag_brings_the_order(self, shared: Site, written: str) -> None:
        answer = await shared.api.get(shared.orders("113430"), headers={"If-None-Match": written})
        assert answer.status_code == 200

    async def test_max_stale_takes_the_last_copy(self, shared: Site) -> None:
        number = new_order(shared)
        first = (await shared.api.get(shared.orders(number), headers={"Cache-Control": "max-stale=60"})).json()
        shared.vendor.post(f"/_sim/orders/{number}/cancel", json={})
        any_age = (await shared.api.get(shared.orders(number), headers={"Cache-Control": "max-stale"})).json()
        young = (await shared.api.get(shared.orders(number), headers={"Cache-Control": "x, max-stale=60"})).json()
        too_old = (await shared.api.get(shared.orders(number), headers={"Cache-Control": "max-stale=0"})).json()
        assert first == any_age == young
        assert (first["status"], too_old["status"]) == ("issued", "cancelled")

    async def test_seen_again_as_it_was_it_is_as_fresh_in_the_last_copy_and_tells_nothing(self, shared: Site) -> None:
        number = new_order(shared)
        first = (await shared.api.get(shared.orders(number))).json()
        await asyncio.sleep(1.1)
        again = (await shared.api.get(shared.orders(number))).json()
        copies = []
        for wait_s in (0, 0.3):
            await asyncio.sleep(wait_s)
            copies.append((await shared.api.get(shared.orders(number), headers={"Cache-Control": "max-stale"})).json())
        told = (await shared.api.get(f"{shared.orders(number)}/timeline")).json()["items"]
        assert copies == [again, again]
        assert again == first | {"as_of": again["as_of"]}
        assert again["as_of"] > first["as_of"]
        assert len(told) == 1

    async def test_an_accepted_update_is_seen_as_pending(self, shared: Site) -> None:
        number = new_order(shared)
        shared.fault("latency", order=number, delay_s=0.5)
        await shared.update(number, ON_SITE, prefer="respond-async")
        body = (await shared.api.get(shared.orders(number))).json()
        assert (body["status"], body["delivery"]) == ("issued", {"state": "pending", "pending": 1, "hold_id": None})
        while (await shared.api.get(shared.orders(number))).json()["delivery"]["pending"]:
            await asyncio.sleep(0.05)  # it is done before another test pages through a list that it would change


class TestList:
    async def test_pages_lead_to_the_end_without_a_gap_or_a_repeat(self, shared: Site) -> None:
        for number in new_orders(shared, 5):
            await shared.api.get(shared.orders(number))
        whole = (await pages(shared.api, shared.orders(), limit=200))[0]
        for limit in (1, 2, 3):
            found = await pages(shared.api, shared.orders(), limit=limit)
            assert [order["number"] for page in found for order in page] == [order["number"] for order in whole]
            assert all(len(page) == limit for page in found[:-1])

    async def test_an_order_that_changes_between_two_pages_comes_again_at_the_end(self, shared: Site) -> None:
        new = new_orders(shared, 3)
        for number in new:
            await shared.api.get(shared.orders(number))
        whole = (await pages(shared.api, shared.orders(), limit=200))[0]
        moved = next(order["number"] for order in whole if order["number"] in new)
        upto = next(at for at, order in enumerate(whole, start=1) if order["number"] == moved)
        first = (await shared.api.get(shared.orders(), params={"limit": upto})).json()
        answer = await shared.update(moved, update(status="on_hold") | {"late_reason": "parts_delay"})
        rest = await pages(shared.api, shared.orders(), limit=200, cursor=first["next"])
        numbers = [order["number"] for order in rest[0]]
        assert len(numbers) == len(set(numbers))
        assert (numbers[-1] == moved) == (answer.status_code == 201)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"status": "cancelled"}, {"cancelled"}),
            ({"status": "on_hold"}, {"on_hold"}),
            ({"phase": "ended"}, {"cancelled"}),
            ({"phase": "complete"}, {"complete"}),
            ({"status": "issued", "phase": "complete"}, set()),
            ({"status": "rejected"}, set()),
        ],
    )
    async def test_it_is_narrowed_by_status_and_phase(
        self, shared: Site, query: dict[str, str], expected: set[str]
    ) -> None:
        for number in ("113429", "113430", ENDED_ORDER):
            await shared.api.get(shared.orders(number))
        items = (await shared.api.get(shared.orders(), params={**query, "limit": 200})).json()["items"]
        assert {order["status"] for order in items} == expected

    async def test_it_is_narrowed_to_what_changed_since(self, shared: Site) -> None:
        await shared.api.get(shared.orders("113427"))
        since = datetime.now(UTC)
        number = new_order(shared)
        await shared.api.get(shared.orders(number))
        zones = [since, since.astimezone(tz=None)]
        for moment in zones:
            found = await shared.api.get(shared.orders(), params={"updated_since": moment.isoformat()})
            assert number in {order["number"] for order in found.json()["items"]}
            assert "113427" not in {order["number"] for order in found.json()["items"]}
        later = (since + timedelta(days=1)).isoformat()
        assert (await shared.api.get(shared.orders(), params={"updated_since": later})).json()["items"] == []

    async def test_a_cursor_is_good_for_its_list_and_its_client_only(self, shared: Site) -> None:
        await asyncio.gather(*[shared.api.get(shared.orders(number)) for number in ("113427", "113429")])
        cursor = (await shared.api.get(shared.orders(), params={"limit": 1})).json()["next"]
        flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
        async with another_caller(shared, "cursor-thief") as thief:
            refused = [
                await shared.api.get(shared.orders(), params={"cursor": flipped}),
                await shared.api.get(shared.orders(), params={"cursor": cursor, "status": "issued"}),
                await shared.api.get("/v1/operations", params={"cursor": cursor}),
                await thief.get(shared.orders(), params={"cursor": cursor}),
            ]
        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
            assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/query/cursor"]


class TestTransitions:
    async def test_each_status_in_effect_is_listed_with_a_verdict(self, shared: Site) -> None:
        number = new_order(shared)
        body = (await shared.api.get(shared.orders(number) + "/transitions")).json()
        rows = {row["vendor_code"]: row for row in body["items"]}
        assert (body["work_order"], body["next"]) == (number, None)
        assert body["current"] == {
            "status": "issued",
            "vendor_code": "3",
            "operation_id": None,
            "since": "2022-10-05T08:00:00Z",
            "source": "vendor",
        }
        assert rows.keys() == {str(code) for code in (*range(1, 20), 23)}
        assert rows["11"] == {
            "status": "on_site",
            "vendor_code": "11",
            "label": "On Site",
            "master": "Work In Progress",
            "allowed": True,
            "certain": True,
            "basis": "documented",
            "requires": [],
            "blocked": None,
        }
        assert (rows["3"]["allowed"], rows["3"]["blocked"]["code"]) == (False, "status-unchanged")
        assert (rows["19"]["allowed"], rows["19"]["blocked"]["code"]) == (False, "transition-not-allowed")

    async def test_it_counts_from_where_accepted_updates_will_leave_the_order(self, shared: Site) -> None:
        number = new_order(shared)
        await shared.api.get(shared.orders(number))
        shared.fault("latency", order=number, delay_s=0.5)
        sent = (await shared.update(number, ON_SITE, prefer="respond-async")).json()
        body = (await shared.api.get(shared.orders(number) + "/transitions")).json()
        rows = {row["vendor_code"]: row for row in body["items"]}
        assert (body["current"]["status"], body["current"]["operation_id"]) == ("on_site", sent["operation_id"])
        assert rows["11"]["blocked"]["code"] == "status-unchanged"
        assert (rows["12"]["allowed"], rows["12"]["certain"], rows["12"]["basis"]) == (True, False, "assumed")

    async def test_a_late_order_requires_a_late_reason(self, shared: Site) -> None:
        body = (await shared.api.get(shared.orders(LATE_ORDER) + "/transitions")).json()
        required = {tuple(row["requires"]) for row in body["items"] if row["allowed"]}
        assert required == {("late_reason",)}
        assert {tuple(row["requires"]) for row in body["items"] if not row["allowed"]} == {()}

    async def test_an_order_that_was_completed_in_time_requires_none(self, shared: Site) -> None:
        body = (await shared.api.get(shared.orders(IN_TIME_ORDER) + "/transitions")).json()
        assert [(row["status"], row["requires"]) for row in body["items"] if row["allowed"]] == [("closed", [])]

    async def test_an_ended_order_takes_nothing(self, shared: Site) -> None:
        body = (await shared.api.get(shared.orders(ENDED_ORDER) + "/transitions")).json()
        assert {(row["allowed"], row["certain"]) for row in body["items"]} == {(False, True)}
        own = body["current"]["vendor_code"]
        told = {row["vendor_code"]: row["blocked"]["code"] for row in body["items"]}
        assert told.pop(own) == "status-unchanged"
        assert set(told.values()) == {"order-ended"}

    async def test_what_it_allows_is_taken_and_what_it_forbids_for_certain_is_refused(self, shared: Site) -> None:
        rows = (await shared.api.get(shared.orders(new_order(shared)) + "/transitions")).json()["items"]
        for row in rows:
            if row["certain"]:
                answer = await shared.update(new_order(shared), update(status=None, vendor_code=row["vendor_code"]))
                assert (answer.status_code == 201) is row["allowed"], row
                if not row["allowed"]:
                    assert answer.json()["code"] == row["blocked"]["code"]


class TestBackends:
    async def test_a_backend_tells_what_it_can_do(self, shared: Site) -> None:
        backend = {
            "backend": "civica-cx",
            "title": "Riverside Homes (simulated)",
            "vendor": "civica_cx",
            "capabilities": ["list", "read", "status_update"],
            "writable_fields": [],
            "replaceable_fields": [],
            "delete_effect": None,
            "health": {
                "state": "ok",
                "code": None,
                "detail": None,
                "since": None,
                "next_try": None,
                "until": None,
                "next_window": None,
            },
        }
        assert (await shared.api.get("/v1/backends")).json() == {"items": [backend], "next": None}
        assert (await shared.api.get("/v1/backends/civica-cx")).json() == backend

    async def test_statuses_are_the_clients_table(self, shared: Site) -> None:
        rows = {
            row["vendor_code"]: row for row in (await shared.api.get("/v1/backends/civica-cx/statuses")).json()["items"]
        }
        assert len(rows) == 22
        assert "22" not in rows
        assert rows["20"] == {
            "status": "on_site",
            "vendor_code": "20",
            "label": "Attending",
            "master": "Work In Progress",
            "phase": "in_progress",
            "effective_from": "2015-01-01T00:00:00Z",
            "effective_to": rows["20"]["effective_to"],
            "default": False,
            "settable": True,
            "terminal": False,
            "basis": rows["20"]["basis"],
        }
        assert {code for code, row in rows.items() if row["terminal"]} == {"18", "19"}

    async def test_reasons_are_the_configured_words(self, shared: Site) -> None:
        assert (await shared.api.get("/v1/backends/civica-cx/reasons")).json() == {
            "items": [
                {"kind": "reason_code", "code": "weather", "vendor_code": "12"},
                {"kind": "reason_code", "code": "no_parts", "vendor_code": "13"},
                {"kind": "late_reason", "code": "parts_delay", "vendor_code": "31"},
                {"kind": "late_reason", "code": "access_refused", "vendor_code": "32"},
            ],
            "next": None,
        }

    @pytest.mark.parametrize("table", ["statuses", "reasons", "work-orders/{number}/transitions"])
    async def test_a_table_is_read_in_pages(self, shared: Site, table: str) -> None:
        path = f"/v1/backends/civica-cx/{table}".format(number=LATE_ORDER)
        whole = (await shared.api.get(path)).json()
        found: list[JsonValue] = []
        page = {"next": ""}
        while page["next"] is not None:
            onward = {"cursor": page["next"]} if page["next"] else {}
            page = (await shared.api.get(path, params={"limit": 3, **onward})).json()
            assert 0 < len(page["items"]) <= 3
            found += page["items"]
        assert (found, whole["next"]) == (whole["items"], None)

    async def test_a_table_takes_no_cursor_of_another(self, shared: Site) -> None:
        page = (await shared.api.get("/v1/backends/civica-cx/statuses", params={"limit": 1})).json()
        for path in ("/v1/backends", "/v1/backends/civica-cx/reasons"):
            answer = await shared.api.get(path, params={"cursor": page["next"]})
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")

    async def test_only_granted_backends_are_listed(self, shared: Site) -> None:
        async with another_caller(shared, "elsewhere-only", backend="elsewhere") as elsewhere:
            assert (await elsewhere.get("/v1/backends")).json() == {"items": [], "next": None}


class TestHistory:
    async def test_it_tells_what_became_of_each_update_the_newest_first(self, shared: Site) -> None:
        number = new_order(shared)
        applied = (await shared.update(number, update(comments="here", client_reference=f"h-{number}"))).json()
        shared.fault("refuse", order=number)
        refused = (await shared.update(number, update(status="complete", reason_code="weather"))).json()
        shared.fault("latency", order=number, delay_s=0.5)
        pending = (await shared.update(number, update(status="on_hold"), prefer="respond-async")).json()
        items = (await shared.api.get(shared.orders(number) + "/status-updates")).json()["items"]
        assert [item["operation_id"] for item in items] == [
            each["operation_id"] for each in (pending, refused, applied)
        ]
        assert [item["state"] for item in items] == [items[0]["state"], "refused", "applied"]
        assert items[2] == {
            **applied,
            "comments": "here",
            "reason_code": None,
            "late_reason": None,
            "client_reference": f"h-{number}",
            "problem": None,
        }
        assert (items[1]["problem"], items[1]["reason_code"], items[1]["applied_at"]) == (refused, "weather", None)
        assert (items[0]["problem"], items[0]["evidence"]) == (None, None)

    async def test_its_pages_lead_to_the_end(self, shared: Site) -> None:
        number = new_order(shared)
        for status in ("on_site", "delayed", "no_access", "on_site", "complete"):
            assert (await shared.update(number, update(status=status))).status_code == 201
        path = shared.orders(number) + "/status-updates"
        found = await pages(shared.api, path, limit=2)
        assert [[item["status"] for item in page] for page in found] == [
            ["complete", "on_site"],
            ["no_access", "delayed"],
            ["on_site"],
        ]
        by_reference = await pages(shared.api, shared.orders(f"WO{number}") + "/status-updates", limit=2)
        assert by_reference == found

    async def test_another_tenants_updates_are_not_in_it(self, shared: Site) -> None:
        number = new_order(shared)
        await shared.update(number, ON_SITE)
        async with another_caller(shared, "onlooker", tenant="onlooker") as onlooker:
            assert (await onlooker.get(shared.orders(number) + "/status-updates")).json()["items"] == []


class TestOperations:
    async def test_one_is_shown_whole(self, shared: Site) -> None:
        number = new_order(shared)
        receipt = (await shared.update(number, ON_SITE)).json()
        body = (await shared.api.get(f"/v1/operations/{receipt['operation_id']}")).json()
        assert body == {
            "operation_id": receipt["operation_id"],
            "kind": "status_update",
            "state": "applied",
            "backend": "civica-cx",
            "work_order": number,
            "client_reference": None,
            "accepted_at": receipt["received_at"],
            "finished_at": receipt["applied_at"],
            "attempts": 1,
            "blocked_by": None,
            "waiting_for": None,
            "problem": None,
            "result": receipt,
        }

    async def test_an_open_one_says_when_to_look_again(self, shared: Site) -> None:
        number = new_order(shared)
        shared.fault("latency", order=number, delay_s=0.4)
        accepted = await shared.update(number, ON_SITE, prefer="wait=0")
        answer = await shared.api.get(accepted.headers["location"])
        assert (answer.json()["state"], answer.headers["retry-after"]) == ("sending", "2")

    async def test_they_are_narrowed_and_paged(self, shared: Site) -> None:
        numbers = new_orders(shared, 3)
        for number in numbers:
            await shared.update(number, ON_SITE)
        shared.fault("refuse", order=numbers[0])
        refused = (await shared.update(numbers[0], update(status="complete"))).json()
        of_order = await pages(shared.api, "/v1/operations", work_order=numbers[0], limit=1)
        assert [[one["state"] for one in page] for page in of_order] == [["refused"], ["applied"]]
        narrowed = {"work_order": numbers[0], "state": "refused", "backend": "civica-cx"}
        found = (await shared.api.get("/v1/operations", params=narrowed)).json()["items"]
        assert [(one["operation_id"], one["problem"]) for one in found] == [(refused["operation_id"], refused)]
        every = [one["operation_id"] for page in await pages(shared.api, "/v1/operations", limit=7) for one in page]
        assert every == sorted(every, reverse=True)
        assert len(set(every)) == len(every)
        elsewhere = await shared.api.get("/v1/operations", params={"backend": "elsewhere"})
        assert elsewhere.json() == {"items": [], "next": None}


class TestPreview:
    async def test_it_shows_the_request_and_sends_nothing(self, shared: Site) -> None:
        number = new_order(shared)
        asked = {"kind": "status_update", "work_order": number, "body": update(comments="Gas & water")}
        answer = await shared.api.post("/v1/backends/civica-cx/preview", json=asked)
        assert answer.status_code == 200
        sent = answer.json()["requests"][-1]
        assert sent["method"] == "POST"
        assert "<" in sent["body"]
        assert "Gas &amp; water" in sent["body"]
        assert "sandbox-secret" not in answer.text
        assert shared.effects(number) == []
        assert (await shared.api.get(shared.orders(number) + "/status-updates")).json()["items"] == []

    @pytest.mark.parametrize(
        ("asked", "status", "code", "pointers"),
        [
            ({"kind": "patch", "work_order": "113427", "body": {}}, 422, "capability-missing", []),
            ({"kind": "paint", "work_order": "113427", "body": {}}, 422, "invalid-request", ["/kind"]),
            ({"kind": "status_update", "body": ON_SITE}, 422, "invalid-request", ["/work_order"]),
            ({"kind": "status_update", "work_order": "113427"}, 422, "invalid-request", ["/body/occurred_at"]),
            (
                {"kind": "status_update", "work_order": "113427", "body": {"status": "on_site"}},
                422,
                "invalid-request",
                ["/body/occurred_at"],
            ),
            (
                {"kind": "status_update", "work_order": "113427", "body": {**ON_SITE, "tenant": "x"}},
                422,
                "invalid-request",
                ["/body/tenant"],
            ),
            (
                {"kind": "status_update", "work_order": "113427", "body": update(status="scheduled")},
                422,
                "status-unknown",
                ["/body/status"],
            ),
            ({"kind": "status_update", "work_order": "999999", "body": ON_SITE}, 404, "work-order-not-found", []),
        ],
    )
    async def test_it_refuses_as_the_write_would(
        self, shared: Site, asked: dict[str, Any], status: int, code: str, pointers: list[str]
    ) -> None:
        answer = await shared.api.post("/v1/backends/civica-cx/preview", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert [fault["pointer"] for fault in answer.json().get("errors", [])] == pointers
