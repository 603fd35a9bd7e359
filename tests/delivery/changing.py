"""What the tests of changes share: a gateway behind glass before any vendor, and every change that a vendor takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import httpx

from app.vendors.registry import VENDORS
from tests.delivery.bench import delivery, finished
from tests.delivery.recording import Glass, Passed, glass
from tests.gateway import Site, simulator, site

WRITES = ("POST", "PUT", "PATCH", "DELETE")
NEXUS_ORDER = {
    "type": "1001",
    "priority": "1003",
    "account": {"number": "1029"},
    "location": {"number": "1030"},
}
ERPX_ORDER = {"title": "Boiler", "project": {"number": "ProId1"}, "dates": {"planned_start": "2026-01-05"}}
DISHWASHER = {"description": "Dishwasher", "is_component": False, "type": "1001"}


@dataclass(kw_only=True)
class Place:
    """A gateway behind glass before one vendor's simulator."""

    site: Site
    glass: Glass
    number: str
    """The vendor's example order."""

    @property
    def sent(self) -> list[str]:
        """The writes that came by, as their methods."""
        return [one.call for one in self.glass.passed if one.call in WRITES]

    def effects(self, number: str | None = None) -> list[str]:
        """What the vendor really changed on an order, as the kinds of its effects."""
        return [one["kind"] for one in self.site.effects(number or self.number)]

    def record(self, number: str | None = None) -> dict[str, Any]:
        """The vendor's own record of an order."""
        answer = self.site.vendor.get(f"/_sim/orders/{number or self.number}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def on_screen(self, action: str, number: str | None = None, **body: Any) -> None:
        """A user of the vendor's own screens does something to an order."""
        answer = self.site.vendor.post(f"/_sim/orders/{number or self.number}/{action}", json=body)
        assert answer.status_code == 200, answer.text

    def setting(self, **settings: Any) -> None:
        answer = self.site.vendor.post("/_sim/settings", json=settings)
        assert answer.status_code == 200, answer.text

    async def read(self, number: str | None = None) -> httpx.Response:
        return await self.site.api.get(self.site.orders(number or self.number))

    async def create(self, body: dict[str, Any], **more: Any) -> httpx.Response:
        return await self._write("POST", "", body, **more)

    async def patch(self, body: dict[str, Any], *, number: str | None = None, **more: Any) -> httpx.Response:
        return await self._write("PATCH", number or self.number, body, **more)

    async def put(self, body: dict[str, Any], *, number: str | None = None, **more: Any) -> httpx.Response:
        return await self._write("PUT", number or self.number, body, **more)

    async def delete(self, *, number: str | None = None, **more: Any) -> httpx.Response:
        return await self._write("DELETE", number or self.number, None, **more)

    async def status(self, word: str, *, number: str | None = None, **more: Any) -> httpx.Response:
        body = {"status": word, "occurred_at": "2026-11-20T20:40:00Z"}
        return await self._write("POST", f"{number or self.number}/status-updates", body, **more)

    async def _write(
        self, method: str, path: str, body: dict[str, Any] | None, *, key: str = "", replace: str = "", **headers: str
    ) -> httpx.Response:
        """`if_match=...` and `prefer=...` become headers; without a `key` there is a fresh one."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.site.api.request(
            method,
            self.site.orders(path),
            json=body,
            params={"replace": replace} if replace else None,
            headers={"Idempotency-Key": key or self.site.fresh_key(), **named},
        )

    async def sent_async(self, write: Callable[..., Awaitable[httpx.Response]], *args: Any, **more: Any) -> str:
        """Have a write accepted without waiting for it; gives the operation's id."""
        answer = await write(*args, prefer="respond-async", **more)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["operation_id"])

    async def end_of(self, operation_id: str, *, within_s: float = 15) -> dict[str, Any]:
        """The operation once it is final, or held."""
        return await finished(self.site, operation_id, within_s=within_s)

    def at(self, call: str, act: Callable[[Passed], Any], *, nth: int = 1) -> None:
        """Do something when the nth request of this call from now on comes by, before the vendor gets it."""
        left = [nth]

        async def look(passing: Passed) -> None:
            if passing.call != call:
                return
            left[0] -= 1
            if left[0] == 0:
                act(passing)

        self.glass.before = look

    def pass_on(self, passed: Passed) -> None:
        """Let the vendor have a request that was withheld."""
        request, own = passed.request, ("host", "content-length")
        headers = {name: value for name, value in request.headers.items() if name not in own}
        answer = self.site.vendor.request(request.method, request.target, headers=headers, content=request.body)
        assert answer.status_code < 300, answer.text


