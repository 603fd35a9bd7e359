"""A gateway whose event loop is watched (`watched.py`), and what was seen there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway import Gateway, Site
from benchmarks.processes import Fault, free_port

TOLD_WITHIN_S = 30.0
LOOKS_EVERY_S = 0.01


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the watch saw since it was last asked; `longest` as `watched.Block` has it, the longest first."""

    ticks: int
    longest: Sequence[Mapping[str, float]]

    @property
    def blocked_ms(self) -> float:
        """The longest time that the loop was blocked; without end where nothing was watched."""
        return self.longest[0]["blocked"] if self.longest else float("inf")


@dataclass(kw_only=True)
class Watched:
    """A gateway at work, watched since it listens."""

    gateway: Gateway
    into: Path
    asked: int = 0

    async def told(self) -> Told:
        """What there was since the last time. Raises Fault when it does not tell."""
        self.asked += 1
        os.kill(self.gateway.process.pid, signal.SIGUSR1)
        ends = time.monotonic() + TOLD_WITHIN_S
        while True:
            self.gateway.process.check()
            if self.into.exists() and (said := json.loads(self.into.read_text()))["number"] == self.asked:
                return Told(ticks=said["ticks"], longest=said["longest"])
            if time.monotonic() > ends:
                raise Fault(f"the watch does not tell: {self.gateway.process.words()}")
            await asyncio.sleep(LOOKS_EVERY_S)


async def serve_watched(site: Site) -> Watched:
    """The site's gateway, watched; otherwise as `Site.serve` starts it."""
    port, into, began = free_port(), site.folder / "watch.json", time.perf_counter()
    told = ["--port", str(port), "--config", str(site.config), "--into", str(into)]
    command = [sys.executable, "-P", "-m", "benchmarks.watched", *told]
    process = await site.lab.start(command, name="watched-gateway", port=port, cwd=site.folder)
    gateway = Gateway(site=site, process=process, port=port, ready_s=time.perf_counter() - began)
    return Watched(gateway=gateway, into=into)
