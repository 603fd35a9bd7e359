"""Polling takes in what others do to the orders: new ones, drift, cancellations; each is an event with what was before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.delivery.desk import Desk
from app.delivery.polling import poll
from app.delivery.watchers import Watchers
from app.domain.times import now_micros
from tests.delivery.bench import Simulated, add_orders, cancel_on_screen, delivery, events, set_on_screen, until
from tests.gateway import CX, Site, site


@pytest.fixture
async def polled(vendor: Simulated, database: str, tmp_path: Path) -> AsyncIterator[tuple[Site, Desk]]:
    """A gateway that has polled once, and a desk with which the test polls again."""
    async with site(CX, vendor.url, database, tmp_path, **delivery()) as made:
        gateway = made.app.state.gateway
        desk = Desk(
            store=gateway.store,
            backend=gateway.backends[made.backend],
            owner="test",
            public_url=gateway.public_url,
            deadline_s=5,
            watchers=Watchers(),
        )
        await until(lambda: _known(made))
        yield made, desk


async def _known(made: Site) -> bool:
    return len((await made.api.get(made.orders())).json()["items"]) == 7


async def test_a_quiet_vendor_changes_nothing(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    before = await events(made, "113427")
    assert await poll(desk) == 0
    assert await events(made, "113427") == before


async def test_new_orders_are_taken_in_as_events(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    [number] = add_orders(made, 1)
    assert await poll(desk) == 1
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
    assert await poll(desk) == 1
    type_, data = (await events(made, "113427"))[-1]
    assert (type_, data["was"]["code"], data["now"]["code"]) == ("work_order.changed", "3", "11")


async def test_a_clients_cancellation_is_an_event_and_ends_the_order_here(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    cancel_on_screen(made, "113427")
    assert await poll(desk) == 1
    _, data = (await events(made, "113427"))[-1]
    assert data["now"]["code"] == "18"
    shown = await made.api.get(made.orders("113427"), headers={"Cache-Control": "max-stale"})
    assert (shown.json()["status"], shown.json()["phase"]) == ("cancelled", "ended")


async def test_our_own_applied_update_is_no_drift(polled: tuple[Site, Desk]) -> None:
    made, desk = polled
    answer = await made.update("113427", {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z"})
    assert answer.status_code == 201
    await poll(desk)
    drift = [data for type_, data in await events(made, "113427") if type_ == "work_order.changed" and data["was"]]
    assert [data for data in drift if "code" in data["now"]] == []
    assert now_micros() > 0


async def test_the_gateway_polls_by_itself(vendor: Simulated, database: str, tmp_path: Path) -> None:
    async with site(CX, vendor.url, database, tmp_path, **delivery(), backend={"poll_s": 1}) as made:
        await until(lambda: _known(made))
        set_on_screen(made, "113427", 11)

        async def drifted() -> bool:
            shown = await made.api.get(made.orders("113427"), headers={"Cache-Control": "max-stale"})
            return bool(shown.json()["status"] == "on_site")

        await until(drifted, within_s=5)
