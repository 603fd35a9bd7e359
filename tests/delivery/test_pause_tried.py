"""The call that tries a pausing vendor: what it reads does not end the pause, and nothing is sent while a read has no answer."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain import health
from app.domain.errors import BackendMisconfigured, BackendUnavailable
from app.domain.health import Health
from app.domain.times import SECOND
from app.vendors import meanings
from tests.delivery.bench import (
    add_orders,
    codes,
    finished,
    operation,
    outcomes,
    send_async,
    until,
)
from tests.delivery.changing import ERPX_ORDER, place
from tests.delivery.recording import READ, UPDATE, Glass
from tests.gateway import Site
from tests.vendors.loopback import Behaviour, hang, hang_up, reply

ORDER = "113427"


def health_of(made: Site) -> Health:
    found: Health = made.app.state.gateway.backends[made.backend].health
    return found


def due(made: Site) -> Health:
    """The backend pauses, and the time has come to try it."""
    found, now = health_of(made), made.app.state.gateway.clock()
    found.trouble(BackendUnavailable, "slow down", now=now - 60 * SECOND)
    assert found.paused
    return found


@pytest.mark.parametrize("slug", ["unit4_erpx", "nexusfs", "overit"])
async def test_a_vendor_that_shows_the_order_before_each_write_and_puts_the_write_off_is_asked_ever_more_seldom(
    sqlite_database: str, tmp_path: Path, slug: str
) -> None:
    async with place(slug, sqlite_database, tmp_path) as at:
        at.glass.instead("PATCH", *[reply(429, b"")] * 3)
        if slug == "unit4_erpx":
            sent = await at.sent_async(at.status, "on_hold")
        else:
            sent = await at.sent_async(at.patch, {"notes": "New"} if slug == "overit" else {"type": "1002"})
        assert (await at.end_of(sent))["state"] == "applied"
        asked = [one.at for one in at.glass.of("PATCH")]
        waited = [later - before for before, later in pairwise(asked)]
        assert [took >= pause for took, pause in zip(waited, (0.5, 1, 2), strict=True)] == [True] * 3
        assert not health_of(at.site).paused


@pytest.mark.parametrize(
    ("if_match", "state"),
    [({}, "applied"), ({"if_match": '"another"'}, "refused")],
    ids=["nothing to change", "If-Match"],
)
async def test_a_write_that_needs_no_call_once_its_order_is_read_ends_the_pause(
    sqlite_database: str, tmp_path: Path, if_match: dict[str, str], state: str
) -> None:
    async with place("nexusfs", sqlite_database, tmp_path) as at:
        shown = (await at.read()).json()["priority"]
        paused = due(at.site)
        ended = await at.end_of(await at.sent_async(at.patch, {"priority": shown}, **if_match))
        assert (ended["state"], at.sent) == (state, [])
        assert not paused.paused


async def test_an_update_that_our_own_checks_refuse_once_its_order_is_read_ends_the_pause(
    sqlite_database: str, tmp_path: Path
) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        await at.read()
        at.on_screen("cancel")
        paused = due(at.site)
        ended = await at.end_of(await at.sent_async(at.status, "on_hold"))
        assert (ended["state"], ended["problem"]["code"], at.sent) == ("refused", "order-ended", [])
        assert not paused.paused


async def test_a_write_that_is_refused_unread_says_nothing_of_the_vendor(sqlite_database: str, tmp_path: Path) -> None:
    async with place("unit4_erpx", sqlite_database, tmp_path) as at:
        await at.read()
        paused, backend = due(at.site), at.site.app.state.gateway.backends[at.site.backend]
        paused.next_try += 120 * SECOND
        made = await at.sent_async(at.create, {**ERPX_ORDER, "status": "issued"})
        backend.use_statuses(backend.rules.table.rows[1:])
        paused.next_try -= 120 * SECOND
        ended = await at.end_of(made)
        assert (ended["problem"]["code"], at.sent, paused.paused) == ("status-unknown", [], True)


@pytest.mark.parametrize("answer", [hang_up, hang, reply(500, b"")], ids=["cut", "hangs", "500"])
async def test_nothing_is_sent_nor_counted_while_the_read_that_tries_an_open_breaker_has_no_usable_answer(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch, answer: Behaviour
) -> None:
    monkeypatch.setattr(health, "OPEN_S", 0.2)
    site, glass = seen_on_sqlite
    await site.api.get(site.orders(ORDER))
    opened, now, before = health_of(site), site.app.state.gateway.clock(), len(glass.of(READ))
    for _ in range(20):
        opened.failed("no answer", now=now)
    assert opened.open
    glass.instead(READ, *[answer] * 4)
    sent = await send_async(site, ORDER, 11)
    await until(lambda: len(glass.of(READ)) == before + 3)
    assert (await operation(site, sent))["attempts"] == 0
    assert (glass.of(UPDATE), opened.open) == ([], True)
    await until(lambda: len(glass.of(READ)) == before + 5)
    assert (await finished(site, sent, within_s=2))["state"] == "applied"
    assert (await outcomes(site, sent), codes(site, ORDER)) == (["applied"], [11])
    asked = [one.at for one in glass.of(READ)[before:]]
    least, most = 0.2, 0.2 + 1 + 1  # the pause, with the deadline of a call that hangs, and some time to do it
    assert all(least <= later - earlier < most for earlier, later in pairwise(asked)), "the pause alone is waited for"


async def test_an_order_that_can_never_be_read_leaves_the_next_try_to_another(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LONGEST_PAUSE_S", 0.5)
    site, _ = seen_on_sqlite
    [other] = add_orders(site, 1)
    for number in (ORDER, other):
        await site.api.get(site.orders(number))
    site.fault("http_500", on="read", order=ORDER, rate=1)
    due(site)
    stuck = await send_async(site, ORDER, 11)
    await asyncio.sleep(0.3)
    assert (await operation(site, stuck))["state"] == "queued"
    sent = await send_async(site, other, 11)
    assert (await finished(site, sent, within_s=5))["state"] == "applied"
    assert not health_of(site).paused


async def test_a_fault_of_our_own_is_no_answer_of_the_vendors(
    seen_on_sqlite: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = seen_on_sqlite
    backend = site.app.state.gateway.backends[site.backend]
    await site.api.get(site.orders(ORDER))
    tried: list[str] = []

    async def stumbles(number: str) -> None:
        tried.append(number)
        raise OverflowError("date value out of range")

    with monkeypatch.context() as patch:
        patch.setattr(meanings, "AGAIN_S", 0.1)
        patch.setattr(backend.adapter, "read", stumbles)
        now = site.app.state.gateway.clock()
        backend.health.trouble(BackendMisconfigured, "log-in refused", now=now - 60 * SECOND)
        sent = await send_async(site, ORDER, 11)
        await until(lambda: len(tried) == 2)
        assert (backend.health.paused, backend.health.code) == (True, "backend-misconfigured")
    assert (await finished(site, sent))["state"] == "applied"
    assert not backend.health.paused
