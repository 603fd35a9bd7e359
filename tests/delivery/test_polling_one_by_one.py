"""A vendor without a list: its open orders are read one at a time, spread over the interval, and never in a write's way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.delivery import watching
from app.delivery.watching import gap_s
from app.domain.errors import BackendMisconfigured, BackendUnavailable
from app.domain.ports import Capability
from app.ledger import absence
from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor
from tests.delivery.bench import Simulated, add_orders, delivery, events, until
from tests.delivery.rounds import Rounds, Shows, rounds_of, shows, told
from tests.gateway import Site, site

WITHOUT_LIST = [vendor for vendor in VENDORS.values() if Capability.list not in vendor.capabilities]


@pytest.fixture(params=WITHOUT_LIST, ids=lambda vendor: vendor.slug)
def listless(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulated]:
    """Each vendor that has no list."""
    simulated = Simulated(vendor=request.param, data=tmp_path / "vendor")
    simulated.start()
    yield simulated
    simulated.stop()


@pytest.fixture
def nexusfs(tmp_path: Path) -> Iterator[Simulated]:
    simulated = Simulated(vendor=VENDORS["nexusfs"], data=tmp_path / "vendor")
    simulated.start()
    yield simulated
    simulated.stop()


@pytest.fixture
async def scene(
    nexusfs: Simulated, sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Site, Rounds, Shows]]:
    """Eight known orders of a vendor without a list, with eight connections to it, and an interval of 0.8 s."""
    few = {"max_connections": 8}
    async with site(nexusfs.vendor, nexusfs.url, sqlite_database, tmp_path, **delivery(), backend=few) as made:
        for number in add_orders(made, 8):
            assert (await made.api.get(made.orders(number))).status_code == 200
        backend = made.app.state.gateway.backends[made.backend]
        monkeypatch.setattr(backend, "settings", backend.settings.model_copy(update={"poll_s": 0.8}))
        monkeypatch.setattr(watching, "READS_PER_S", 1000)
        yield made, rounds_of(made), shows(made, monkeypatch)


async def read_first(made: Site, vendor: Vendor) -> str:
    """Make the vendor's example order known."""
    number = vendor.sandbox.example_order
    answer = await made.api.get(made.orders(number))
    assert answer.status_code == 200, answer.text
    return number


def on_screen(made: Site, number: str, action: str, body: dict[str, Any] | None = None) -> None:
    answer = made.vendor.post(f"/_sim/orders/{number}/{action}", json=body or {})
    assert answer.status_code == 200, answer.text


STATUS = {"unit4_erpx": {"status": "P"}, "nexusfs": {"OrderStatus": "7"}, "overit": {"statusCode": "LOCKED"}}
"""Another status, as a user of the vendor's own screens sets it."""


