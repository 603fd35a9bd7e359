"""Canned vendors: each a process that says what the vendor's simulator says, from bytes kept ready, at next to no cost."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.request import ProxyHandler, Request, build_opener

from app.domain.json import JsonObject
from app.vendors.registry import VENDORS
from benchmarks.lab import Lab
from benchmarks.processes import Process, free_port

FIRST = 300_000
"""The number of each vendor's first order; the others follow."""
DEFAULT_POLL_S = 60
"""As the product has it where the configuration says nothing."""


@dataclass(frozen=True, kw_only=True)
class CannedVendor:
    """A canned vendor at work. `counts` of a Cx: updates, repeats, reads, lists, logins, refused, token_refused."""

    process: Process
    port: int
    slug: str
    orders: range
    """The numbers of its orders."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def section(self, **settings: object) -> JsonObject:
        """Of the gateway's configuration, `poll_s` at the product's default; `settings` go over it (max_connections=16)."""
        return {**VENDORS[self.slug].sandbox.section(self.url), "poll_s": DEFAULT_POLL_S, **settings}  # type: ignore[dict-item]

    async def counts(self) -> Mapping[str, int]:
        """What was counted so far, and connections, most_connections, under_way, most_under_way (kept back for the delay)."""
        return await asyncio.to_thread(_told, self.url, None)

    async def set_delay(self, ms: float) -> None:
        """How late updates and single reads are answered from now on."""
        await asyncio.to_thread(_told, self.url, {"delay_ms": ms})

    async def forget_peaks(self) -> None:
        """`most_connections` and `most_under_way` begin anew."""
        await asyncio.to_thread(_told, self.url, {"forget_peaks": 1.0})


async def canned_cx(lab: Lab, *, orders: int, delay_ms: float = 0) -> CannedVendor:
    """A canned Civica Cx with so many issued orders, numbered from FIRST."""
    return await _start(lab, "civica_cx", "cx", orders=orders, delay_ms=delay_ms)


async def canned_nexusfs(lab: Lab, *, orders: int = 1000, delay_ms: float = 0) -> CannedVendor:
    """A canned NexusFS with so many orders, numbered from FIRST, that can be read one by one."""
    return await _start(lab, "nexusfs", "nexusfs", orders=orders, delay_ms=delay_ms)


async def _start(lab: Lab, slug: str, module: str, *, orders: int, delay_ms: float) -> CannedVendor:
    port = free_port()
    size = ["--port", str(port), "--orders", str(orders), "--delay-ms", str(delay_ms)]
    command = [sys.executable, "-m", f"benchmarks.vendors.{module}", *size]
    process = await lab.start(command, name=module, port=port)
    return CannedVendor(process=process, port=port, slug=slug, orders=range(FIRST, FIRST + orders))


def _told(url: str, body: Mapping[str, float] | None) -> Mapping[str, int]:
    data = None if body is None else json.dumps(body).encode()
    with build_opener(ProxyHandler({})).open(Request(f"{url}/_bench", data=data), timeout=30) as answer:
        told: dict[str, int] = json.loads(answer.read())
        return told
