"""A steady mix of reads and writes on an address, and what became of each request and, at the vendor, of each write."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from tests.running.gateways import BACKEND, log_in

FIRST_ORDER = 300_000
CODES = (11, 9)
"""What each order is set to, one after the other: two writes, sent without waiting for each other."""
AT = "2026-11-20T20:40:00Z"
OF_FOUR_ONE_WRITES = 4


@dataclass(kw_only=True)
class Load:
    """`rate` requests in a second, whatever the answers; one in four is a status update with a key of its own."""

    url: str
    rate: float
    failed: list[str] = field(default_factory=list)
    answered: Counter[int] = field(default_factory=Counter)
    written: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Of each acknowledged write, by its operation: the order, and the code that it was to have."""
    slowest_s: float = 0
    took_s: float = 0
    _writes: Iterator[int] = field(default_factory=itertools.count)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop, then wait for every answer."""
        # A connection that rested is not used again: whoever lets go first avoids the request that crosses a close.
        limits = httpx.Limits(max_connections=100, keepalive_expiry=0.5)
        async with httpx.AsyncClient(
            base_url=self.url, timeout=60, trust_env=False, verify=False, limits=limits
        ) as api:
            await log_in(api)
            loop = asyncio.get_running_loop()
            begun, sent = loop.time(), set[asyncio.Task[None]]()
            for n in itertools.count():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), begun + n / self.rate - loop.time())
                if stop.is_set():
                    break
                task = asyncio.create_task(self._one(api, n))
                sent.add(task)
                task.add_done_callback(sent.discard)
            self.took_s = loop.time() - begun
            await asyncio.gather(*sent)

    async def _one(self, api: httpx.AsyncClient, n: int) -> None:
        begun = time.perf_counter()
        what = "write" if n % OF_FOUR_ONE_WRITES == 0 else "read"
        try:
            answer = await (self._write(api) if what == "write" else self._read(api, n))
        except httpx.HTTPError as error:
            self.failed.append(f"{what} {n}: {error!r}")
            return
        self.slowest_s = max(self.slowest_s, time.perf_counter() - begun)
        self.answered[answer.status_code] += 1
        if answer.status_code not in (200, 201, 202):
            self.failed.append(f"{what} {n}: {answer.status_code} {answer.text}")

    async def _write(self, api: httpx.AsyncClient) -> httpx.Response:
        n = next(self._writes)
        number, code = str(FIRST_ORDER + n // len(CODES)), CODES[n % len(CODES)]
        answer = await api.post(
            f"/v1/backends/{BACKEND}/work-orders/{number}/status-updates",
            json={"vendor_code": str(code), "occurred_at": AT},
            headers={"Idempotency-Key": f"restarts-{n:012d}"},
        )
        if answer.status_code in (201, 202):
            self.written[answer.json()["operation_id"]] = number, code
        return answer

    async def _read(self, api: httpx.AsyncClient, n: int) -> httpx.Response:
        known = next(reversed(self.written), None)
        match n % 3:
            case 0 if known is not None:
                return await api.get(f"/v1/operations/{known}")
            case 1 if known is not None:
                number, _ = self.written[known]
                path = f"/v1/backends/{BACKEND}/work-orders/{number}"
                return await api.get(path, headers={"Cache-Control": "max-stale=3600"})
        return await api.get(f"/v1/backends/{BACKEND}/work-orders", params={"limit": 5})
