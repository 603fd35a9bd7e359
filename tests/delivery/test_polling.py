"""Polling takes in what others do to the orders: new ones, drift, cancellations; each is an event with what was before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.delivery.desk import Desk
from app.delivery.listed import AT_ONCE
from app.delivery.polling import keep_polling
from app.domain.errors import BackendUnavailable
from app.domain.work_orders import Observation
from app.ledger import comparing, listed, orders
from app.ledger.listed import Differing, Taken
from app.ledger.sql import Row, Unit, Value
from tests.delivery.bench import (
    EVENTS,
    Simulated,
    add_orders,
    cancel_on_screen,
    delivery,
    events,
    rows,
    set_on_screen,
    until,
)
from tests.delivery.recording import Passed, glass
from tests.delivery.rounds import desk_of, polls, rounds_of, shows
from tests.gateway import CX, Site, running, site


@pytest.fixture
async def polled(vendor: Simulated, database: str, tmp_path: Path) -> AsyncIterator[tuple[Site, Desk]]:
    """A gateway that has polled once, and a desk with which the test polls again."""
    async with site(CX, vendor.url, database, tmp_path, **delivery()) as made:
        desk = desk_of(made)
        await until(lambda: _known(made))
        yield made, desk


async def _known(made: Site) -> bool:
    return len((await made.api.get(made.orders())).json()["items"]) == 7


async def test_a_quiet_vendor_changes_nothing(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    before = await events(made, "113427")
    assert await polls(desk) == 0
    assert await events(made, "113427") == before


async def test_new_orders_are_taken_in_as_events(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    [number] = add_orders(made, 1)
    assert await polls(desk) == 1
    [(type_, data)] = await events(made, number)
    assert (type_, data["was"], data["now"]["code"], data["now"]["reference"]) == (
        "work_order.changed",
        {},
        "3",
        "WO200000",
    )
    known = await made.api.get(made.orders(number), headers={"Cache-Control": "max-stale"})
    assert known.json()["status"] == "issued"


async def test_a_status_that_drifted_is_an_event_with_what_it_was(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    set_on_screen(made, "113427", 11)
    assert await polls(desk) == 1
    type_, data = (await events(made, "113427"))[-1]
    assert (type_, data["was"]["code"], data["now"]["code"]) == ("work_order.changed", "3", "11")


async def test_a_clients_cancellation_is_an_event_and_ends_the_order_here(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    cancel_on_screen(made, "113427")
    assert await polls(desk) == 1
    _, data = (await events(made, "113427"))[-1]
    assert data["now"]["code"] == "18"
    shown = await made.api.get(made.orders("113427"), headers={"Cache-Control": "max-stale"})
    assert (shown.json()["status"], shown.json()["phase"]) == ("cancelled", "ended")


async def test_our_own_applied_update_is_no_drift(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    answer = await made.update("113427", {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"})
    assert answer.status_code == 201
    await polls(desk)
    drift = [data for type_, data in await events(made, "113427") if type_ == "work_order.changed" and data["was"]]
    assert [data for data in drift if "code" in data["now"]] == []


async def test_the_gateway_polls_by_itself(vendor: Simulated, database: str, tmp_path: Path) -> None:
    async with site(CX, vendor.url, database, tmp_path, **delivery(), backend={"poll_s": 1}) as made:
        await until(lambda: _known(made))
        set_on_screen(made, "113427", 11)

        async def drifted() -> bool:
            shown = await made.api.get(made.orders("113427"), headers={"Cache-Control": "max-stale"})
            return bool(shown.json()["status"] == "on_site")

        await until(drifted, within_s=5)


async def test_a_difference_wakes_the_worker_and_nothing_else_does(polled: tuple[Site, Desk]) -> None:
    made, _ = polled
    round_ = rounds_of(made)
    assert await round_()
    assert round_.changed == 0
    cancel_on_screen(made, "113427")
    assert await round_()
    assert round_.changed == 1


async def test_each_difference_is_told_once_whoever_sees_it_first(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    set_on_screen(made, "113427", 11)
    assert (await made.api.get(made.orders("113427"))).status_code == 200
    assert await polls(desk) == 0
    told_by = [row["source"] for row in await rows(made, EVENTS, of_number="113427")]
    assert told_by == ["poll", "request"]


async def test_a_fault_of_ours_in_one_order_leaves_the_rest_of_the_list_as_it_is(
    polled: tuple[Site, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, desk = polled
    real = comparing.values_of

    def faulty(row: Row, seen: Observation, *more: str, **how: Any) -> dict[str, Value]:
        if seen.key.number == first:
            raise OverflowError("date value out of range")
        return real(row, seen, *more, **how)

    monkeypatch.setattr(listed, "values_of", faulty)
    first, second = add_orders(made, 2)
    set_on_screen(made, "113427", 11)
    assert await polls(desk) == 2
    assert [len(await events(made, number)) for number in (first, second, "113427")] == [0, 1, 2]
    monkeypatch.undo()
    assert await polls(desk) == 1
    assert len(await events(made, first)) == 1


async def test_a_long_list_is_taken_in_by_short_transactions(
    polled: tuple[Site, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No write waits for long behind a list, and the loop goes round while it comes in."""
    made, desk = polled
    add_orders(made, 600)
    sizes: list[int] = []
    real = Differing.writes

    def counted(differing: Differing) -> list[Unit[Taken]]:
        sizes.append(len(differing))
        return real(differing)

    monkeypatch.setattr(Differing, "writes", counted)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    beside = asyncio.create_task(others())
    assert await polls(desk) == 600
    beside.cancel()
    assert (sum(sizes), max(sizes)) == (600, AT_ONCE)
    assert turns > 10


async def test_a_vendor_that_hangs_keeps_no_other_backend_waiting(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    other = Simulated(vendor=CX, data=tmp_path / "other")
    section = {**CX.sandbox.section(other.start()), "poll_s": 1}
    async with glass(vendor.url) as pane:
        sick = {**CX.sandbox.section(pane.url), "poll_s": 1}

        async def hang(_: Passed) -> None:
            await asyncio.sleep(30)

        pane.before = hang
        document = {
            "auth": {"signing_key": "0123456789abcdef" * 4},
            "database": {"url": sqlite_database},
            "backends": {"sick": sick, "well": section},
        }
        async with running(document, folder=tmp_path) as app:
            store = app.state.gateway.store

            async def knows(number: str) -> bool:
                return await store.read(orders.find("well", number)) is not None

            await until(lambda: knows("113427"), within_s=5)
            httpx.post(f"{other.url}/_sim/orders", json={"count": 1, "first": 300_000}, trust_env=False)
            await until(lambda: knows("300000"), within_s=6)
            assert await store.read(orders.find("sick", "113427")) is None
        pane.before = None
    other.stop()


async def test_a_list_in_the_way_of_a_pause_is_not_asked_for(
    polled: tuple[Site, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, desk = polled
    stands = shows(made, monkeypatch)
    desk.backend.health.trouble(BackendUnavailable, "wait", now=desk.clock(), after_s=60)
    working = asyncio.create_task(keep_polling(desk))
    await asyncio.sleep(0.3)
    working.cancel()
    assert stands.lists == 0
