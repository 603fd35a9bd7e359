"""The faulty wire: a TCP proxy before one vendor's simulator that spoils a seeded share of the exchanges, and counts them.

It answers three calls itself: `GET /_wire` tells the faults so far, how many writes came by, and what broke in the wire itself;
`GET /_wire/sent` every write with its mark and time; `POST /_wire` `{"writes": rates, "reads": rates, "refuse_s": seconds}`
sets what follows.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from tests.chaos.history import mark_in
from tests.chaos.http_messages import LONGEST_HEAD, Message, json_answer, read_message
from tests.chaos.wire_faults import FAULTS, REFUSE, Exchange, chosen, reset

CONTROL = "/_wire"


class Proxy:
    """Between a gateway and the vendor at `target`, until the process ends."""

    def __init__(self, target: tuple[str, int], *, seed: int, deadline_s: float, settle_s: float) -> None:
        self._target = target
        self._dice = random.Random(seed)
        self._deadline_s = deadline_s
        self._settle_s = settle_s
        self._rates: Mapping[bool, Mapping[str, float]] = {True: {}, False: {}}
        """By whether a request writes."""
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[object]] = set()
        self._port = 0
        self._server: asyncio.Server | None = None
        self._control: asyncio.Server | None = None
        self.faults: Counter[str] = Counter()
        self.sent: list[tuple[str, float]] = []
        self.broken: list[str] = []
        """What went wrong in the wire itself: such a run proves nothing."""

    async def listen(self, port: int = 0) -> int:
        """Serve on this port of loopback, or on a free one; gives the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=LONGEST_HEAD)
        self._port = self._server.sockets[0].getsockname()[1]
        return self._port

    async def listen_for_control(self, port: int) -> None:
        """Its own three calls are answered here even while the wire refuses connections."""
        self._control = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=LONGEST_HEAD)

    def set_rates(self, *, writes: Mapping[str, float], reads: Mapping[str, float]) -> None:
        """The share of exchanges that meets each fault from now on."""
        self._rates = {True: writes, False: reads}

    async def refuse(self, seconds: float) -> None:
        """Nobody listens for a while, and the connections that there are end."""
        self.faults[REFUSE] += 1
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            reset(writer)
        await asyncio.sleep(seconds)
        await self.listen(self._port)

    async def close(self) -> None:
        for server in (self._server, self._control):
            if server is not None:
                server.close()
        for writer in list(self._open):
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the lines that they hung up are closed in the loop's next turn

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("sockname")[1] == self._port:
            self._open.add(writer)
        line, asks, task = _Line(self._target), _Asks(reader), asyncio.current_task()
        assert task is not None
        self._keep(task)
        try:
            while (request := await asks.next()) is not None:
                if not await self._pass(request, line, asks, writer):
                    break
        except ConnectionError:
            pass  # the gateway has hung up, or was killed
        finally:
            self._open.discard(writer)
            asks.close()
            line.close()
            writer.close()

    async def _pass(self, request: Message, line: _Line, asks: _Asks, writer: asyncio.StreamWriter) -> bool:
        """One exchange; whether the connection lives on."""
        if request.target.startswith(CONTROL):
            writer.write(json_answer(self._controlled(request)))
            return True
        self._note(request)
        kind = chosen(self._dice, self._rates[request.writes])
        if kind is None:
            got = await line.ask(request)
            if got is not None:
                writer.write(got.raw)
                await writer.drain()
            return got is not None
        self.faults[kind] += 1
        return await FAULTS[kind](self._exchange(request, asks, writer))

    def _note(self, request: Message) -> None:
        if request.writes and (mark := mark_in(request.body.decode("utf-8", "replace"))) is not None:
            self.sent.append((mark, time.time()))

    def _exchange(self, request: Message, asks: _Asks, writer: asyncio.StreamWriter) -> Exchange:
        own = _Line(self._target)  # a line that is cut here must outlive the gateway's

        async def hand_on() -> None:
            if (after := await asks.next()) is not None:
                self._note(after)
                await own.ask(after, last=True)

        return Exchange(
            request=request,
            ask=lambda: own.ask(request, last=True),
            ask_in_part=lambda size: own.ask_in_part(request, size),
            later=self._later,
            rests=asks.rest,
            hand_on=hand_on,
            writer=writer,
            dice=self._dice,
            deadline_s=self._deadline_s,
            settle_s=self._settle_s,
        )

    def _later(self, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            await act()

        self._keep(asyncio.create_task(wait()))

    def _keep(self, task: asyncio.Task[object]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.broken.append(repr(error))

    def _controlled(self, request: Message) -> object:
        if request.target == f"{CONTROL}/sent":
            return self.sent
        asked: dict[str, object] = json.loads(request.body) if request.body else {}
        writes, reads = asked.get("writes"), asked.get("reads")
        if isinstance(writes, dict) and isinstance(reads, dict):
            self.set_rates(writes=writes, reads=reads)
        seconds = asked.get("refuse_s")
        if isinstance(seconds, int | float):
            self._keep(asyncio.create_task(self.refuse(seconds)))
        return {"faults": self.faults, "sent": len(self.sent), "broken": self.broken}


class _Asks:
    """The requests on a gateway's connection; the next may come while the last is still dealt with."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._coming: asyncio.Task[Message | None] | None = None

    async def next(self) -> Message | None:
        coming, self._coming = self._coming, None
        return await (coming or read_message(self._reader))

    async def rest(self, seconds: float) -> bool:
        """Whether none comes for so long, and the connection stays."""
        self._coming = self._coming or asyncio.create_task(read_message(self._reader))
        return not (await asyncio.wait((self._coming,), timeout=seconds))[0]

    def close(self) -> None:
        if self._coming is not None:
            self._coming.cancel()


class _Line:
    """The proxy's own connection to the vendor, opened when it is needed."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Message, *, last: bool = False) -> Message | None:
        """The vendor's answer; None where it hung up. After the `last` request the line is closed."""
        try:
            reader, writer = await self._opened()
            writer.write(request.raw)
            await writer.drain()
            got = await read_message(reader)
        except ConnectionError:
            got = None
        if last or got is None or got.closes:
            self.close()
        return got

    async def ask_in_part(self, request: Message, size: int) -> None:
        with contextlib.suppress(ConnectionError):
            _, writer = await self._opened()
            writer.write(request.raw[:size])
            await writer.drain()
        self.close()

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._target, limit=LONGEST_HEAD)
        return self._streams

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
