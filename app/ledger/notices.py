"""What gateways on one PostgreSQL tell each other at once, by LISTEN and NOTIFY: a hint to look, never the only word.

Notices go out on a connection of their own, after the commit that they speak of and several at a time: inside a transaction
each would queue behind every other commit. One that is lost costs the wait until the next slow look, nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from app.lasting import lasting
from app.ledger.addresses import CONNECT_S

log = structlog.get_logger(__name__)

CHANNEL = "orderbridge"
TOGETHER_S = 0.005
"""How long a notice waits for others to go with it."""
AGAIN_S = 1.0
MOST = 10_000
"""Notices kept while the database is away; older ones are dropped, and the slow look finds what they spoke of."""


class Notices:
    """One per process. `hear` is called with the words of every notice of another process."""

    def __init__(self, url: str, *, sender: str, connect_s: float = CONNECT_S) -> None:
        self._url = url
        self._connect_s = connect_s
        self._sender = sender
        self._hear: Callable[[str], None] | None = None
        self._waiting: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def listen(self, hear: Callable[[str], None]) -> None:
        self._hear = hear

    def say(self, words: str) -> None:
        """Tell the other processes, soon."""
        if len(self._waiting) >= MOST:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[words] = None
        self._wake.set()

    def start(self) -> None:
        self._task = asyncio.create_task(lasting(self._run, what="notices"), name="notices")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._connected()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("notices between gateways are interrupted", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(AGAIN_S)

    async def _connected(self) -> None:
        connection = await asyncpg.connect(
            self._url,
            timeout=self._connect_s,
            command_timeout=5,
            server_settings={"application_name": "orderbridge notices"},
        )
        try:
            lost = asyncio.Event()

            def end(_connection: object) -> None:
                lost.set()
                self._wake.set()

            connection.add_termination_listener(end)
            await connection.add_listener(CHANNEL, self._heard)
            while True:
                await self._wake.wait()
                await asyncio.sleep(TOGETHER_S)
                if lost.is_set():
                    return
                await self._send(connection)
        finally:
            connection.terminate()

    async def _send(self, connection: asyncpg.Connection) -> None:
        """All that waits; if it cannot be said, it waits for the next connection."""
        self._wake.clear()
        words, self._waiting = self._waiting, {}
        if not words:
            return
        payloads = [f"{self._sender} {one}" for one in words]
        try:
            await connection.execute("SELECT pg_notify($1, word) FROM unnest($2::text[]) AS word", CHANNEL, payloads)
        except BaseException:
            self._waiting = dict.fromkeys([*words, *self._waiting][-MOST:])
            self._wake.set()
            raise

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, _, words = str(payload).partition(" ")
        if sender != self._sender and self._hear is not None:
            self._hear(words)
