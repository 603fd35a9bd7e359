"""Server-sent events (HTML Living Standard §9.2): an answer without an end, which stops when it has to.

It ends when the process stops, when the caller's token or client is no longer good, when the caller has gone, and when the
caller takes nothing for READER_S. The caller then comes back with `Last-Event-ID`, and has missed nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from fastapi import Response
from starlette.types import Receive, Scope, Send

from app.ledger.store import StoreUnavailable

HEARTBEAT_S = 15.0
RETRY_MS = 2_000
"""What an EventSource waits before it comes back."""
LOOK_AT_TOKEN_S = 1.0
READER_S = 30.0
AGAIN_S = 2.0
"""How long to leave a database alone that does not answer."""
CHUNK = 32 * 1024
"""About how many bytes are handed on at once."""
MEDIA_TYPE = "text/event-stream"


class Over(Exception):
    """The caller takes nothing, or may be told nothing any more."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a stream's events come from: those that are there, as text, and what is set when there are more."""

    more: Callable[[], Awaitable[Sequence[str]]]
    news: Callable[[], asyncio.Event]


@dataclass(kw_only=True)
class _Line:
    """The connection to the caller."""

    send: Send
    ends: Sequence[asyncio.Task[str]]
    """Each comes to its end with a reason why the stream has to."""
    quiet_since: float = field(default=0.0)

    async def put(self, text: str) -> None:
        """Hand text on; waits while the caller is slow. Raises Over."""
        loop = asyncio.get_running_loop()
        message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        sending = asyncio.ensure_future(self.send(message))
        try:
            await asyncio.wait([sending, *self.ends], timeout=READER_S, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise Over
        finally:
            sending.cancel()
        sending.result()
        self.quiet_since = loop.time()

    async def wait(self, news: asyncio.Event, *, most_s: float = HEARTBEAT_S) -> None:
        """Wait for news; says that we are still here when there are none for long. Raises Over."""
        left_s = self.quiet_since + HEARTBEAT_S - asyncio.get_running_loop().time()
        if left_s <= 0:
            await self.put(": here\n\n")
            return
        waiting = asyncio.ensure_future(news.wait())
        try:
            timeout = min(left_s, most_s)
            await asyncio.wait([waiting, *self.ends], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    def reason(self) -> str | None:
        """Why the stream has to end, if it has."""
        return next((one.result() for one in self.ends if one.done()), None)


class EventStream(Response):
    """`place` counts the stream while it lasts, `good` says whether its caller may still listen."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        source: Source,
        *,
        place: AbstractContextManager[None],
        good: Callable[[], Awaitable[bool]],
        closing: asyncio.Event,
        head: bool,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._source = source
        self._place = place
        self._good = good
        self._closing = closing
        self._head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ends = [
            asyncio.ensure_future(self._stopping()),
            asyncio.ensure_future(self._no_longer_good()),
            asyncio.ensure_future(_gone(receive)),
        ]
        try:
            with self._place:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                if not self._head:
                    await self._run(_Line(send=send, ends=ends, quiet_since=asyncio.get_running_loop().time()))
            await _last(send)
        finally:
            for one in ends:
                one.cancel()

    async def _run(self, line: _Line) -> None:
        try:
            await line.put(f"retry: {RETRY_MS}\n\n")
            while (why := line.reason()) is None:
                news = self._source.news()
                chunk = ""
                for text in await self._there(line):
                    chunk += text
                    if len(chunk) > CHUNK:
                        await line.put(chunk)
                        chunk = ""
                if chunk:
                    await line.put(chunk)
                else:
                    await line.wait(news)
            await line.put(f": {why}\n\n")
        except Over:
            return

    async def _there(self, line: _Line) -> Sequence[str]:
        try:
            return await self._source.more()
        except StoreUnavailable:  # the caller keeps its place, and we try again
            await line.wait(asyncio.Event(), most_s=AGAIN_S)
            return ()

    async def _stopping(self) -> str:
        await self._closing.wait()
        return "the gateway stops; come back"

    async def _no_longer_good(self) -> str:
        while await self._good():
            await asyncio.sleep(LOOK_AT_TOKEN_S)
        return "the token is no longer good; get a new one and come back"


async def _last(send: Send) -> None:
    """End the answer, unless the caller does not even take that."""
    ending = asyncio.ensure_future(send({"type": "http.response.body", "body": b"", "more_body": False}))
    await asyncio.wait([ending], timeout=1)
    ending.cancel()


async def _gone(receive: Receive) -> str:
    while (await receive())["type"] != "http.disconnect":
        pass
    return "gone"