async def test_what_others_change_is_seen_within_the_interval(
    listless: Simulated, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new status, and then the client's cancellation; NexusFS cancels an order by deleting it."""
    monkeypatch.setattr(absence, "JUST_SEEN", 0)
    vendor = listless.vendor
    async with site(vendor, listless.url, database, tmp_path, **delivery(), backend={"poll_s": 1}) as made:
        number = await read_first(made, vendor)
        assert await told(made, number) == [("work_order.changed", "request")]
        on_screen(made, number, "status", STATUS[vendor.slug])

        async def tells(count: int) -> bool:
            return len(await told(made, number)) == count

        await until(lambda: tells(2), within_s=6)
        assert (await told(made, number))[1] == ("work_order.changed", "read")
        _, data = (await events(made, number))[1]
        assert data["was"]["code"] != data["now"]["code"]
        if vendor.slug == "overit":
            on_screen(made, number, "status", {"statusCode": "OPEN"})  # locked it cannot be cancelled
            await until(lambda: tells(3), within_s=6)
        before = len(await told(made, number))
        on_screen(made, number, "cancel")
        await until(lambda: tells(before + 1), within_s=6)
        deleted = "work_order.missing" if vendor.slug == "nexusfs" else "work_order.changed"
        assert (await told(made, number))[-1] == (deleted, "read")
        await asyncio.sleep(2)
        assert await tells(before + 1), "each difference is told once"


@dataclass(frozen=True, kw_only=True)
class Paced:
    count: int
    interval_s: float
    apart_s: float
    round_s: float


PACES = [
    Paced(count=1, interval_s=60, apart_s=60, round_s=60),
    Paced(count=6, interval_s=60, apart_s=10, round_s=60),
    Paced(count=600, interval_s=60, apart_s=0.1, round_s=60),
    Paced(count=10_000, interval_s=60, apart_s=0.1, round_s=1000),
    Paced(count=100, interval_s=1, apart_s=0.1, round_s=10),
]


@pytest.mark.parametrize("case", PACES, ids=lambda case: f"{case.count} orders every {case.interval_s} s")
def test_many_open_orders_make_the_interval_longer_and_not_the_rate_higher(case: Paced) -> None:
    gap = gap_s(case.count, interval_s=case.interval_s)
    assert gap == pytest.approx(case.apart_s)
    assert gap * case.count == pytest.approx(case.round_s)


async def test_the_reads_are_spread_evenly_over_the_interval(scene: tuple[Site, Rounds, Shows]) -> None:
    _, round_, vendor = scene
    at: list[float] = []

    async def note(_: str) -> None:
        at.append(time.monotonic())

    vendor.before_read = note
    assert await round_()
    assert len(at) == 8
    apart = [later - earlier for earlier, later in pairwise(at)]
    assert all(0.04 < gap < 0.4 for gap in apart), apart
    assert 0.6 < at[-1] - at[0] < 1.5


async def test_an_order_that_somebody_else_reads_meanwhile_is_not_read_again(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    working = asyncio.create_task(round_())
    await until(lambda: len(vendor.reads) == 1)
    on_screen(made, "200007", "status", STATUS["nexusfs"])
    assert (await made.api.get(made.orders("200007"))).status_code == 200
    assert await working
    assert vendor.reads.count("200007") == 1


async def test_at_most_a_quarter_of_the_connections_is_used_and_a_write_goes_out_all_the_same(
    scene: tuple[Site, Rounds, Shows],
) -> None:
    made, round_, vendor = scene
    hangs = asyncio.Event()

    async def hang(_: str) -> None:
        await hangs.wait()

    vendor.before_read = hang
    working = asyncio.create_task(round_())
    await until(lambda: len(vendor.reads) == 2)
    await asyncio.sleep(0.5)
    assert len(vendor.reads) == 2, "two of eight connections, however long the others wait"
    began = time.monotonic()
    answer = await made.update("200007", {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"})
    assert (answer.status_code, time.monotonic() - began < 2) == (201, True)
    hangs.set()
    assert await working


async def test_a_backend_that_pauses_is_left_alone(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    backend = made.app.state.gateway.backends[made.backend]

    async def pause(_: str) -> None:
        if len(vendor.reads) == 3:
            backend.health.trouble(BackendUnavailable, "wait", now=made.app.state.gateway.clock(), after_s=30)

    vendor.before_read = pause
    await round_()
    assert len(vendor.reads) == 3


async def test_a_refused_log_in_ends_the_round_at_once_and_pauses_the_backend(
    scene: tuple[Site, Rounds, Shows],
) -> None:
    made, round_, vendor = scene
    vendor.faults.update({number: BackendMisconfigured("no") for number in (str(n) for n in range(200_000, 200_008))})
    assert not await round_()
    assert len(vendor.reads) == 1
    assert made.app.state.gateway.backends[made.backend].health.code == "backend-misconfigured"


async def test_a_paused_backend_is_tried_by_one_read_and_the_rest_follow(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    backend = made.app.state.gateway.backends[made.backend]
    backend.health.trouble(BackendMisconfigured, "no", now=made.app.state.gateway.clock() - 60_000_000)
    assert backend.health.admits(made.app.state.gateway.clock())
    assert await round_()
    assert (len(vendor.reads), backend.health.paused) == (8, False)


async def test_one_failure_does_not_end_the_round(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    vendor.faults["200003"] = BackendUnavailable("502", after_s=None)
    await round_()
    assert len(vendor.reads) == 8
    assert await told(made, "200003") == [("work_order.changed", "request")]


async def test_a_fault_of_ours_in_one_order_does_not_end_the_round(scene: tuple[Site, Rounds, Shows]) -> None:
    made, round_, vendor = scene
    vendor.faults["200003"] = OverflowError("date value out of range")
    on_screen(made, "200007", "status", STATUS["nexusfs"])
    assert await round_()
    assert len(vendor.reads) == 8
    assert len(await told(made, "200007")) == 2
