"""A vendor that is away or refuses our log-in: the backend pauses, is tried by one call at a time, and loses nothing."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from app.domain import health
from app.domain.errors import BackendUnavailable
from app.domain.times import SECOND
from app.ledger import orders
from tests.delivery.bench import (
    Simulated,
    add_orders,
    behind_glass,
    body,
    codes,
    delivery,
    events,
    finished,
    operation,
    outcomes,
    polled,
    send_async,
    until,
)
from tests.delivery.recording import LIST, LOG_IN, NO_SUCH_ACTION, READ, UPDATE, Glass, glass
from tests.gateway import CX, Site, site
from tests.vendors.loopback import after, reply


def paused(made: Site) -> bool:
    found: bool = made.app.state.gateway.backends[made.backend].health.paused
    return found


async def known(made: Site, number: str) -> bool:
    """Whether polling has taken the order in."""
    return await made.app.state.gateway.store.read(orders.find(made.backend, number)) is not None


async def test_a_refused_log_in_is_tried_once_in_a_pause_by_writes_reads_and_polling_together(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    wrong = {"password": "wrong", "poll_s": 1}
    async with behind_glass(vendor.url, database, tmp_path, **delivery(), backend=wrong) as (made, pane):
        await until(lambda: paused(made))
        sent = await made.update("113427", body(11))
        assert (sent.status_code, sent.json()["state"]) == (202, "queued")
        assert sent.json()["waiting_for"]["code"] == "backend-misconfigured"
        assert int(sent.headers["retry-after"]) > 20
        for _ in range(3):
            read = await made.api.get(made.orders("113427"))
            assert (read.status_code, read.json()["code"]) == (502, "backend-misconfigured")
            await asyncio.sleep(0.8)
        assert [one.call for one in pane.passed] == [LOG_IN]


async def test_a_log_in_that_is_mended_lets_the_queue_go_on_after_the_pause(
    vendor: Simulated, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MISCONFIGURED_PAUSE_S", 1.0)
    async with behind_glass(vendor.url, database, tmp_path, **delivery()) as (made, pane):
        await until(lambda: len(pane.of(LIST)) == 1)
        made.fault("token_expired")
        pane.instead(LOG_IN, reply(500, NO_SUCH_ACTION))
        sent = await made.update("113427", body(11))
        assert sent.status_code == 201
        assert await outcomes(made, sent.json()["operation_id"]) == ["not_applied", "applied"]
        _, refused, accepted = pane.of(LOG_IN)
        assert accepted.at - refused.at >= 1


async def test_polling_ends_a_pause_for_which_no_write_waits(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MISCONFIGURED_PAUSE_S", 0.5)
    async with glass(vendor.url) as pane:
        pane.instead(LOG_IN, reply(500, NO_SUCH_ACTION))
        async with site(CX, pane.url, sqlite_database, tmp_path, **delivery(), backend={"poll_s": 1}) as made:
            made.vendor.close()
            await until(lambda: paused(made))
            assert pane.of(LIST) == []
            await until(lambda: not paused(made), within_s=5)
            assert len(pane.of(LIST)) == 1


async def test_a_vendors_retry_after_is_honoured(seen: tuple[Site, Glass]) -> None:
    made, glass = seen
    await made.api.get(made.orders("113427"))
    glass.instead(UPDATE, reply(429, b"", Retry_After="2"))
    sent = await made.update("113427", body(11))
    assert sent.status_code == 201
    first, second = glass.of(UPDATE)
    assert second.at - first.at >= 2
    assert await outcomes(made, sent.json()["operation_id"]) == ["not_applied", "applied"]


async def test_while_a_vendor_is_away_it_is_tried_by_reads_and_nothing_counts_as_an_attempt(
    seen: tuple[Site, Glass],
) -> None:
    made, glass = seen
    await made.api.get(made.orders("113427"))
    before = len(glass.of(READ))
    glass.instead(UPDATE, reply(429, b""))
    glass.instead(READ, *[reply(429, b"")] * 3)
    sent = await made.update("113427", body(11), prefer="wait=20")
    assert (sent.status_code, sent.json()["state"]) == (201, "applied")
    assert (len(glass.of(UPDATE)), len(glass.of(READ)) - before) == (2, 4)
    assert await outcomes(made, sent.json()["operation_id"]) == ["not_applied", "applied"]
    told = [kind for kind, _ in await events(made, "113427") if kind.startswith("operation.")]
    assert told.count("operation.queued") == 1


async def test_a_backend_that_shows_orders_and_takes_no_writes_is_not_taken_for_well(seen: tuple[Site, Glass]) -> None:
    made, glass = seen
    await made.api.get(made.orders("113427"))
    glass.instead(UPDATE, *[reply(429, b"")] * 4)
    sent = await made.update("113427", body(11), prefer="wait=20")
    assert (sent.status_code, sent.json()["state"]) == (201, "applied")
    at = [one.at for one in glass.of(UPDATE)]
    assert [then >= pause for then, pause in zip(gaps(at), (0.5, 1, 2, 4), strict=True)] == [True] * 4


def gaps(at: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(at)]


async def test_after_an_outage_one_call_at_a_time_tries_until_one_is_answered(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    numbers = [str(number) for number in range(200_000, 200_200)]
    httpx.post(f"{vendor.url}/_sim/orders", json={"count": 200, "first": 200_000}, trust_env=False).raise_for_status()
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery()) as (made, pane):
        await until(lambda: known(made, numbers[-1]))
        pane.instead(UPDATE, reply(429, b"", Retry_After="1"), after(0.7, reply(429, b"", Retry_After="1")))
        sent = [await send_async(made, numbers[0], 11)]
        await until(lambda: paused(made))
        sent += [await send_async(made, number, 11) for number in numbers[1:]]
        for one in sent:
            assert (await finished(made, one, within_s=30))["state"] == "applied"
        first, second, third, *_ = pane.of(UPDATE)
        assert second.at - first.at >= 1
        assert third.at - second.at >= 1.7
        assert [codes(made, number) for number in numbers] == [[11]] * 200


async def test_updates_queued_in_an_outage_all_arrive_when_the_vendor_is_back(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with site(CX, vendor.url, database, tmp_path, **delivery()) as made:
        numbers = add_orders(made, 60)
        await polled(made)
        vendor.stop()
        sent = [await send_async(made, number, 11) for number in numbers]
        await asyncio.sleep(1.5)
        tried = [(await operation(made, one))["attempts"] for one in sent]
        assert sum(tried) <= 32, "a vendor that is away is tried by one call at a time"
        shown = (await made.api.get(f"/v1/backends/{made.backend}")).json()["health"]
        assert (shown["state"], shown["code"]) == ("paused", "backend-unavailable")
        vendor.start()
        for one in sent:
            assert (await finished(made, one, within_s=30))["state"] == "applied"
        assert [codes(made, number) for number in numbers] == [[11]] * 60


async def test_a_read_that_is_answered_ends_the_pause(seen: tuple[Site, Glass]) -> None:
    made, _ = seen
    backend = made.app.state.gateway.backends[made.backend]
    await made.api.get(made.orders("113427"))
    while backend.health.next_try < made.app.state.gateway.clock() + 10 * SECOND:
        backend.health.trouble(
            BackendUnavailable, "away", now=max(made.app.state.gateway.clock(), backend.health.next_try)
        )
    sent = await send_async(made, "113427", 11)
    await asyncio.sleep(0.3)
    assert (await operation(made, sent))["state"] == "queued"
    assert (await made.api.get(made.orders("113427"))).status_code == 200
    assert (await finished(made, sent, within_s=3))["state"] == "applied"


async def test_an_expired_token_is_renewed_without_anybody_noticing(seen: tuple[Site, Glass]) -> None:
    made, _ = seen
    await made.api.get(made.orders("113427"))
    made.fault("token_expired")
    answer = await made.update("113427", body(11))
    assert (answer.status_code, answer.json()["evidence"]) == (201, "vendor_accepted")
    assert await outcomes(made, answer.json()["operation_id"]) == ["applied"]
