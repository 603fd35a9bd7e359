"""Callers who hang up and gateways that stop in mid-call lose nothing, and nothing happens twice."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.delivery.bench import (
    Simulated,
    add_orders,
    body,
    codes,
    delivery,
    finished,
    hurry,
    operation,
    outcomes,
    send_async,
)
from tests.delivery.recording import UPDATE, Glass, glass
from tests.gateway import CX, Site, site
from tests.vendors.loopback import after, hang, raw


async def test_a_caller_who_hangs_up_at_any_moment_loses_nothing(seen: tuple[Site, Glass]) -> None:
    made, _ = seen
    numbers = add_orders(made, 40)
    for number in numbers:
        await made.api.get(made.orders(number))
    for n, number in enumerate(numbers):
        request = asyncio.create_task(made.update(number, body(11), key=f"who-hangs-up-{number}"))
        for _ in range(n):
            await asyncio.sleep(0)
        request.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await request
    again = [await made.update(number, body(11), key=f"who-hangs-up-{number}") for number in numbers]
    assert [answer.status_code for answer in again] == [201] * len(numbers)
    assert [codes(made, number) for number in numbers] == [[11]] * len(numbers)
    assert {await _outcomes(made, answer.json()["operation_id"]) for answer in again} == {("applied",)}


async def _outcomes(made: Site, operation_id: str) -> tuple[str | None, ...]:
    return tuple(await outcomes(made, operation_id))


async def test_a_gateway_that_stops_lets_the_call_under_way_end(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with glass(vendor.url) as pane:
        pane.around(UPDATE, lambda answer: after(0.5, raw(answer)))
        async with site(CX, pane.url, database, tmp_path, **delivery()) as made:
            made.vendor.close()
            sent = await send_async(made, "113427", 11)
            behind = await send_async(made, "113427", 9)
        async with site(CX, pane.url, database, tmp_path, **delivery()) as made:
            made.vendor.close()
            assert (await operation(made, sent))["state"] == "applied"
            assert (await finished(made, behind))["state"] == "applied"
            assert await outcomes(made, sent) == ["applied"]
        assert len(pane.of(UPDATE)) == 2


@pytest.mark.parametrize("effect", [True, False], ids=["the effect was made", "no effect was made"])
async def test_a_call_cut_by_the_stop_is_unknown_and_found_out_after_the_next_start(
    vendor: Simulated, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effect: bool
) -> None:
    hurry(monkeypatch)
    async with glass(vendor.url) as pane:
        if effect:
            pane.around(UPDATE, lambda answer: hang)
        else:
            pane.instead(UPDATE, hang)
        async with site(CX, pane.url, database, tmp_path, **delivery(deadline_s=2)) as made:
            made.vendor.close()
            sent = await send_async(made, "113427", 11)
            while not pane.of(UPDATE):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            monkeypatch.setattr(made.app.state.gateway.dispatcher, "_deadline_s", -4.9)  # the stop waits 0.1 s
        async with site(CX, pane.url, database, tmp_path, **delivery(deadline_s=1)) as made:
            made.vendor.close()
            assert (await operation(made, sent))["state"] in ("unknown", "verifying", "applied")
            assert (await outcomes(made, sent))[0] == "unknown"
            found = await finished(made, sent)
            assert (found["state"], found["attempts"]) == ("applied", 1 if effect else 2)
            assert found["result"]["evidence"] == ("read_back" if effect else "vendor_accepted")
        assert len(pane.of(UPDATE)) == found["attempts"]


async def test_what_was_queued_when_the_gateway_stopped_is_delivered_after_the_next_start(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    vendor.stop()
    async with site(CX, vendor.url, database, tmp_path, **delivery()) as made:
        sent = [await send_async(made, "113427", code) for code in (11, 9, 4)]
    vendor.start()
    async with site(CX, vendor.url, database, tmp_path, **delivery()) as made:
        assert [(await finished(made, one))["state"] for one in sent] == ["applied"] * 3
        assert codes(made, "113427") == [11, 9, 4]
