"""What polling finds ended: nothing more is sent for it; and an ended order that is open again waits for a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from app.domain.errors import BackendUnavailable
from app.domain.times import SECOND
from app.ledger import orders
from app.ledger.sql import Sql, Unit
from app.ledger.tables import ORDER
from app.vendors.registry import VENDORS
from tests.delivery.bench import (
    HOLDS,
    Simulated,
    body,
    cancel_on_screen,
    codes,
    delivery,
    events,
    finished,
    operation,
    polled,
    rows,
    send_async,
    set_on_screen,
    until,
)
from tests.delivery.rounds import Rounds, rounds_of, told
from tests.gateway import CX, Site, site

NUMBER = "113427"
REOPENS = {
    "unit4_erpx": {"status": "N"},
    "overit": {"statusCode": "OPEN"},
}
"""Vendors whose screens open an order again that had ended."""


@pytest.fixture(params=[30, 0], ids=["fresh", "too old to refuse from"])
async def scene(
    request: pytest.FixtureRequest, vendor: Simulated, database: str, tmp_path: Path, hurried: None
) -> AsyncIterator[tuple[Site, Rounds]]:
    """A gateway that has listed the orders; an observation of it may refuse a write at once, or has to be made anew."""
    fresh = delivery(deadline_s=1, fresh_s=request.param)
    async with site(CX, vendor.url, database, tmp_path, **fresh) as made:
        await polled(made)
        yield made, rounds_of(made)


PUT_OFF = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(ready_at=bindparam("then"))
)


def put_off(backend: str, number: str, *, until: int) -> Unit[None]:
    """The queue's next turn is later, as after a read that failed for this order alone."""
    yield PUT_OFF, {"of_backend": backend, "of_number": number, "then": until}


def pause(made: Site, *, seconds: float) -> None:
    """The vendor asks us to wait: what is accepted meanwhile is queued."""
    gateway = made.app.state.gateway
    gateway.backends[made.backend].health.trouble(BackendUnavailable, "wait", now=gateway.clock(), after_s=seconds)


async def test_updates_queued_for_an_order_that_the_client_cancelled_are_never_sent(
    scene: tuple[Site, Rounds],
) -> None:
    made, round_ = scene
    pause(made, seconds=2)
    first, second = [await send_async(made, NUMBER, code) for code in (11, 12)]
    cancel_on_screen(made, NUMBER)
    await round_()
    ended = [await finished(made, one, within_s=8) for one in (first, second)]
    assert [one["state"] for one in ended] == ["refused", "cancelled"]
    for one in (first, second):
        answer = await made.api.get(f"/v1/operations/{one}")
        problem = answer.json()["problem"]
        assert (problem["code"], problem["status"], problem["outcome"]) == ("order-ended", 409, "not_sent")
    assert codes(made, NUMBER) == []
    assert await rows(made, HOLDS, of_number=NUMBER) == []


async def test_what_waits_for_its_time_ends_as_soon_as_the_order_is_found_ended(scene: tuple[Site, Rounds]) -> None:
    """A queue that has been put back for a minute is seen to within two seconds of the round."""
    made, round_ = scene
    pause(made, seconds=1)
    sent = await send_async(made, NUMBER, 11)
    store, now = made.app.state.gateway.store, made.app.state.gateway.clock()
    await store.write(put_off(made.backend, NUMBER, until=now + 60 * SECOND))
    await asyncio.sleep(1.2)
    assert (await operation(made, sent))["state"] == "queued"
    cancel_on_screen(made, NUMBER)
    await round_()
    assert (await finished(made, sent, within_s=4))["state"] == "refused"
    assert codes(made, NUMBER) == []


async def test_an_update_behind_a_lost_answer_waits_for_that_first(scene: tuple[Site, Rounds]) -> None:
    made, round_ = scene
    made.fault("lost_answer", on="write", count=1)
    lost = await send_async(made, NUMBER, 11)

    async def unknown() -> bool:
        return (await operation(made, lost))["state"] in ("unknown", "verifying")

    await until(unknown)
    behind = await send_async(made, NUMBER, 12)
    cancel_on_screen(made, NUMBER)
    await round_()
    assert (await operation(made, behind))["state"] == "queued"
    assert (await finished(made, lost))["state"] in ("applied", "held")
    assert codes(made, NUMBER) == [11]


