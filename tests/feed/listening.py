"""A listener of the stream that speaks ASGI to the app: it sees each piece as it is sent, and can refuse to take any."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.delivery.bench import until
from tests.gateway import Site


@dataclass(kw_only=True)
class Listener:
    """What has come so far. `takes` is cleared for a reader that takes nothing more."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    over: bool = False
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    leaves: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events, each with the `id` line that stood before it."""
        return parsed(self.text)

    async def has(self, count: int, *, within_s: float = 5) -> list[dict[str, Any]]:
        """The events once there are so many."""
        await until(lambda: len(self.events) >= count, within_s=within_s, what=lambda: self.text)
        return self.events

    async def ended(self, *, within_s: float = 5) -> str:
        """All that was said, once the stream has come to its end."""
        await until(lambda: self.over, within_s=within_s, what=lambda: f"it goes on: {self.text}")
        return self.text

    async def receive(self) -> MutableMapping[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message.get("body", b"").decode()
            self.over = not message.get("more_body", False)


def parsed(text: str) -> list[dict[str, Any]]:
    """The events of a stream's text; each must have a cursor that is its id."""
    found: list[dict[str, Any]] = []
    for block in text.split("\n\n")[:-1]:
        lines = dict(line.partition(": ")[::2] for line in block.split("\n"))
        if "data" in lines:
            event = json.loads(lines["data"])
            assert event["cursor"] == lines["id"]
            found.append(event)
    return found


@asynccontextmanager
async def listening(
    made: Site, *, api: httpx.AsyncClient | None = None, method: str = "GET", last: str | None = None, **params: str
) -> AsyncIterator[Listener]:
    """A stream, until the block ends; `last` is sent as Last-Event-ID."""
    headers = [(b"host", b"gateway"), (b"authorization", (api or made.api).headers["authorization"].encode())]
    if last is not None:
        headers.append((b"last-event-id", last.encode()))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/v1/events/stream",
        "raw_path": b"/v1/events/stream",
        "query_string": urlencode(params).encode(),
        "root_path": "",
        "headers": headers,
        "server": ("gateway", 80),
        "client": ("127.0.0.1", 1),
        "state": {},
        "extensions": {},
    }
    listener = Listener()
    listener.takes.set()
    task = asyncio.create_task(made.app(scope, listener.receive, listener.send))
    try:
        await until(lambda: listener.status or task.done())
        yield listener
    finally:
        listener.leaves.set()
        listener.takes.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.shield(task)
        assert task.done()
        task.result()
