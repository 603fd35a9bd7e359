"""What we refuse ourselves, and what we leave to the vendor: fresh and stale observations, our own writes, projected states."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.delivery.bench import (
    Simulated,
    behind_glass,
    body,
    cancel_on_screen,
    codes,
    delivery,
    finished,
    hurry,
    operation,
    send_async,
    set_on_screen,
    until,
)
from tests.delivery.recording import READ, UPDATE, Glass
from tests.gateway import CX, Site, site
from tests.vendors.loopback import reply


async def test_a_fresh_observation_refuses_without_a_read(seen: tuple[Site, Glass]) -> None:
    made, glass = seen
    await made.api.get(made.orders("113427"))
    reads = len(glass.of(READ))
    refused = await made.update("113427", body(3))
    assert (refused.status_code, refused.json()["code"], refused.json()["outcome"]) == (
        409,
        "status-unchanged",
        "not_sent",
    )
    assert (len(glass.of(READ)), glass.of(UPDATE)) == (reads, [])


async def test_a_stale_observation_does_not_refuse_what_the_order_allows_by_now(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, database, tmp_path, **delivery(fresh_s=0)) as (made, glass):
        await made.api.get(made.orders("113427"))
        set_on_screen(made, "113427", 4)
        reads = len(glass.of(READ))
        assert (await made.update("113427", body(3))).status_code == 201
        assert len(glass.of(READ)) == reads + 1
        assert codes(made, "113427") == [3]


async def test_a_stale_observation_that_would_refuse_is_read_again_and_the_order_has_moved(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(fresh_s=1)) as (made, glass):
        await made.api.get(made.orders("113427"))
        set_on_screen(made, "113427", 11)
        await asyncio.sleep(1.1)
        reads = len(glass.of(READ))
        answer = await made.update("113427", body(3))
        assert (answer.status_code, answer.json()["code"]) == (409, "transition-not-allowed")
        assert (answer.json()["outcome"], answer.json()["current"]["vendor_code"]) == ("not_sent", "11")
        assert (len(glass.of(READ)), glass.of(UPDATE)) == (reads + 1, [])
        set_on_screen(made, "113427", 4)
        await asyncio.sleep(1.1)
        assert (await made.update("113427", body(3))).status_code == 201
        assert codes(made, "113427") == [3]


async def test_what_was_just_read_refuses_however_soon_it_counts_as_stale(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(fresh_s=0)) as (made, glass):
        refused = await made.update("113427", body(3))
        assert (refused.status_code, refused.json()["code"]) == (409, "status-unchanged")
        assert refused.json()["outcome"] == "not_sent"
        assert glass.of(UPDATE) == []


async def test_a_caller_who_does_not_wait_is_answered_at_once_and_the_worker_reads_before_it_sends(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(fresh_s=0)) as (made, glass):
        await made.api.get(made.orders("113427"))
        made.fault("latency", on="read", delay_s=2.0)
        begun = time.monotonic()
        accepted = await made.update("113427", body(3), prefer="respond-async")
        assert time.monotonic() - begun < 1.5
        assert (accepted.status_code, accepted.json()["state"]) == (202, "queued")
        found = await finished(made, accepted.json()["operation_id"])
        assert (found["state"], found["problem"]["code"]) == ("refused", "status-unchanged")
        assert found["problem"]["outcome"] == "not_sent"
        assert glass.of(UPDATE) == []


async def test_our_own_confirmed_write_refuses_without_a_read(seen: tuple[Site, Glass]) -> None:
    made, glass = seen
    first = await made.update("113427", body(11))
    reads = len(glass.of(READ))
    again = await made.update("113427", body(11))
    problem = again.json()
    assert (again.status_code, problem["code"]) == (409, "status-unchanged")
    assert problem["current"]["operation_id"] == first.json()["operation_id"]
    assert (len(glass.of(READ)), len(glass.of(UPDATE))) == (reads, 1)


async def test_when_the_order_cannot_be_read_the_vendor_decides(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, database, tmp_path, **delivery(fresh_s=0)) as (made, glass):
        await made.api.get(made.orders("113427"))
        set_on_screen(made, "113427", 4)
        made.fault("http_500", on="read", count=100)
        accepted = await made.update("113427", body(3))
        assert accepted.status_code == 201
        assert codes(made, "113427") == [3]
        assert len(glass.of(UPDATE)) == 1


async def test_when_a_queued_order_cannot_be_read_before_sending_the_vendor_decides(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(fresh_s=0)) as (made, glass):
        await made.api.get(made.orders("113427"))
        set_on_screen(made, "113427", 4)
        reads = len(glass.of(READ))
        glass.instead(READ, reply(500, b""))
        noted: list[str] = []
        health = made.app.state.gateway.backends[made.backend].health
        monkeypatch.setattr(health, "failed", lambda _, *, now, order: noted.append(order))
        sent = await send_async(made, "113427", 3)  # which it is already, as far as we know
        assert (await finished(made, sent))["state"] == "applied"
        assert (codes(made, "113427"), len(glass.of(READ)) - reads) == ([3], 1)
        assert noted == ["113427"], "the breaker counts it"


async def test_a_vendor_that_asks_us_to_wait_as_an_order_is_read_again_before_its_update_is_not_sent_it(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> None:
    sections = delivery(deadline_s=1, fresh_s=0)
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **sections) as (made, glass):
        await made.api.get(made.orders("113427"))
        glass.instead(READ, reply(429, b"", Retry_After="2"))
        sent = await send_async(made, "113427", 3)  # which it is already, as far as we know
        await until(lambda: made.app.state.gateway.backends[made.backend].health.paused)
        waiting = await operation(made, sent)
        assert (waiting["state"], waiting["attempts"], glass.of(UPDATE)) == ("queued", 0, [])
        asked = glass.of(READ)[-1].at
        set_on_screen(made, "113427", 4)
        assert (await finished(made, sent))["state"] == "applied"
        assert glass.of(UPDATE)[0].at - asked >= 2


async def test_an_update_behind_others_is_checked_against_what_they_will_make_of_the_order(
    seen: tuple[Site, Glass],
) -> None:
    made, _ = seen
    await made.api.get(made.orders("113427"))
    made.fault("latency", delay_s=0.6)
    first = await send_async(made, "113427", 11)
    same = await made.update("113427", body(11))
    assert (same.status_code, same.json()["code"]) == (409, "status-unchanged")
    assert same.json()["current"]["operation_id"] == first
    backwards = await made.update("113427", body(3))
    assert (backwards.status_code, backwards.json()["code"]) == (409, "transition-not-allowed")
    assert (await made.update("113427", body(9))).status_code == 201
    assert codes(made, "113427") == [11, 9]


async def test_an_order_that_the_client_has_ended_is_refused_from_a_fresh_read(seen: tuple[Site, Glass]) -> None:
    made, glass = seen
    cancel_on_screen(made, "113427")
    await made.api.get(made.orders("113427"))
    refused = await made.update("113427", body(11))
    assert (refused.status_code, refused.json()["code"], refused.json()["outcome"]) == (409, "order-ended", "not_sent")
    assert glass.of(UPDATE) == []


async def test_while_the_vendor_is_down_an_unknown_reference_is_not_accepted_and_its_key_stays_unused(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    vendor.stop()
    async with site(CX, vendor.url, database, tmp_path) as made:
        refused = await made.update("WO113427", body(11), key="a-key-that-waits-its-turn")
        assert (refused.status_code, refused.json()["code"]) == (503, "backend-unavailable")
        assert (await made.api.get("/v1/operations")).json()["items"] == []
        vendor.start()
        accepted = await made.update("WO113427", body(11), key="a-key-that-waits-its-turn")
        assert (accepted.status_code, accepted.headers["idempotent-replayed"]) == (201, "false")
        assert accepted.json()["work_order"] == "113427"


async def test_while_the_vendor_is_down_an_unknown_number_is_accepted_and_applied_when_it_is_back(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    vendor.stop()
    async with site(CX, vendor.url, database, tmp_path) as made:
        accepted = await made.update("113427", body(11), prefer="wait=1")
        assert (accepted.status_code, accepted.json()["state"]) == (202, "queued")
        vendor.start()
        assert (await finished(made, accepted.json()["operation_id"]))["state"] == "applied"
        assert codes(made, "113427") == [11]


async def test_a_number_that_turns_out_to_be_no_order_ends_without_a_hold(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    vendor.stop()
    async with site(CX, vendor.url, database, tmp_path) as made:
        sent = [await send_async(made, "999999", code) for code in (11, 9)]
        vendor.start()
        found = [await finished(made, one) for one in sent]
        assert [(one["state"], one["problem"]["code"]) for one in found] == [("refused", "work-order-not-found")] * 2
        assert (await operation(made, sent[1]))["blocked_by"] is None