@asynccontextmanager
async def place(
    slug: str,
    database: str,
    folder: Path,
    *,
    backend: dict[str, Any] | None = None,
    simulator_url: str = "",
    **changes: float,
) -> AsyncIterator[Place]:
    """A gateway behind glass; `changes` are of its `[delivery]` section."""
    vendor = VENDORS[slug]
    if not simulator_url:
        with simulator(vendor) as url:
            async with place(slug, database, folder, backend=backend, simulator_url=url, **changes) as made:
                yield made
        return
    sections = {"backend": {"settle_s": 0.3, **(backend or {})}, **delivery(**{"deadline_s": 1, **changes})}
    async with glass(simulator_url) as pane, site(vendor, pane.url, database, folder, **sections) as opened:
        opened.vendor.close()
        opened.vendor = httpx.Client(base_url=simulator_url, trust_env=False, verify=False)
        try:
            yield Place(site=opened, glass=pane, number=vendor.sandbox.example_order)
        finally:
            opened.vendor.close()


class Writes(Protocol):
    """The writes of a caller; `Place` has them, and so has a gateway in another process."""

    async def create(self, body: dict[str, Any]) -> httpx.Response: ...

    async def patch(self, body: dict[str, Any]) -> httpx.Response: ...

    async def put(self, body: dict[str, Any], *, number: str | None = None) -> httpx.Response: ...

    async def delete(self) -> httpx.Response: ...


Ask: TypeAlias = Callable[[Writes], Coroutine[Any, Any, httpx.Response]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One write of one vendor: how a caller asks for it, as what the vendor gets it, and what comes of it."""

    id: str
    slug: str
    call: str
    ask: Ask
    status: int
    number: str
    effect: str


CHANGES = [
    Change(id="nexusfs create", slug="nexusfs", call="PUT", status=201, number="9001", effect="created",
           ask=lambda to: to.create({**NEXUS_ORDER, "number": "9001"})),
    Change(id="nexusfs put of a new order", slug="nexusfs", call="PUT", status=201, number="9002", effect="created",
           ask=lambda to: to.put(NEXUS_ORDER, number="9002")),
    Change(id="nexusfs put", slug="nexusfs", call="PUT", status=200, number="1214", effect="replaced",
           ask=lambda to: to.put({**NEXUS_ORDER, "priority": "1001"})),
    Change(id="nexusfs patch", slug="nexusfs", call="PATCH", status=200, number="1214", effect="updated",
           ask=lambda to: to.patch({"assets": {"3182": DISHWASHER}})),
    Change(id="nexusfs delete", slug="nexusfs", call="DELETE", status=200, number="1214", effect="deleted",
           ask=lambda to: to.delete()),
    Change(id="unit4 create", slug="unit4_erpx", call="POST", status=201, number="W1", effect="created",
           ask=lambda to: to.create({**ERPX_ORDER, "number": "W1"})),
    Change(id="unit4 patch", slug="unit4_erpx", call="PATCH", status=200, number="123", effect="updated",
           ask=lambda to: to.patch({"title": "New", "related_values": {"C1~2000-01-01": {"value": "5"}}})),
    Change(id="unit4 delete", slug="unit4_erpx", call="DELETE", status=200, number="123", effect="closed",
           ask=lambda to: to.delete()),
    Change(id="overit patch", slug="overit", call="PATCH", status=200, number="WO00223", effect="updated",
           ask=lambda to: to.patch({"notes": "New"})),
]  # fmt: skip
