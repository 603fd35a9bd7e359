"""GET /metrics: what it tells after real calls on both stores, from any gateway, and to whom."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics

from app.api import metrics
from app.api.metrics_families import FAMILIES, OF_THE_PROCESS, Whose
from app.domain.operations import FINAL, State
from app.domain.times import now_micros
from app.ledger.gauges import Gauges, look
from app.ledger.sql import Unit
from app.ledger.store import StoreUnavailable
from tests.delivery.bench import AT, behind_glass, delivery, send_async, until
from tests.delivery.holding import behind_a_refusal
from tests.delivery.recording import UPDATE
from tests.gateway import CX, Site, client_of, site
from tests.telemetry.scraping import Scrape, scraped, value
from tests.vendors.loopback import hang

ORDER = "113427"
CX_LABELS = {"backend": "civica-cx", "vendor": "civica_cx"}
ROUTE = "/v1/backends/{backend}/work-orders/{number}/status-updates"
BODY = {"vendor_code": "11", "occurred_at": AT}
TOKEN = "a-token-for-prometheus"


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FRESH_S", 0)


async def test_an_applied_update_is_seen_in_requests_calls_and_ends(cx: Site) -> None:
    assert (await cx.update(ORDER, BODY)).status_code == 201
    seen = await scraped(cx.api)
    assert value(seen, "orderbridge_http_requests_total", method="POST", route=ROUTE, status="201") == 1
    count = value(seen, "orderbridge_http_request_duration_seconds_count", method="POST", route=ROUTE)
    most = value(seen, "orderbridge_http_request_duration_seconds_bucket", method="POST", route=ROUTE, le="+Inf")
    assert (count, most) == (1, 1)
    assert value(seen, "orderbridge_vendor_calls_total", **CX_LABELS, call="send", outcome="applied") == 1
    assert value(seen, "orderbridge_vendor_call_duration_seconds_count", **CX_LABELS, call="send") == 1

    async def at_rest() -> bool:  # the first list may still be on its way
        return value(await scraped(cx.api), "orderbridge_vendor_calls_running", **CX_LABELS) == 0

    await until(at_rest)
    assert value(seen, "orderbridge_operations_finished_total", **CX_LABELS, state="applied") == 1
    assert value(seen, "orderbridge_ledger_up") == 1


async def test_every_backend_has_a_value_for_every_state_before_anything_happens(cx: Site) -> None:
    seen = await scraped(cx.api)
    for state in State:
        if state in FINAL:
            assert value(seen, "orderbridge_operations_finished_total", **CX_LABELS, state=state.value) == 0
        else:
            assert value(seen, "orderbridge_operations_open", **CX_LABELS, state=state.value) == 0
            assert value(seen, "orderbridge_operation_oldest_age_seconds", **CX_LABELS, state=state.value) == 0
    for cause in ("vendor-refused", "outcome-unknown", "side-effect", "contradiction"):
        assert value(seen, "orderbridge_holds_open", **CX_LABELS, cause=cause) == 0
    assert value(seen, "orderbridge_poll_interval_seconds", **CX_LABELS) == 3600


async def test_the_poll_lag_begins_when_the_first_round_is_over(cx: Site) -> None:
    first = value(await scraped(cx.api), "orderbridge_poll_lag_seconds", **CX_LABELS)
    assert first == math.inf or first < 60

    async def polled() -> bool:
        return value(await scraped(cx.api), "orderbridge_poll_lag_seconds", **CX_LABELS) < 60

    await until(polled)


async def test_a_refused_write_with_others_behind_it_is_a_hold(cx_url: str, database: str, tmp_path: Path) -> None:
    async with behind_glass(cx_url, database, tmp_path, **delivery()) as (made, pane):
        await behind_a_refusal(made, pane, 10, 11)
        seen = await scraped(made.api)
    assert value(seen, "orderbridge_holds_open", **CX_LABELS, cause="vendor-refused") == 1
    assert 0 < value(seen, "orderbridge_hold_oldest_age_seconds", **CX_LABELS) < 60
    assert value(seen, "orderbridge_operations_open", **CX_LABELS, state="queued") == 2
    assert value(seen, "orderbridge_operations_finished_total", **CX_LABELS, state="refused") == 1


async def test_a_vendor_that_is_away_is_paused_and_what_waits_grows_old(
    cx_url: str, database: str, tmp_path: Path
) -> None:
    section = {"url": "http://127.0.0.1:9"}  # nobody listens
    async with site(CX, cx_url, database, tmp_path, backend=section) as made:
        answer = await made.update(ORDER, BODY, prefer="wait=1")
        assert answer.status_code == 202, answer.text

        async def paused() -> bool:
            seen = await scraped(made.api)
            return value(seen, "orderbridge_backend_paused", **CX_LABELS, reason="unavailable") == 1

        await until(paused)
        seen = await scraped(made.api)
    assert value(seen, "orderbridge_operations_open", **CX_LABELS, state="queued") == 1
    assert 0 < value(seen, "orderbridge_operation_oldest_age_seconds", **CX_LABELS, state="queued") < 60
    assert value(seen, "orderbridge_backend_paused", **CX_LABELS, reason="breaker") == 0


async def test_two_gateways_on_one_database_tell_the_same_of_the_ledger(
    cx_url: str, postgres_database: str, tmp_path: Path
) -> None:
    """The vendor never answers, so what the first gateway sends stays in `sending`; the second one has done nothing."""
    async with (
        behind_glass(cx_url, postgres_database, tmp_path, **delivery()) as (one, pane),
        behind_glass(cx_url, postgres_database, tmp_path, **delivery()) as (two, _),
    ):
        assert (await one.api.get(one.orders(ORDER))).status_code == 200
        pane.instead(UPDATE, hang)
        await send_async(one, ORDER, 11)

        async def under_way() -> bool:
            return bool(pane.of(UPDATE))

        await until(under_way)
        first, second = await scraped(one.api), await scraped(two.api)
    for seen in (first, second):
        assert value(seen, "orderbridge_operations_open", **CX_LABELS, state="sending") == 1
        assert value(seen, "orderbridge_operation_oldest_age_seconds", **CX_LABELS, state="sending") > 0
    assert value(first, "orderbridge_vendor_calls_running", **CX_LABELS) >= 1
    assert _posts(second) == 0


def _posts(seen: Scrape) -> float:
    return sum(
        count
        for (name, labels), count in seen.items()
        if name.endswith("requests_total") and ("route", ROUTE) in labels
    )


class Away:
    """A database that does not answer."""

    async def read(self, unit: object) -> object:
        raise StoreUnavailable("gone")

    def now(self) -> int:
        return now_micros()


async def test_without_the_database_the_process_still_tells_what_it_counted(
    cx_url: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with site(CX, cx_url, sqlite_database, tmp_path) as made:
        assert (await made.update(ORDER, BODY)).status_code == 201
        made.app.state.metrics.store = Away()
        seen = await scraped(made.api)
    assert value(seen, "orderbridge_ledger_up") == 0
    assert value(seen, "orderbridge_operations_finished_total", **CX_LABELS, state="applied") == 1
    left_out = {family.name for family in FAMILIES if family.whose is Whose.ledger}
    assert {name for name, _ in seen} & left_out == set()


async def test_a_scrape_gets_the_format_that_it_asks_for(cx_on_sqlite: Site) -> None:
    plain = await cx_on_sqlite.api.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    asked = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"
    opened = await cx_on_sqlite.api.get("/metrics", headers={"Accept": asked})
    assert opened.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert opened.text.endswith("# EOF\n")
    names = {family.name for family in open_metrics(opened.text)}  # type: ignore[no-untyped-call]
    assert names >= {family.name for family in FAMILIES}
    head = await cx_on_sqlite.api.head("/metrics")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == plain.headers["content-type"]
    assert (await cx_on_sqlite.api.post("/metrics")).status_code == 405


async def test_a_scrape_needs_no_token_unless_one_is_configured(
    cx_url: str, sqlite_database: str, tmp_path: Path
) -> None:
    async with (
        site(CX, cx_url, sqlite_database, tmp_path, telemetry={"metrics_token": TOKEN}) as made,
        client_of(made.app) as stranger,
    ):
        answers = [
            await stranger.get("/metrics", headers={"Authorization": given})
            for given in ("", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", f"Bearer {TOKEN}")
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 200]
    assert answers[0].json()["code"] == "unauthenticated"


async def test_every_metric_of_the_table_is_told_and_no_other(cx_on_sqlite: Site) -> None:
    assert (await cx_on_sqlite.update(ORDER, BODY)).status_code == 201
    told = {name for name, _ in await scraped(cx_on_sqlite.api)}
    endings = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
    table = {family.name + ending for family in FAMILIES for ending in endings[family.kind]}
    assert told == table | set(OF_THE_PROCESS)


async def test_no_label_holds_what_a_caller_sent(cx_on_sqlite: Site) -> None:
    await cx_on_sqlite.api.get("/v1/backends/no-such-backend/work-orders/no-such-order")
    await cx_on_sqlite.api.get("/no/such/address")
    await cx_on_sqlite.update("no-such-order", BODY)
    text = (await cx_on_sqlite.api.get("/metrics")).text
    assert "no-such" not in text
    assert "no/such" not in text
    assert "tester" not in text
    assert ORDER not in text


async def test_scrapes_at_once_ask_the_database_once(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FRESH_S", 5)
    asked = 0

    def counted() -> Unit[Gauges]:
        nonlocal asked
        asked += 1
        return look()

    monkeypatch.setattr("app.api.metrics.look", counted)
    answers = await asyncio.gather(*[cx_on_sqlite.api.get("/metrics") for _ in range(10)])
    assert [answer.status_code for answer in answers] == [200] * 10
    assert asked == 1


async def test_metrics_are_not_in_the_contract(cx_on_sqlite: Site) -> None:
    contract: httpx.Response = await cx_on_sqlite.api.get("/openapi.json")
    assert "/metrics" not in contract.json()["paths"]
