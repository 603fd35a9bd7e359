"""While the vendor cannot be asked: reads say so, writes are kept, and nothing answers with a fault of ours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.routes.contract import Watch
from tests.api.routes.scene import ON_SITE, UNSEEN_ORDER, final, new_order
from tests.gateway import CX, Site, site

READS = ["", "/transitions", "/status-updates"]


@pytest.fixture
async def locked_out(cx_url: str, sqlite_database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway with a wrong password for the vendor."""
    async with site(CX, cx_url, sqlite_database, tmp_path, backend={"password": "wrong"}) as made:
        Watch(made.app).on(made.api)
        yield made


@pytest.fixture
async def hasty(cx_url: str, sqlite_database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway that gives the vendor half a second."""
    delivery = {"wait_s": 2, "deadline_s": 0.5, "fresh_s": 30}
    async with site(CX, cx_url, sqlite_database, tmp_path, delivery=delivery) as made:
        Watch(made.app).on(made.api)
        yield made


async def known(site: Site, number: str) -> None:
    """The order has been seen, and the status tables are there."""
    assert (await site.api.get(site.orders(number))).status_code == 200


@pytest.mark.parametrize("kind", ["html", "reset", "http_500", "truncate"])
async def test_a_vendor_that_does_not_answer_sensibly_is_503_with_retry_after(cx_on_sqlite: Site, kind: str) -> None:
    await known(cx_on_sqlite, "113427")
    cx_on_sqlite.fault(kind, on="read", order="113427")
    answer = await cx_on_sqlite.api.get(cx_on_sqlite.orders("113427"))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "backend-unavailable")
    assert (problem["backend"], problem["retryable"], problem["next"]["action"]) == ("civica-cx", True, "retry")
    assert int(answer.headers["retry-after"]) > 0
    assert (await cx_on_sqlite.api.get(cx_on_sqlite.orders("113427"))).status_code == 200


async def test_a_vendor_that_does_not_answer_in_time_is_504(hasty: Site) -> None:
    await known(hasty, "113427")
    hasty.fault("hang", on="read", order="113427", delay_s=2)
    answer = await hasty.api.get(hasty.orders("113427"))
    assert (answer.status_code, answer.json()["code"]) == (504, "backend-timeout")
    assert answer.json()["backend"] == "civica-cx"


@pytest.mark.parametrize("path", READS)
async def test_a_refused_login_is_502_and_an_operators_business(locked_out: Site, path: str) -> None:
    answer = await locked_out.api.get(locked_out.orders("113427") + path)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (502, "backend-misconfigured")
    assert (problem["retryable"], problem["next"]["action"]) == (False, "contact_operator")
    assert "sandbox" not in answer.text
    assert "wrong" not in answer.text


async def test_what_is_known_is_still_told_while_the_vendor_is_away(cx_on_sqlite: Site) -> None:
    site = cx_on_sqlite
    await known(site, "113427")
    site.vendor.post("/_sim/faults", json={"kind": "reset", "on": "read", "rate": 1})
    orders = site.orders("113427")
    assert (await site.api.get(orders)).status_code == 503
    assert (await site.api.get(orders, headers={"Cache-Control": "max-stale=60"})).status_code == 200
    assert (await site.api.get(orders + "/transitions")).status_code == 200
    assert (await site.api.get(orders + "/status-updates")).json() == {"items": [], "next": None}
    assert (await site.api.get(site.orders())).status_code == 200


@pytest.mark.parametrize(("prefer", "within_s"), [("respond-async", 1), ("wait=0", 1), ("wait=2", 2)])
async def test_an_order_that_nobody_has_seen_is_accepted_unread_once_the_callers_time_is_over(
    cx_on_sqlite: Site, prefer: str, within_s: float
) -> None:
    number = new_order(cx_on_sqlite)
    cx_on_sqlite.fault("hang", on="read", order=number, delay_s=8)
    began = time.monotonic()
    answer = await cx_on_sqlite.update(number, ON_SITE, prefer=prefer)
    assert within_s <= time.monotonic() - began < 7
    assert answer.status_code == 202
    assert answer.json()["state"] in ("queued", "sending")
    assert answer.headers["preference-applied"] == prefer


async def test_an_order_that_only_its_reference_names_is_accepted_once_the_vendor_has_told_its_number(
    cx_on_sqlite: Site,
) -> None:
    number = new_order(cx_on_sqlite)
    cx_on_sqlite.fault("latency", on="read", delay_s=2)
    answer = await cx_on_sqlite.update(f"WO{number}", ON_SITE, prefer="respond-async")
    assert (answer.status_code, answer.json()["work_order"]) == (202, number)


@pytest.mark.parametrize("path", READS)
async def test_an_order_that_the_vendor_does_not_show_is_not_found(cx: Site, path: str) -> None:
    answer = await cx.api.get(cx.orders(UNSEEN_ORDER) + path)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["backend"]) == (404, "work-order-not-found", "civica-cx")
    assert (problem["retryable"], problem["next"]["action"]) == (False, "fix_request")


async def test_an_update_is_kept_while_the_vendor_is_away_and_delivered_when_it_is_back(cx: Site) -> None:
    await known(cx, "113427")
    cx.vendor.post("/_sim/settings", json={})
    cx.fault("token_expired", on="write")
    cx.fault("html", on="login", count=2)
    answer = await cx.update("113427", ON_SITE, prefer="wait=0")
    assert answer.status_code == 202
    assert (await final(cx, answer.json()["operation_id"]))["state"] == "applied"
    assert len(cx.effects("113427")) == 1


async def test_a_lost_answer_is_202_until_the_read_back(cx_on_sqlite: Site) -> None:
    await known(cx_on_sqlite, "113427")
    cx_on_sqlite.fault("lost_answer", on="write")
    answer = await cx_on_sqlite.update("113427", ON_SITE, prefer="wait=1")
    assert (answer.status_code, answer.json()["state"]) == (202, "unknown")
    assert int(answer.headers["retry-after"]) == 5
    behind = await cx_on_sqlite.update("113427", {**ON_SITE, "status": "complete"}, prefer="wait=0")
    assert (behind.status_code, behind.json()["blocked_by"]) == (202, answer.json()["operation_id"])


async def test_a_backend_that_refuses_our_login_keeps_updates_and_says_what_they_wait_for(locked_out: Site) -> None:
    answer = await locked_out.update("113427", ON_SITE)
    body = answer.json()
    assert (answer.status_code, body["state"], body["waiting_for"]["code"]) == (202, "queued", "backend-misconfigured")
    assert int(answer.headers["retry-after"]) > 1
    health = (await locked_out.api.get("/v1/backends/civica-cx")).json()["health"]
    assert (health["state"], health["code"]) == ("paused", "backend-misconfigured")
    listed = (await locked_out.api.get("/v1/operations", params={"state": "queued"})).json()["items"]
    assert [(one["operation_id"], one["waiting_for"]["code"]) for one in listed] == [
        (body["operation_id"], "backend-misconfigured")
    ]


async def test_an_order_known_only_by_its_reference_is_not_accepted_blindly(locked_out: Site) -> None:
    answer = await locked_out.update("WO113427", ON_SITE)
    assert (answer.status_code, answer.json()["code"]) == (502, "backend-misconfigured")
    assert (await locked_out.api.get("/v1/operations")).json()["items"] == []
