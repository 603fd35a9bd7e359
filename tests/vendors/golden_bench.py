"""A vendor's simulator, the proxy that gives the golden answers, and the vendor's real adapter behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.domain.errors import GatewayError
from app.domain.ports import Kind, VendorAdapter, Write
from app.domain.statuses import StatusCode
from app.domain.work_orders import Observation, OrderKey
from app.vendors.backends import read_status_file
from app.vendors.vendor import Connection, Vendor
from tests.gateway import simulator
from tests.vendors.canned_proxy import CannedProxy, Pattern, canned_proxy
from tests.vendors.golden import CameTo, GoldenWrite, Row, calls, was_read, writes, written

DEADLINE_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Met:
    """What one row came to: `requests` is how many the proxy answered with it."""

    came_to: CameTo
    after_s: float | None
    requests: int


@dataclass(kw_only=True)
class Bench:
    """One adapter serves all rows but those of the log-in: an adapter that has logged in keeps its token."""

    vendor: Vendor
    proxy: CannedProxy
    calls: Mapping[str, Pattern]
    writes: Mapping[str, GoldenWrite]
    codes: Mapping[str, StatusCode]
    adapter: VendorAdapter
    _seen: dict[str, Observation] = field(default_factory=dict)

    async def meet(self, row: Row) -> Met:
        """Make the row's call, and have the vendor answer it with the row."""
        if row.call != "login":
            return await self._call(self.adapter, row)
        fresh = await adapter_of(self.vendor, self.proxy.url)
        try:
            return await self._call(fresh, row)
        finally:
            await fresh.aclose()

    async def _call(self, adapter: VendorAdapter, row: Row) -> Met:
        if not row.is_write:
            return await self._read(adapter, row)
        write = await self._written(Kind.status_update if row.call == "login" else Kind[row.call])
        with self.proxy.answering(self.calls[row.call], row.canned):
            answer = await adapter.send(write)
        return Met(came_to=written(answer), after_s=answer.retry_after_s, requests=self.proxy.met)

    async def _read(self, adapter: VendorAdapter, row: Row) -> Met:
        raised = None
        with self.proxy.answering(self.calls[row.call], row.canned):
            try:
                if row.call == "list":
                    async for _ in adapter.listing():
                        pass
                else:
                    await adapter.read(self._number("read"))
            except GatewayError as error:
                raised = error
        after_s = None if raised is None or raised.after_s is None else float(raised.after_s)
        return Met(came_to=was_read(raised), after_s=after_s, requests=self.proxy.met)

    def _number(self, call: str) -> str:
        named = self.writes.get(call, GoldenWrite()).number
        return self.vendor.sandbox.example_order if named is None else named

    async def _written(self, kind: Kind) -> Write:
        said, number = self.writes[kind.name], self._number(kind.name)
        if kind is not Kind.create and number not in self._seen:
            self._seen[number] = await self.adapter.read(number)
        seen = self._seen.get(number)
        return Write(
            operation_id="op_01K9Z8Y7X6W5V4T3S2R1Q0P9N8",
            kind=kind,
            order=OrderKey(number=number) if seen is None else seen.key,
            body=said.body,
            status=None if said.code is None else self.codes[said.code],
            occurred_at=said.occurred_at,
            previous_code=None if seen is None else seen.code,
            before=None if seen is None or kind is Kind.status_update else seen.fields,
        )


async def adapter_of(vendor: Vendor, url: str) -> VendorAdapter:
    """An adapter with the sandbox's settings for a vendor at `url`."""
    settings = vendor.settings.model_validate(vendor.sandbox.section(url))
    folder = Path(__file__).parent
    return await vendor.connect(
        Connection(backend=vendor.sandbox.backend, settings=settings, deadline_s=DEADLINE_S, folder=folder)
    )


@asynccontextmanager
async def bench(vendor: Vendor) -> AsyncIterator[Bench]:
    """A bench whose simulator must not have changed anything in the end: every write was answered before it."""
    with simulator(vendor) as url:
        async with canned_proxy(url) as proxy:
            settings = vendor.settings.model_validate(vendor.sandbox.section(proxy.url))
            example = vendor.example_statuses
            table = vendor.statuses if example is None else read_status_file(example, vendor, settings)
            adapter = await adapter_of(vendor, proxy.url)
            try:
                yield Bench(
                    vendor=vendor,
                    proxy=proxy,
                    calls=calls(vendor.slug),
                    writes=writes(vendor.slug),
                    codes={code.code: code for code in table},
                    adapter=adapter,
                )
            finally:
                await adapter.aclose()
        effects = httpx.get(f"{url}/_sim/effects", trust_env=False, verify=False).json()
        assert effects == {"effects": []}
