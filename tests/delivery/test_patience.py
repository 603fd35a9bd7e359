"""A write that a person has sent again waits while an earlier call of it may still be under way, and is made once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from app.delivery import readback
from app.domain.holds import Cause
from app.ledger.sql import Sql, Unit
from app.ledger.tables import ORDER as ORDERS
from tests.delivery.bench import (
    Simulated,
    behind_glass,
    codes,
    delivery,
    finished,
    hurry,
    leaves,
    operation,
    send_async,
    set_on_screen,
    until,
)
from tests.delivery.holding import ORDER, arrives_late, hold_of, say
from tests.delivery.recording import READ, UPDATE, Glass
from tests.delivery.test_holds_unknown import told_by_the_command
from tests.gateway import Site
from tests.vendors.loopback import hang_up, reply

ALL_DUE = Sql(update(ORDERS).values(ready_at=0))


@pytest.fixture(autouse=True)
def slow_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor may take four seconds to make what it was sent; a hold for failed reads does not come meanwhile."""
    hurry(monkeypatch, settle_s=3)
    monkeypatch.setattr(readback, "LATER_S", (60, 60))


def due_now() -> Unit[None]:
    """As after a step of the clock, or when polling shows something of the order."""
    yield ALL_DUE, {}


async def made_late(site: Site, glass: Glass, sent: str) -> None:
    """The first call is made while the write waits to be sent again."""
    store = site.app.state.gateway.store

    async def waits() -> bool:
        return (await operation(site, sent))["waiting_for"] is not None

    await until(waits)
    await store.write(due_now())
    await asyncio.sleep(0.5)
    found = await operation(site, sent)
    assert (found["state"], found["waiting_for"]["code"]) == ("queued", Cause.outcome_unknown.value)
    assert "may still be under way" in found["waiting_for"]["detail"]
    arrives_late(site, glass)
    found = await finished(site, sent)
    assert (found["state"], found["result"]["evidence"]) == ("applied", "read_back")
    assert len(glass.of(UPDATE)) == 1


async def test_on_a_word_that_comes_while_its_outcome_is_sought(
    vendor: Simulated, database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, database, tmp_path, **delivery(deadline_s=1)) as (site, glass):
        await site.api.get(site.orders(ORDER))
        glass.instead(UPDATE, hang_up)
        glass.instead(READ, *[reply(500, b"")] * 100)
        sent = await send_async(site, ORDER, 11)
        await leaves(site, sent, "queued", "sending")
        await told_by_the_command(database, tmp_path, sent, applied=False)
        glass.script[READ].clear()
        await made_late(site, glass, sent)
        assert codes(site, ORDER) == [11]


async def test_on_the_retry_of_a_hold_that_came_before_the_vendor_must_have_settled(
    vendor: Simulated, sqlite_database: str, tmp_path: Path
) -> None:
    async with behind_glass(vendor.url, sqlite_database, tmp_path, **delivery(deadline_s=1)) as (site, glass):
        was = (await site.api.get(site.orders(ORDER))).json()["vendor_status"]["code"]
        glass.instead(UPDATE, hang_up)
        sent = await send_async(site, ORDER, 11)
        for code in (4, int(was)):  # set anew: reading cannot tell whether ours was there in between
            set_on_screen(site, ORDER, code)
        assert (await finished(site, sent))["state"] == "held"
        await say(site, await hold_of(site), "retry")
        await made_late(site, glass, sent)
        assert codes(site, ORDER)[-1] == 11
