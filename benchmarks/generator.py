"""The load generator, `python -m benchmarks.generator`: a line of JSON says what to send, each further one is a run.

`load.py` talks to it. Raw HTTP/1.1 on uvloop, requests put together from prebuilt pieces: it costs a fraction of what it loads.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from urllib.parse import urlsplit

import uvloop

from app.domain.json import JsonObject
from benchmarks.connection import Connection, Tally
from benchmarks.workload import Work, work_of

OPEN_AT_ONCE = 256
LAST_ANSWERS_S = 60.0


class Run:
    """One run on fresh connections. Without a rate each asks again when it is answered; with one, requests come by the clock."""

    def __init__(self, tally: Tally, *, seconds: float | None, each: int | None, rate: float | None) -> None:
        self._tally = tally
        self._seconds = seconds if seconds is not None else float("inf")
        self._each = each
        self._rate = rate
        self._free: deque[Connection] = deque()
        self._waiting: deque[float] = deque()
        self._busy = 0
        self._over = False
        self._done = asyncio.Event()

    async def on(self, connections: Sequence[Connection]) -> None:
        """Send until the time or the requests are over, and wait for the last answer."""
        began = self._tally.began = self._tally.ended = perf_counter()
        for one in connections:
            one.left = -1 if self._each is None else self._each
        if self._rate is None:
            self._ends = began + self._seconds
            for one in connections:
                self._send(one, began)
            within_s = None if self._seconds == float("inf") else self._seconds + LAST_ANSWERS_S
        else:
            self._free.extend(connections)
            await self._by_the_clock(began)
            within_s = LAST_ANSWERS_S
        try:
            async with asyncio.timeout(within_s):
                await self._done.wait()
        except TimeoutError:
            self._tally.fault(f"{self._busy} requests were not answered")

    async def _by_the_clock(self, began: float) -> None:
        """Whatever is due is sent, on a connection that is free or on the next that is."""
        assert self._rate is not None
        sent, last = 0, int(self._rate * self._seconds)
        self._ends = float("inf")
        while sent < last:
            now = perf_counter()
            while sent < last and (due := began + sent / self._rate) <= now:
                sent += 1
                if self._free:
                    self._send(self._free.popleft(), perf_counter())  # that our clock came late is no fault of theirs
                else:
                    self._waiting.append(due)
            await asyncio.sleep(max(0.0005, began + sent / self._rate - perf_counter()))
        self._over = True
        if self._busy == 0:
            self._done.set()

    def _send(self, connection: Connection, due: float) -> None:
        self._busy += 1
        connection.left -= 1
        connection.send(due)

    def idle(self, connection: Connection) -> None:
        """The connection has its answer, or is lost."""
        self._busy -= 1
        if self._rate is not None:
            if connection.lost:
                pass
            elif self._waiting:
                self._send(connection, self._waiting.popleft())
            else:
                self._free.append(connection)
            over = self._over
        else:
            now = perf_counter()
            if not connection.lost and connection.left != 0 and now < self._ends:
                self._send(connection, now)
            over = True
        if over and self._busy == 0:
            self._done.set()


async def one_run(work: Work, url: str, told: JsonObject) -> JsonObject:
    """What one line asks for. Connections are made before the clock starts."""
    loop = asyncio.get_running_loop()
    place = urlsplit(url)
    host, port = place.hostname or "", place.port or 80
    count, expected = told["connections"], told["expected"]
    assert isinstance(count, int)
    assert isinstance(expected, list)
    tally = Tally(expected=frozenset(expected))
    run = Run(tally, seconds=number(told, "seconds"), each=whole(told, "each"), rate=number(told, "rate"))
    senders = work.dealt(count, str(told["bearer"]))
    connections: list[Connection] = []
    try:
        for first in range(0, count, OPEN_AT_ONCE):
            made = [
                loop.create_connection(lambda: Connection(tally, run.idle), host, port)
                for _ in range(first, min(count, first + OPEN_AT_ONCE))
            ]
            connections += [connection for _, connection in await asyncio.gather(*made)]
        for connection, sender in zip(connections, senders, strict=True):
            connection.next = sender
        await run.on(connections)
    except OSError as error:
        tally.fault(f"no connection: {error}")
    finally:
        for connection in connections:
            connection.close()
    return tally.shown()


def number(told: JsonObject, name: str) -> float | None:
    value = told[name]
    return float(value) if isinstance(value, int | float) else None


def whole(told: JsonObject, name: str) -> int | None:
    value = told[name]
    return value if isinstance(value, int) else None


async def talk() -> None:
    """Line by line until stdin ends."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=listen, daemon=True).start()
    first: JsonObject = json.loads(await lines.get())
    url, work = str(first["url"]), work_of(first)
    print("{}", flush=True)
    while line := await lines.get():
        print(json.dumps(await one_run(work, url, json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(talk())
