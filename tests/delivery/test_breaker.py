"""A vendor whose calls fail too often rests as a whole; one order's failures, however many, stop nobody else."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.delivery import readback
from app.domain import health
from app.domain.errors import BackendUnavailable
from app.domain.health import Health
from app.domain.times import SECOND
from app.vendors.backends import Backend
from tests.delivery.bench import (
    Simulated,
    add_orders,
    codes,
    finished,
    leaves,
    operation,
    send_async,
    until,
)
from tests.delivery.recording import READ, UPDATE, Glass
from tests.gateway import Site
from tests.vendors.loopback import reply


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open breaker is tried again after two seconds."""
    monkeypatch.setattr(health, "OPEN_S", 2.0)


def backend_of(site: Site) -> Backend:
    found: Backend = site.app.state.gateway.backends[site.backend]
    return found


def open_up(site: Site, *, detail: str = "no answer") -> Health:
    """The breaker, open from now on."""
    opened, now = backend_of(site).health, site.app.state.gateway.clock()
    for _ in range(20):
        opened.failed(detail, now=now)
    assert opened.open
    return opened


async def test_a_vendor_that_fails_every_call_is_asked_by_one_at_a_time_and_nothing_is_lost(
    seen: tuple[Site, Glass], short: None
) -> None:
    site, glass = seen
    numbers = add_orders(site, 40)
    for on in ("write", "read"):
        site.fault("http_500", on=on, rate=1)
    sent = [await send_async(site, number, 11) for number in numbers]
    await until(lambda: backend_of(site).health.open)
    shown = (await site.api.get(f"/v1/backends/{site.backend}")).json()["health"]
    assert (shown["state"], shown["code"], shown["until"]) == ("paused", "backend-unavailable", None)
    assert "calls failed, the last one: " in shown["detail"]
    await asyncio.sleep(0.3)
    calls = len(glass.of(READ, UPDATE))
    await asyncio.sleep(3.2)
    assert len(glass.of(READ, UPDATE)) - calls <= 4, "one call at a time tries"
    waiting = [one for one in [await operation(site, of) for of in sent] if one["state"] == "queued"]
    assert {one["waiting_for"]["code"] for one in waiting} == {"backend-unavailable"}
    assert {one["waiting_for"]["next_try"] is None for one in waiting} == {False}
    assert [one["attempts"] for one in waiting].count(0) >= len(waiting) - 20
    assert {one["state"] for one in [await operation(site, of) for of in sent]} <= {"queued", "unknown", "verifying"}
    site.vendor.delete("/_sim/faults")
    for one in sent:
        assert (await finished(site, one, within_s=40))["state"] == "applied"
    assert [codes(site, number) for number in numbers] == [[11]] * 40


async def test_one_order_that_can_never_be_read_costs_little_and_stops_no_other(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stuck, *others = add_orders(site, 11)
    site.fault("http_500", on="read", order=stuck, rate=1)
    sent = await send_async(site, stuck, 11)
    began = time.monotonic()
    for number in others:
        assert (
            await site.update(number, {"vendor_code": "11", "occurred_at": "2026-11-20T20:40:00Z"})
        ).status_code == 201
        assert not backend_of(site).health.paused
    await until(lambda: time.monotonic() - began > 5)
    asked = [one for one in glass.of(READ) if stuck.encode() in one.request.body]
    assert len(asked) <= 5, "when it was accepted, and after 1, 2 and 4 s"
    waiting = await operation(site, sent)
    assert (waiting["state"], waiting["waiting_for"]["code"]) == ("queued", "backend-unavailable")
    assert waiting["waiting_for"]["detail"].startswith("Cx answered with the fault InternalServiceFault")
    site.vendor.delete("/_sim/faults")
    assert (await finished(site, sent, within_s=10))["state"] == "applied"


async def test_while_the_vendor_is_away_no_read_back_is_counted_against_an_update(
    seen: tuple[Site, Glass], vendor: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = seen
    monkeypatch.setattr(readback, "LATER_S", ())  # the first read-back that is counted as failed would have it held
    await site.api.get(site.orders("113427"))
    site.fault("lost_answer", on="write")
    sent = await send_async(site, "113427", 11)
    await leaves(site, sent, "queued", "sending")
    found = backend_of(site).health
    found.trouble(BackendUnavailable, "away", now=site.app.state.gateway.clock())
    vendor.stop()
    await asyncio.sleep(2.5)
    assert (await operation(site, sent))["state"] in ("unknown", "verifying")
    vendor.start()
    assert (await finished(site, sent, within_s=20))["state"] == "applied"
    assert codes(site, "113427") == [11]


async def test_what_a_vendor_asks_for_with_a_5xx_holds_for_every_order(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    other = add_orders(site, 1)[0]
    await site.api.get(site.orders("113427"))
    await site.api.get(site.orders(other))
    glass.instead(UPDATE, reply(503, b"", Retry_After="2"))
    lost = await send_async(site, "113427", 11)
    await until(lambda: backend_of(site).health.paused)
    asked = glass.of(UPDATE)[0].at
    behind = await site.update(other, {"vendor_code": "11", "occurred_at": "2026-11-20T20:40:00Z"}, prefer="wait=0")
    assert behind.json()["waiting_for"]["code"] == "backend-unavailable"
    for one in (lost, behind.json()["operation_id"]):
        assert (await finished(site, one))["state"] == "applied"
    _, *later = glass.passed[glass.passed.index(glass.of(UPDATE)[0]) :]
    assert min(one.at for one in later) - asked >= 2


async def test_while_it_is_open_a_caller_may_read_and_a_write_is_accepted_unread(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    unseen = add_orders(site, 1)[0]
    opened = open_up(site)
    reads = len(glass.of(READ))
    sent = await site.update(unseen, {"vendor_code": "11", "occurred_at": "2026-11-20T20:40:00Z"})
    assert (sent.status_code, sent.json()["state"], len(glass.of(READ)) - reads) == (202, "queued", 0)
    assert sent.json()["waiting_for"]["detail"] == opened.detail
    assert (await site.api.get(site.orders("113427"))).status_code == 200
    assert opened.open, "an answer to a read does not close it before its time"
    opened.next_try = site.app.state.gateway.clock()
    assert (await site.api.get(site.orders("113427"))).status_code == 200
    assert not opened.open
    assert (await finished(site, sent.json()["operation_id"]))["state"] == "applied"


async def test_reads_by_callers_that_fail_open_it_too(seen: tuple[Site, Glass]) -> None:
    site, _ = seen
    site.fault("http_500", on="read", rate=1)
    for number in add_orders(site, 20):
        assert (await site.api.get(site.orders(number))).status_code == 503
    assert backend_of(site).health.open
    assert backend_of(site).health.next_try > site.app.state.gateway.clock() + 10 * SECOND


async def test_the_same_read_however_often_it_fails_opens_nothing(seen: tuple[Site, Glass]) -> None:
    site, _ = seen
    site.fault("http_500", on="read", rate=1)
    for _ in range(30):
        assert (await site.api.get(site.orders("113427"))).status_code == 503
    assert not backend_of(site).health.paused
