"""What the delivery's tests share: a vendor that can be switched off, waiting for a state, and looking into the ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import bindparam, select

from app.delivery import readback, settling
from app.delivery.reaper import Reaper
from app.ledger.retention import DAY, Retention
from app.ledger.sql import Row, Sql, Unit
from app.ledger.tables import ATTEMPT, EVENT, HOLD
from app.vendors.registry import VENDORS
from app.vendors.vendor import Vendor
from tests.delivery.recording import Glass, glass
from tests.gateway import CX, Site, simulator, site

ATTEMPTS = Sql(select(ATTEMPT).where(ATTEMPT.c.operation_id == bindparam("of_id")).order_by(ATTEMPT.c.n))
EVENTS = Sql(select(EVENT).where(EVENT.c.work_order == bindparam("of_number")).order_by(EVENT.c.seq))
HOLDS = Sql(select(HOLD).where(HOLD.c.work_order == bindparam("of_number")).order_by(HOLD.c.id))
AT = "2026-11-20T20:40:00Z"
OPEN = ("queued", "sending", "unknown", "verifying")
KEPT = Retention(key_days=7, answer_days=3, reference_days=30, event_days=60)


@dataclass(kw_only=True)
class Simulated:
    """A vendor's simulator at one address, whatever becomes of its process; its effects are kept."""

    vendor: Vendor
    data: Path
    url: str = ""
    _port: int = 0
    _running: AbstractContextManager[str] | None = field(default=None)

    def start(self) -> str:
        self._running = simulator(self.vendor, data=self.data, port=self._port)
        self.url = self._running.__enter__()
        self._port = int(self.url.rpartition(":")[2])
        return self.url

    def stop(self) -> None:
        """The port refuses connections from now on."""
        running, self._running = self._running, None
        if running is not None:
            running.__exit__(None, None, None)


def hurry(patch: pytest.MonkeyPatch, *, settle_s: float = 0.3, vendor: Vendor = CX) -> Vendor:
    """Read lost answers back sooner; only the waiting shrinks, not what has to be proved."""
    patch.setattr(settling, "FIRST_PROBE_S", 0.2)
    patch.setattr(readback, "APART_S", 0.3)
    hurried = replace(vendor, settle_s=settle_s)
    patch.setitem(VENDORS, vendor.slug, hurried)
    return hurried


def delivery(**changes: float) -> dict[str, dict[str, Any]]:
    """The configuration's `[delivery]` section for a test."""
    return {"delivery": {"wait_s": 8, "deadline_s": 5, "fresh_s": 30, **changes}}


@asynccontextmanager
async def behind_glass(
    simulator_url: str, database: str, folder: Path, **sections: dict[str, Any]
) -> AsyncIterator[tuple[Site, Glass]]:
    """A gateway whose every request to the vendor is seen; `site.vendor` speaks to the simulator itself."""
    async with glass(simulator_url) as pane, site(CX, pane.url, database, folder, **sections) as made:
        made.vendor.close()
        made.vendor = httpx.Client(base_url=simulator_url, trust_env=False, verify=False)
        try:
            yield made, pane
        finally:
            made.vendor.close()


def reaper_at(made: Site, *, days: float) -> Reaper:
    """What clears up after the gateway, so many days from now."""
    store, keys = made.app.state.gateway.store, made.app.state.gateway.keys
    return Reaper(store, KEPT, keys, clock=lambda: store.now() + round(days * DAY))


def body(code: int | str, **more: Any) -> dict[str, Any]:
    """A status update that names the vendor's code."""
    return {"vendor_code": str(code), "occurred_at": AT, **more}


async def send_async(made: Site, number: str, code: int | str, **more: Any) -> str:
    """Accept an update without waiting for it; gives the operation's id."""
    answer = await made.update(number, body(code, **more), prefer="respond-async")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["operation_id"])


async def operation(made: Site, operation_id: str) -> dict[str, Any]:
    answer = await made.api.get(f"/v1/operations/{operation_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def leaves(made: Site, operation_id: str, *states: str, within_s: float = 15) -> dict[str, Any]:
    """The operation once it is in none of these states."""
    found: dict[str, Any] = {}

    async def left() -> bool:
        found.update(await operation(made, operation_id))
        return found["state"] not in states

    await until(left, within_s=within_s, what=lambda: f"{operation_id} stays {found.get('state')}")
    return found


async def finished(made: Site, operation_id: str, *, within_s: float = 15) -> dict[str, Any]:
    """The operation once it is final, or held."""
    return await leaves(made, operation_id, *OPEN, within_s=within_s)


async def until(
    true: Callable[[], Any], *, within_s: float = 10, what: Callable[[], str] = lambda: "it never came true"
) -> None:
    """Wait until the condition, which may be a coroutine function, holds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        found = true()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        took_s = loop.time() - began
        assert took_s < within_s, what()
        await asyncio.sleep(min(0.02 + took_s / 40, 0.08))  # a look costs a request, and most tests wait for seconds


async def rows(made: Site, statement: Sql, **values: str) -> list[dict[str, Any]]:
    """Rows of the ledger, as they are stored."""

    def read() -> Unit[Sequence[Row]]:
        return (yield statement, values)

    found: Sequence[Any] = await made.app.state.gateway.store.read(read())
    return [dict(row) for row in found]


async def outcomes(made: Site, operation_id: str) -> list[str | None]:
    """What each attempt of an operation came to."""
    return [row["outcome"] for row in await rows(made, ATTEMPTS, of_id=operation_id)]


async def events(made: Site, number: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of an order, each with its type and data."""
    return [(row["type"], json.loads(row["data"])) for row in await rows(made, EVENTS, of_number=number)]


def codes(made: Site, number: str) -> list[int]:
    """The codes that the vendor gave an order for us, oldest first."""
    return [one["detail"]["StatusCodeId"] for one in made.effects(number) if one["kind"] == "status_change"]


def add_orders(made: Site, count: int, *, first: int = 200_000) -> list[str]:
    """Plain issued orders in the vendor's system."""
    answer = made.vendor.post("/_sim/orders", json={"count": count, "first": first})
    assert answer.status_code < 300, answer.text
    return [str(number) for number in range(first, first + count)]


def set_on_screen(made: Site, number: str, code: int) -> None:
    """A user of the vendor's own screens changes the order's status."""
    answer = made.vendor.post(f"/_sim/orders/{number}/status", json={"StatusCodeId": code})
    assert answer.status_code == 200, answer.text


def cancel_on_screen(made: Site, number: str) -> None:
    answer = made.vendor.post(f"/_sim/orders/{number}/cancel", json={})
    assert answer.status_code == 200, answer.text


async def polled(made: Site) -> None:
    """Wait until the first list has been taken in, so that it does not come between."""

    async def listed() -> bool:
        return bool((await made.api.get(made.orders())).json()["items"])

    try:
        await until(listed, within_s=5)
    except AssertionError:  # the list did not come within the test's short deadline; the next is due in an hour
        answer = await made.api.get(made.orders("113427"))
        assert answer.status_code == 200, answer.text
