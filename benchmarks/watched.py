"""`orderbridge serve` with a watch on its event loop, `python -m benchmarks.watched --port P --config FILE --into FILE`.

A timer is due each millisecond; how late it comes is how long the loop was kept from everybody. That is the gateway's own doing
as far as the loop's thread computed meanwhile, and beyond that unless a thread of the gateway was ready to run and others had
the processors (schedstat tells how long): so what is left is computing on the loop, and waiting there for a thread that has
the interpreter, for a lock or for a disk. At each SIGUSR1 it writes down what there was since the last one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from heapq import heappush, heappushpop
from pathlib import Path
from types import FrameType

from app import logs
from app.commands.gateway import GatewayServer
from app.commands.listener import bound
from app.settings import load

TICK_S = 0.001
KEPT = 20
"""So many of the longest are told."""
THREADS_EVERY = 100
"""After so many ticks it is seen which threads there are."""


@dataclass(frozen=True, kw_only=True, order=True)
class Block:
    """One time that the timer was late, in ms. `blocked` of it is laid to the gateway."""

    blocked: float
    late: float
    queued: float
    """What its threads waited for a processor meanwhile."""
    computing: float
    """What the loop's own thread computed meanwhile."""
    process: float
    """What all threads of the process computed meanwhile."""


class Queued:
    """How long the threads of this process have been ready to run while others ran."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._looks = 0

    def __call__(self) -> float:
        """In seconds, all threads together."""
        if self._looks % THREADS_EVERY == 0:
            for thread in os.listdir("/proc/self/task"):
                if thread not in self._files:
                    self._files[thread] = os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY)
        self._looks += 1
        return sum(map(_queued_ns, self._files.values())) / 1e9


def _queued_ns(file: int) -> int:
    with suppress(ProcessLookupError):  # the thread has ended
        return int(os.pread(file, 100, 0).split()[1])
    return 0


@dataclass(kw_only=True)
class Watch:
    """On the loop that `begin` is called on."""

    into: Path
    queued_s: Callable[[], float] = field(default_factory=Queued)
    _tellings: int = 0
    _ticks: int = 0
    _longest: list[Block] = field(default_factory=list)

    def begin(self) -> None:
        signal.signal(signal.SIGUSR1, self.tell)
        self._loop = asyncio.get_running_loop()
        self._rest()

    def _rest(self) -> None:
        self._was = time.perf_counter(), self.queued_s(), time.thread_time(), time.process_time()
        self._loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        is_now = time.perf_counter(), self.queued_s(), time.thread_time(), time.process_time()
        took, queued, computing, process = (now - was for now, was in zip(is_now, self._was, strict=True))
        late = took - TICK_S
        block = Block(
            blocked=max(min(computing, late), late - queued) * 1000,
            late=late * 1000,
            queued=queued * 1000,
            computing=computing * 1000,
            process=process * 1000,
        )
        (heappush if len(self._longest) < KEPT else heappushpop)(self._longest, block)
        self._ticks += 1
        self._rest()

    def tell(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Write down the longest since the last time, and begin anew."""
        self._tellings += 1
        longest = [asdict(one) for one in sorted(self._longest, reverse=True)]
        fresh = self.into.with_suffix(".new")
        fresh.write_text(json.dumps({"number": self._tellings, "ticks": self._ticks, "longest": longest}))
        fresh.replace(self.into)
        self._ticks, self._longest = 0, []


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watched", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--into", type=Path, required=True, help="what it writes")
    options = parser.parse_args()
    configuration = load(options.config)
    logs.configure(secrets=configuration.secrets())
    watch = Watch(into=options.into)
    with bound("127.0.0.1", options.port) as listener:
        GatewayServer(configuration, ready=watch.begin).serve_on(listener)


if __name__ == "__main__":
    main()
