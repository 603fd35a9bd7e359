"""Updates of one order reach the vendor in the order accepted, one at a time; orders never wait for each other."""

from __future__ import annotations

import time

import pytest

from app.vendors import meanings
from tests.delivery.bench import add_orders, codes, finished, leaves, operation, send_async
from tests.delivery.recording import READ, UPDATE, Glass
from tests.gateway import Site
from tests.vendors.loopback import hang, reply


async def test_twenty_updates_of_one_order_reach_the_vendor_in_the_order_accepted(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    wanted = [11, 9] * 10
    sent = [await send_async(site, "113427", code) for code in wanted]
    last = await finished(site, sent[-1])
    assert last["state"] == "applied"
    assert codes(site, "113427") == wanted
    assert len(glass.of(UPDATE)) == 20


async def test_updates_of_one_order_are_sent_one_at_a_time(seen_on_sqlite: tuple[Site, Glass]) -> None:
    site, _ = seen_on_sqlite
    site.fault("latency", count=3, delay_s=0.2)
    sent = [await send_async(site, "113427", code) for code in (11, 9, 11)]
    await finished(site, sent[-1])
    found = [await operation(site, one) for one in sent]
    assert [one["state"] for one in found] == ["applied"] * 3
    assert found[0]["finished_at"] < found[1]["finished_at"] < found[2]["finished_at"]
    assert codes(site, "113427") == [11, 9, 11]


async def test_other_orders_are_not_delayed_by_one_that_hangs(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    others = add_orders(site, 10)
    glass.instead(UPDATE, hang)
    stuck = await send_async(site, "113427", 11)
    began = time.monotonic()
    answers = [
        await site.update(number, {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"}) for number in others
    ]
    assert [answer.status_code for answer in answers] == [201] * 10
    assert time.monotonic() - began < 5
    assert (await leaves(site, stuck, "sending", "unknown", "verifying", "queued"))["state"] == "applied"
    assert codes(site, "113427") == [11]


async def test_other_orders_are_not_delayed_by_one_that_the_vendor_shows_unreadably(
    seen: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen
    monkeypatch.setattr(meanings, "AGAIN_S", 1)
    [unreadable] = add_orders(site, 1)
    health = site.app.state.gateway.backends[site.backend].health
    faulty = reply(200, DETAILS % b"<WorkOrderId>200000</WorkOrderId><WorkOrderUid>none</WorkOrderUid>")
    glass.instead(READ, faulty, faulty, faulty)  # when it is accepted, and before it is sent
    sent = await send_async(site, unreadable, 11)
    answer = await site.update("113427", {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"})
    assert (answer.status_code, health.paused) == (201, False)
    assert (await operation(site, sent))["state"] == "queued"
    assert (await finished(site, sent))["state"] == "applied"
    assert codes(site, unreadable) == [11]


DETAILS = b"""\
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<GetRepairWorkOrderDetailsResponse xmlns="urn:x"><GetRepairWorkOrderDetailsResult>
<IsValid>true</IsValid><WorkOrder>%s</WorkOrder>
</GetRepairWorkOrderDetailsResult></GetRepairWorkOrderDetailsResponse>
</s:Body></s:Envelope>"""
