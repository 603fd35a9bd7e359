"""The worker itself: it outlasts a fault of ours, and a clock that is set forward under a call."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import lasting
from app.delivery.desk import Desk
from app.domain.times import SECOND, now_micros
from app.ledger import lanes
from app.ledger.sql import Unit
from app.telemetry.vendor_calls import WatchedAdapter
from app.vendors.civica_cx.adapter import CivicaCxAdapter
from tests.delivery.bench import (
    Simulated,
    behind_glass,
    codes,
    delivery,
    finished,
    leaves,
    operation,
    outcomes,
    polled,
    send_async,
    until,
)
from tests.delivery.holding import arrives_late
from tests.delivery.recording import UPDATE, Glass, Passed
from tests.gateway import Site
from tests.vendors.loopback import hang_up, reply

HOUR = 3600 * SECOND


async def test_a_worker_that_fails_by_a_fault_of_ours_is_begun_again(
    seen: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen
    monkeypatch.setattr(lasting, "AGAIN_S", 0.1)
    asked: list[str] = []
    next_ready = lanes.next_ready

    def fails_once(backend: str) -> Unit[int | None]:
        asked.append(backend)
        if len(asked) == 1:
            raise RuntimeError("a fault of ours")
        return next_ready(backend)

    monkeypatch.setattr(lanes, "next_ready", fails_once)
    await until(lambda: len(asked) > 1)
    glass.instead(UPDATE, reply(429, b""))  # the second attempt is the worker's
    sent = await send_async(site, "113427", 11)
    assert (await finished(site, sent))["state"] == "applied"
    assert await outcomes(site, sent) == ["not_applied", "applied"]


async def test_a_clock_set_forward_does_not_have_an_order_worked_on_twice(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=6)) as (site, glass):
        await polled(site)

        async def slowly(passed: Passed) -> None:
            if passed.call == UPDATE:
                await asyncio.sleep(4)

        glass.before = slowly
        sent = await send_async(site, "113427", 11)
        await until(lambda: glass.of(UPDATE))
        set_forward(site)
        await asyncio.sleep(3)  # time enough to take the queue over and to read back twice
        assert (await operation(site, sent))["state"] == "sending"
        assert (await finished(site, sent))["state"] == "applied"
        assert len(glass.of(UPDATE)) == 1
        assert codes(site, "113427") == [11]


async def test_a_clock_set_forward_after_a_lost_answer_does_not_have_it_sent_twice(
    vendor: Simulated, sqlite_database: str, tmp_path: Path, hurried: None
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=3)) as (site, glass):
        await polled(site)
        glass.instead(UPDATE, hang_up)
        sent = await send_async(site, "113427", 11)
        assert (await leaves(site, sent, "queued", "sending"))["state"] == "unknown"
        set_forward(site)
        await asyncio.sleep(1.5)  # time enough to read back twice
        arrives_late(site, glass)
        ended = await finished(site, sent)
        assert (ended["state"], ended["result"]["evidence"]) == ("applied", "read_back")
        assert len(glass.of(UPDATE)) == 1
        assert codes(site, "113427") == [11]


def set_forward(site: Site) -> None:
    """The gateway's host is an hour ahead from now on."""
    desks: dict[str, Desk] = site.app.state.gateway.dispatcher._desks
    for desk in desks.values():
        object.__setattr__(desk, "clock", lambda: now_micros() + HOUR)
        watched = desk.backend.adapter
        assert isinstance(watched, WatchedAdapter)
        assert isinstance(watched.behind, CivicaCxAdapter)
        watched.behind._soap._clock = lambda: datetime.now(UTC) + timedelta(hours=1)
