"""A gateway killed (kill -9) in the middle of a change: before the vendor has it, or after its effect and before we know.

`pytest -k killed` runs these with the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.vendors.registry import VENDORS
from tests.delivery.bench import OPEN, until
from tests.delivery.changing import CHANGES, ERPX_ORDER, WRITES, Change
from tests.delivery.recording import Glass, Passed, glass
from tests.delivery.test_killed import gateway, token
from tests.gateway import simulator
from tests.ports import free_port
from tests.vendors.loopback import hang_up


@dataclass(kw_only=True)
class Doom:
    """One gateway after the other, each killed, behind the same glass; `api` outlives them."""

    slug: str
    database: str
    folder: Path
    pane: Glass
    port: int
    api: httpx.AsyncClient
    vendor: httpx.Client
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """The write has come by the glass."""
    killed: asyncio.Event = field(default_factory=asyncio.Event)

    def orders(self) -> str:
        return f"/v1/backends/{VENDORS[self.slug].sandbox.backend}/work-orders"

    @property
    def sent(self) -> list[str]:
        return [one.call for one in self.pane.passed if one.call in WRITES]

    def effects(self, number: str) -> list[str]:
        found = self.vendor.get("/_sim/effects", params={"order": number}).json()["effects"]
        return [one["kind"] for one in found]

    async def look(self, passing: Passed) -> None:
        """Keep the first write back until the gateway that sent it is dead."""
        if passing.call in WRITES and not self.killed.is_set():
            self.reached.set()
            await self.killed.wait()

    async def killed_in(self, change: Change) -> None:
        async with gateway(self.database, self.pane.url, self.port, self.folder, slug=self.slug):
            self.api.headers["Authorization"] = f"Bearer {await token(self.api)}"
            asking = asyncio.create_task(asked(self, change))
            async with asyncio.timeout(15):
                await self.reached.wait()
        self.killed.set()
        await asyncio.gather(asking, return_exceptions=True)

    async def end_after_the_next_start(self) -> dict[str, Any]:
        """The one operation, once it is final or held."""
        found: dict[str, Any] = {}

        async def ended() -> bool:
            [only] = (await self.api.get("/v1/operations")).json()["items"]
            found.update(only)
            return only["state"] not in OPEN

        async with gateway(self.database, self.pane.url, self.port, self.folder, slug=self.slug):
            await until(ended, within_s=30, what=lambda: f"still {found}")
        return found


class _Api:
    """What `Change.ask` uses of a place, spoken to a gateway in another process."""

    def __init__(self, doom: Doom, number: str) -> None:
        self._doom = doom
        self._number = number

    async def create(self, body: dict[str, Any]) -> httpx.Response:
        return await self._send("POST", "", body)

    async def patch(self, body: dict[str, Any]) -> httpx.Response:
        return await self._send("PATCH", f"/{self._number}", body)

    async def put(self, body: dict[str, Any], *, number: str | None = None) -> httpx.Response:
        return await self._send("PUT", f"/{number or self._number}", body)

    async def delete(self) -> httpx.Response:
        return await self._send("DELETE", f"/{self._number}", None)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        key = {"Idempotency-Key": "the-key-of-a-doomed-change"}
        return await self._doom.api.request(method, self._doom.orders() + path, json=body, headers=key)


async def asked(doom: Doom, change: Change) -> httpx.Response:
    return await change.ask(_Api(doom, VENDORS[doom.slug].sandbox.example_order))


@asynccontextmanager
async def doomed(slug: str, database: str, folder: Path) -> AsyncIterator[Doom]:
    port = free_port()
    with simulator(VENDORS[slug]) as url, httpx.Client(base_url=url, trust_env=False) as vendor:
        async with glass(url) as pane, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as api:
            doom = Doom(slug=slug, database=database, folder=folder, pane=pane, port=port, api=api, vendor=vendor)
            pane.before = doom.look
            yield doom


@pytest.mark.xdist_group("killed")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_gateway_killed_after_the_vendor_s_effect_finds_it_and_sends_nothing_again(
    change: Change, sqlite_database: str, tmp_path: Path
) -> None:
    async with doomed(change.slug, sqlite_database, tmp_path) as doom:
        await doom.killed_in(change)
        await until(lambda: doom.effects(change.number) == [change.effect])
        found = await doom.end_after_the_next_start()
        assert (found["state"], found["attempts"], doom.sent) == ("applied", 1, [change.call])
        assert doom.effects(change.number) == [change.effect]


@pytest.mark.xdist_group("killed")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_a_gateway_killed_between_the_intent_and_the_vendor_sends_it_again_once_that_is_proved(
    change: Change, sqlite_database: str, tmp_path: Path
) -> None:
    async with doomed(change.slug, sqlite_database, tmp_path) as doom:
        doom.pane.instead(change.call, hang_up)
        await doom.killed_in(change)
        found = await doom.end_after_the_next_start()
        assert (found["state"], found["attempts"], doom.sent) == ("applied", 2, [change.call] * 2)
        assert doom.effects(change.number) == [change.effect]


@pytest.mark.xdist_group("killed")
async def test_a_gateway_killed_in_a_patch_on_postgres_leaves_it_to_the_next(
    postgres_database: str, tmp_path: Path
) -> None:
    """There the lease of the dead one has to run out first."""
    change = next(one for one in CHANGES if one.id == "nexusfs patch")
    async with doomed(change.slug, postgres_database, tmp_path) as doom:
        await doom.killed_in(change)
        found = await doom.end_after_the_next_start()
        assert (found["state"], doom.sent, doom.effects(change.number)) == ("applied", ["PATCH"], ["updated"])


NUMBERED = Change(
    id="unit4 numbers it", slug="unit4_erpx", call="POST", ask=lambda to: to.create(ERPX_ORDER), status=201,
    number="124", effect="created",
)  # fmt: skip


@pytest.mark.xdist_group("killed")
@pytest.mark.parametrize("effect", [True, False], ids=["made", "not made"])
async def test_a_gateway_killed_in_a_create_that_the_vendor_numbers_holds_it_and_sends_nothing_again(
    effect: bool, sqlite_database: str, tmp_path: Path
) -> None:
    async with doomed("unit4_erpx", sqlite_database, tmp_path) as doom:
        if not effect:
            doom.pane.instead("POST", hang_up)
        await doom.killed_in(NUMBERED)
        found = await doom.end_after_the_next_start()
        assert (found["state"], found["work_order"], doom.sent) == ("held", None, ["POST"])
        assert doom.effects("124") == (["created"] if effect else [])
