"""An order that showed another state in between: that it shows again what was there before proves nothing, however often.

NexusFS keeps no date of a status, so that only what was read in between tells that ours may have been there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.delivery import readback
from tests.delivery.bench import HOLDS, leaves, operation, outcomes, rows, until
from tests.delivery.changing import Place, place
from tests.delivery.holding import hold_of
from tests.delivery.test_probing import probe
from tests.vendors.loopback import hang_up, reply

pytestmark = pytest.mark.usefixtures("hurried_changes")

WAS, THIRD = "6", "8"
SETTLED_S = 1.5


@pytest.fixture
async def at(sqlite_database: str, tmp_path: Path) -> AsyncIterator[Place]:
    """An order whose lost answer is first read two seconds before the settle time is over."""
    async with place("nexusfs", sqlite_database, tmp_path, backend={"settle_s": 2}) as made:
        made.on_screen("status", OrderStatus=WAS)
        await made.read()
        yield made


async def lost(at: Place, *, then: str | None = None) -> str:
    """On Site is set, its answer lost; `then` somebody sets another status."""
    at.glass.around("PATCH", lambda answer: hang_up)
    effects = len(at.effects())
    sent = await at.sent_async(at.status, "on_site")
    await until(lambda: len(at.effects()) > effects)
    if then is not None:
        at.on_screen("status", OrderStatus=then)
    return sent


async def looked_at_early(at: Place, sent: str, *, reads: int) -> None:
    await until(lambda: len(at.glass.of("GET")) > reads)
    await leaves(at.site, sent, "verifying", "sending")
    assert (await operation(at.site, sent))["state"] == "unknown"


async def test_a_state_shown_early_and_gone_by_the_settle_time_is_held_and_nothing_is_sent_again(at: Place) -> None:
    reads = len(at.glass.of("GET"))
    sent = await lost(at, then=THIRD)
    await looked_at_early(at, sent, reads=reads)
    at.on_screen("status", OrderStatus=WAS)
    assert (await at.end_of(sent))["state"] == "held"
    assert (at.sent, await outcomes(at.site, sent)) == (["PATCH"], ["unknown"])
    [hold] = await rows(at.site, HOLDS, of_number=at.number)
    assert (hold["cause"], hold["detail"]) == (
        "outcome-unknown",
        "the order shows what it was, but showed something else in between",
    )


async def test_the_same_with_reads_that_fail_in_between(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "LATER_S", (0.1, 0.1, 0.1))
    reads = len(at.glass.of("GET"))
    sent = await lost(at, then=THIRD)
    await looked_at_early(at, sent, reads=reads)
    at.glass.instead("GET", reply(500, b""), reply(500, b""))
    at.on_screen("status", OrderStatus=WAS)
    assert (await at.end_of(sent))["state"] == "held"
    assert (len(at.glass.script["GET"]), at.sent) == (0, ["PATCH"])


async def test_an_effect_of_ours_that_comes_after_another_state_was_shown_is_still_told_applied(at: Place) -> None:
    at.glass.instead("PATCH", hang_up)
    reads = len(at.glass.of("GET"))
    sent = await at.sent_async(at.status, "on_site")
    at.on_screen("status", OrderStatus=THIRD)
    await looked_at_early(at, sent, reads=reads)
    at.pass_on(at.glass.of("PATCH")[0])
    found = await at.end_of(sent)
    assert (found["state"], found["result"]["evidence"], at.sent) == ("applied", "read_back", ["PATCH"])


async def test_a_write_held_for_another_state_is_not_sent_again_once_the_first_state_is_back(at: Place) -> None:
    sent = await lost(at, then=THIRD)
    assert (await at.end_of(sent))["state"] == "held"
    at.on_screen("status", OrderStatus=WAS)
    await asyncio.sleep(SETTLED_S)
    for _ in range(2):
        answer = await probe(at.site, sent)
        assert (answer.status_code, answer.json()["state"], at.sent) == (202, "held", ["PATCH"])
    assert await hold_of(at.site, at.number)


async def held_unread(at: Place, monkeypatch: pytest.MonkeyPatch) -> str:
    """On Site is set, its answer lost, and no read succeeds."""
    monkeypatch.setattr(readback, "LATER_S", (0.1, 0.1))
    at.at("PATCH", lambda _: at.glass.instead("GET", *[reply(500, b"")] * 100))
    sent = await lost(at)
    assert (await at.end_of(sent))["state"] == "held"
    at.glass.script["GET"].clear()
    return sent


async def test_a_probe_that_meets_another_state_is_remembered_by_the_next(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await held_unread(at, monkeypatch)
    at.on_screen("status", OrderStatus=THIRD)
    assert (await probe(at.site, sent)).json()["state"] == "held"
    at.on_screen("status", OrderStatus=WAS)
    answer = await probe(at.site, sent)
    assert (answer.status_code, answer.json()["state"], at.sent) == (202, "held", ["PATCH"])


async def test_so_is_one_that_meets_it_at_its_second_reading(at: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = await held_unread(at, monkeypatch)
    at.on_screen("status", OrderStatus=WAS)
    at.at("GET", lambda _: at.on_screen("status", OrderStatus=THIRD), nth=2)
    assert (await probe(at.site, sent)).json()["state"] == "held"
    at.on_screen("status", OrderStatus=WAS)
    answer = await probe(at.site, sent)
    assert (answer.status_code, answer.json()["state"], at.sent) == (202, "held", ["PATCH"])


async def test_what_the_readings_before_the_hold_met_is_remembered_too(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "LATER_S", (0.1, 0.1))
    reads = len(at.glass.of("GET"))
    sent = await lost(at, then=THIRD)
    await looked_at_early(at, sent, reads=reads)
    at.glass.instead("GET", *[reply(500, b"")] * 100)
    assert (await at.end_of(sent))["state"] == "held"
    at.glass.script["GET"].clear()
    at.on_screen("status", OrderStatus=WAS)
    answer = await probe(at.site, sent)
    assert (answer.status_code, answer.json()["state"], at.sent) == (202, "held", ["PATCH"])
