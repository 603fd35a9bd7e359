"""Load from the outside: a generator process of its own, told what to send; what it measured, and that every answer was right."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.json import JsonObject
from benchmarks.lab import Lab
from benchmarks.processes import Fault, Process

Bearer = Callable[[], Awaitable[str]]
"""Gives the token to send, good for the whole run."""
LATE_S = 90.0
"""How long after its seconds a run may take to get its last answers."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run. Latencies are in ms, over all answers; `seconds` is from the first request to the last answer."""

    answered: int
    seconds: float
    statuses: Mapping[str, int]
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds if self.seconds > 0 else 0.0


@dataclass(kw_only=True)
class Load:
    """One generator at one address. It remembers the status that it gave each order, from run to run."""

    process: Process
    bearer: Bearer

    async def run(
        self,
        *,
        connections: int,
        seconds: float | None = None,
        each: int | None = None,
        rate: float | None = None,
        expected: Sequence[int] = (200, 201),
    ) -> Sample:
        """Send on so many fresh keep-alive connections, and wait for every answer.

        Closed loop: each connection asks again as soon as it is answered, for so many `seconds`, or `each` so many times.
        With a `rate`, open loop: so many requests a second, whatever the answers; a request that finds no connection free
        waits, and its latency counts from when it was due.

        Raises Fault for an answer with another status than those expected, for a connection that was lost, for no answer.
        """
        assert rate is None or seconds is not None, "a rate needs a time"
        told = {"connections": connections, "seconds": seconds, "each": each, "rate": rate, "expected": list(expected)}
        said = await self._ask({**told, "bearer": await self.bearer()}, within_s=(seconds or 0) + LATE_S)
        if said["faults"]:
            raise Fault(f"{self.process.name}: {said['wrong']} answers were wrong, such as {said['faults']}")
        return Sample(**{name: said[name] for name in Sample.__dataclass_fields__})  # type: ignore[arg-type]

    async def stop(self) -> None:
        await self.process.stop()

    async def _ask(self, told: JsonObject, *, within_s: float) -> JsonObject:
        running = self.process.running
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            running.stdin.write(json.dumps(told).encode() + b"\n")
            async with asyncio.timeout(within_s):
                line = await running.stdout.readline()
        except (TimeoutError, OSError):
            raise Fault(f"{self.process.name} did not end in time: {self.process.words()}") from None
        if not line:
            raise Fault(f"{self.process.name} ended by itself: {self.process.words()}")
        said: JsonObject = json.loads(line)
        return said


async def status_updates(
    lab: Lab,
    url: str,
    *,
    bearer: Bearer,
    orders: Sequence[int],
    backend: str = "civica-cx",
    statuses: Sequence[str] = ("on_site", "awaiting_materials"),
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Status updates of these orders, each order by turns to one and the other status, each with a fresh Idempotency-Key.

    A run deals the orders out to its connections, so that no two of them update one order; it needs as many as connections.
    """
    work: JsonObject = {
        "kind": "status_updates",
        "backend": backend,
        "orders": list(orders),
        "statuses": list(statuses),
    }
    return await _start(lab, url, work, bearer, headers)


async def reads(
    lab: Lab, url: str, *, bearer: Bearer, paths: Sequence[str], headers: Mapping[str, str] | None = None
) -> Load:
    """GETs of these paths, one after the other; the connections begin as far from each other as can be."""
    return await _start(lab, url, {"kind": "reads", "paths": list(paths)}, bearer, headers)


async def _start(lab: Lab, url: str, work: JsonObject, bearer: Bearer, headers: Mapping[str, str] | None) -> Load:
    process = await lab.start([sys.executable, "-m", "benchmarks.generator"], name="load", piped=True)
    load = Load(process=process, bearer=bearer)
    await load._ask({"url": url, "headers": dict(headers or {}), **work}, within_s=LATE_S)
    return load
