"""While a backend is in maintenance nothing is sent to it, writes are kept, and everybody is told until when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.domain.maintenance import Maintenance, Span, parse_window
from app.domain.times import from_micros, rfc3339
from tests.delivery.bench import Simulated, add_orders, behind_glass, body, codes, delivery, finished, operation, until
from tests.delivery.recording import UPDATE, Glass, Passed
from tests.gateway import Site

LONDON = ZoneInfo("Europe/London")


def now_in_london() -> datetime:
    return datetime.now(UTC).astimezone(LONDON).replace(second=0, microsecond=0)


def written(starts: datetime, ends: datetime) -> str:
    return f"{starts:%Y-%m-%d %H:%M} - {ends:%Y-%m-%d %H:%M}"


def over(made: Site) -> None:
    """The maintenance ends now, and no other comes."""
    set_windows(made)


def set_windows(made: Site, *windows: str) -> None:
    health = made.app.state.gateway.backends[made.backend].health
    health.maintenance = Maintenance([parse_window(one) for one in windows], LONDON)


@pytest.fixture
async def shut(
    vendor: Simulated, database: str, tmp_path: Path, hurried: None
) -> AsyncIterator[tuple[Site, Glass, datetime]]:
    """A gateway whose vendor has been in maintenance for a minute, and until when."""
    now = now_in_london()
    until_then = now + timedelta(hours=2)
    windows = [
        written(now - timedelta(minutes=1), until_then),
        written(now + timedelta(days=3), now + timedelta(days=4)),
    ]
    backend = {"maintenance": windows, "time_zone": "Europe/London", "poll_s": 1}
    async with behind_glass(vendor.url, database, tmp_path, **delivery(), backend=backend) as (made, pane):
        yield made, pane, until_then


async def test_nothing_is_sent_and_everybody_is_told(shut: tuple[Site, Glass, datetime]) -> None:
    made, pane, ends = shut
    began = time.monotonic()
    sent = await made.update("113427", body(11))
    assert time.monotonic() - began < 3, "a caller does not wait for the end of it"
    found = sent.json()
    detail = f"maintenance until {ends:%H:%M} Europe/London"
    assert (sent.status_code, found["state"], found["attempts"]) == (202, "queued", 0)
    assert (found["waiting_for"]["code"], found["waiting_for"]["detail"]) == ("backend-unavailable", detail)
    assert found["waiting_for"]["next_try"] == rfc3339(ends)
    assert 7000 < int(sent.headers["retry-after"]) <= 7202
    read = await made.api.get(made.orders("113427"))
    assert (read.status_code, read.json()["code"], read.json()["detail"]) == (503, "backend-unavailable", detail)
    assert 7000 < int(read.headers["retry-after"]) <= 7200
    await asyncio.sleep(1.5)
    assert pane.passed == []
    over(made)
    assert (await finished(made, found["operation_id"]))["state"] == "applied"
    assert codes(made, "113427") == [11]


async def test_the_backend_shows_its_window_and_the_next(shut: tuple[Site, Glass, datetime]) -> None:
    made, _, ends = shut
    starts = ends - timedelta(hours=2, minutes=1)
    coming = ends - timedelta(hours=2) + timedelta(days=3)
    address = f"/v1/backends/{made.backend}"
    assert (await made.api.get(address)).json()["health"] == {
        "state": "maintenance",
        "code": "backend-unavailable",
        "detail": f"maintenance until {ends:%H:%M} Europe/London",
        "since": rfc3339(starts),
        "next_try": rfc3339(ends),
        "until": rfc3339(ends),
        "next_window": {"starts": rfc3339(coming), "ends": rfc3339(coming + timedelta(days=1))},
    }
    over(made)
    assert (await made.api.get(address)).json()["health"] == {
        "state": "ok",
        "code": None,
        "detail": None,
        "since": None,
        "next_try": None,
        "until": None,
        "next_window": None,
    }


async def test_an_attempt_under_way_when_a_window_begins_ends_normally_and_the_next_write_waits(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery()) as (made, pane):
        [number] = add_orders(made, 1)
        assert (await made.api.get(made.orders(number))).status_code == 200
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def hold(passing: Passed) -> None:
            if passing.call == UPDATE:
                arrived.set()
                await go_on.wait()

        pane.before = hold
        first = (await made.update(number, body(11), prefer="wait=0")).json()["operation_id"]
        second = (await made.update(number, body(12), prefer="wait=0")).json()["operation_id"]
        await arrived.wait()
        now = now_in_london()
        set_windows(made, written(now - timedelta(minutes=1), now + timedelta(hours=1)))
        go_on.set()
        assert (await finished(made, first))["state"] == "applied"
        await asyncio.sleep(0.5)
        waiting = await operation(made, second)
        assert (waiting["state"], waiting["waiting_for"]["detail"][:17]) == ("queued", "maintenance until")
        assert len(pane.of(UPDATE)) == 1
        over(made)
        assert (await finished(made, second))["state"] == "applied"
        assert codes(made, number) == [11, 12]


async def test_when_a_window_ends_the_queue_goes_on_by_itself(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery()) as (made, pane):
        await until(lambda: len(pane.passed) >= 2)
        health = made.app.state.gateway.backends[made.backend].health
        ends = made.app.state.gateway.clock() + 1_500_000
        now = now_in_london()

        class Soon(Maintenance):
            """A window that ends within seconds, which none that is written in minutes does."""

            def at(self, now: int) -> Span | None:
                return super().at(now) if now < ends else None

        health.maintenance = Soon([parse_window(written(now - timedelta(minutes=1), now + timedelta(hours=1)))], LONDON)
        sent = await made.update("113427", body(11), prefer="wait=0")
        assert sent.json()["state"] == "queued"
        done = await finished(made, sent.json()["operation_id"], within_s=5)
        assert (done["state"], from_micros(ends) <= datetime.fromisoformat(done["finished_at"])) == ("applied", True)