async def test_the_gateways_own_rounds_do_all_this_by_themselves(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with site(CX, vendor.url, database, tmp_path, **delivery(), backend={"poll_s": 1}) as made:
        await polled(made)
        pause(made, seconds=2)
        first, second = [await send_async(made, NUMBER, code) for code in (11, 12)]
        cancel_on_screen(made, NUMBER)
        states = [(await finished(made, one, within_s=8))["state"] for one in (first, second)]
        assert states == ["refused", "cancelled"]
        assert codes(made, NUMBER) == []


async def test_an_update_of_an_order_found_ended_is_refused_as_it_comes(scene: tuple[Site, Rounds]) -> None:
    made, round_ = scene
    cancel_on_screen(made, NUMBER)
    await round_()
    answer = await made.update(NUMBER, body(11))
    assert (answer.status_code, answer.json()["code"]) == (409, "order-ended")
    assert made.effects(NUMBER)[-1]["kind"] == "cancelled_by_client"


async def test_drift_to_an_open_status_lets_the_queue_go_on(scene: tuple[Site, Rounds]) -> None:
    made, round_ = scene
    pause(made, seconds=1.5)
    sent = await send_async(made, NUMBER, 12)
    set_on_screen(made, NUMBER, 11)
    await round_()
    assert (await finished(made, sent, within_s=8))["state"] == "applied"


# -- open again


@pytest.fixture(params=sorted(REOPENS))
def reopening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulated]:
    simulated = Simulated(vendor=VENDORS[request.param], data=tmp_path / "vendor")
    simulated.start()
    yield simulated
    simulated.stop()


def on_screen(made: Site, number: str, action: str, given: dict[str, Any] | None = None) -> None:
    answer = made.vendor.post(f"/_sim/orders/{number}/{action}", json=given or {})
    assert answer.status_code == 200, answer.text


async def test_an_order_that_had_ended_and_is_open_again_is_held_until_a_person_says_what_it_is(
    reopening: Simulated, database: str, tmp_path: Path
) -> None:
    vendor = reopening.vendor
    number = vendor.sandbox.example_order
    async with site(vendor, reopening.url, database, tmp_path, **delivery()) as made:
        assert (await made.api.get(made.orders(number))).status_code == 200
        round_ = rounds_of(made)
        on_screen(made, number, "cancel")
        await round_()
        on_screen(made, number, "status", REOPENS[vendor.slug])
        for _ in range(3):
            assert (await made.api.get(made.orders(number))).status_code == 200
            await round_()
        [hold] = await rows(made, HOLDS, of_number=number)
        assert (hold["cause"], hold["operation_id"], hold["closed_at"]) == ("contradiction", None, None)
        assert [type_ for type_, _ in await told(made, number)] == [
            "work_order.changed",
            "work_order.changed",
            "hold.opened",
        ]
        _, data = (await events(made, number))[-1]
        assert data["previous_code"] != data["code"]
        shown = await made.api.get(made.orders(number), headers={"Cache-Control": "max-stale"})
        assert (shown.json()["status"], shown.json()["delivery"]["hold_id"]) == ("cancelled", hold["id"])


async def test_a_write_for_an_order_that_is_open_again_waits_in_the_hold_and_is_not_sent(
    reopening: Simulated, database: str, tmp_path: Path
) -> None:
    """`cancelled` can be set at either vendor; here nobody's write may tell which of the two states is the true one."""
    vendor = reopening.vendor
    number = vendor.sandbox.example_order
    async with site(vendor, reopening.url, database, tmp_path, **delivery()) as made:
        assert (await made.api.get(made.orders(number))).status_code == 200
        on_screen(made, number, "cancel")
        await rounds_of(made)()
        on_screen(made, number, "status", REOPENS[vendor.slug])
        assert (await made.api.get(made.orders(number))).status_code == 200
        sent = await made.update(
            number, {"status": "cancelled", "occurred_at": "2026-11-20T20:40:00Z"}, prefer="wait=1"
        )
        assert (sent.status_code, sent.json()["state"]) == (202, "queued")
        assert sent.json()["blocked_by"].startswith("hold_")
        ours = [one for one in made.effects(number) if not one["kind"].endswith("_by_client")]
        assert ours == []


async def test_what_the_worker_was_about_to_send_stops_in_the_hold_as_it_reads_the_order(
    database: str, tmp_path: Path
) -> None:
    """Cancelled, and open again before the queue has its turn: the read before sending finds that out, and nothing goes out."""
    vendor = VENDORS["unit4_erpx"]
    number = vendor.sandbox.example_order
    simulated = Simulated(vendor=vendor, data=tmp_path / "vendor")
    async with site(vendor, simulated.start(), database, tmp_path, **delivery()) as made:
        assert (await made.api.get(made.orders(number))).status_code == 200
        pause(made, seconds=2)
        sent = await send_async(made, number, "P")
        on_screen(made, number, "cancel")
        await made.app.state.gateway.store.write(
            orders.observe(
                made.backend,
                [await made.app.state.gateway.backends[made.backend].adapter.read(number)],
                source="poll",
                now=made.app.state.gateway.clock(),
                ended=frozenset({"C", "T"}),
            )
        )
        on_screen(made, number, "status", REOPENS[vendor.slug])

        async def held() -> bool:
            return bool(await rows(made, HOLDS, of_number=number))

        await until(held)
        await asyncio.sleep(0.5)
        found = await operation(made, sent)
        assert (found["state"], found["attempts"]) == ("queued", 0)
        assert found["blocked_by"].startswith("hold_")
        ours = [one for one in made.effects(number) if not one["kind"].endswith("_by_client")]
        assert ours == []
    simulated.stop()
