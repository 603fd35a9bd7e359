"""Runs the gateway's app on uvicorn until SIGTERM or SIGINT, and stops it so that no caller notices.

Told to stop, it is unready at once, goes on answering while balancers look away (`[server] drain_s`; SIGINT does not wait),
closes the listener, lets answers under way end, and then the calls to vendors: what is accepted is never lost.
"""

from __future__ import annotations

import asyncio
import gc
import math
import os
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.prefer import MAX_WAIT_S
from app.commands.door import let_nobody_in, waiting_at
from app.commands.protocol import ProblemProtocol
from app.main import create_app
from app.settings import Configuration

KEEP_ALIVE_S = 15
FIRST_REQUEST_S = 1
"""How long a connection may stay silent that was taken just before the listener closed."""
LET_IN_S = 0.05
"""Who began to connect before the listener let nobody in has so long to be let in."""
CLOSE = (b"connection", b"close")

log = structlog.get_logger(__name__)


class GatewayServer(uvicorn.Server):
    """Ends on SIGTERM and SIGINT by returning, so that the process exits with 0; `ready` is called when it listens."""

    def __init__(self, configuration: Configuration, *, ready: Callable[[], None]) -> None:
        self._app = create_app(configuration)
        self._drain_s = configuration.server.drain_s
        super().__init__(
            uvicorn.Config(
                self._app,
                loop="uvloop",
                http=ProblemProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                # What `Prefer: wait` may ask for; a read may take as long as one attempt.
                timeout_graceful_shutdown=math.ceil(max(MAX_WAIT_S, configuration.delivery.deadline_s)) + 10,
            )
        )
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._interrupted = False
        self._drained_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # what the start has made stays for good
        gc.enable()
        if not self.should_exit:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGINT and self._interrupted:
            os._exit(130)  # the second Ctrl-C waits for nothing; the ledger loses nothing by it
        self._interrupted = self._interrupted or sig == signal.SIGINT
        drain_s = self._drain_s if sig == signal.SIGTERM and self.started else 0
        self._drained_at = min(self._drained_at or math.inf, time.monotonic() + drain_s)
        self.should_exit = self.should_exit or drain_s == 0
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._begin_to_leave, drain_s)

    def _begin_to_leave(self, drain_s: float) -> None:
        """Unready from now on; every answer asks its caller to come back by another connection."""
        closing: asyncio.Event = self._app.state.gateway.closing
        if closing.is_set():
            return
        closing.set()
        self._app.state.gateway.dispatcher.leave()
        self.config.encoded_headers = [*self.config.encoded_headers, CLOSE]
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        for connection in self.server_state.connections:
            if isinstance(connection, HttpToolsProtocol) and not _is_silent(connection):
                connection.cycle.keep_alive = False  # an answer under way has the headers of when its request came
        log.info("stopping", answers_for_s=drain_s)

    async def on_tick(self, counter: int) -> bool:
        self.should_exit = self.should_exit or time.monotonic() >= (self._drained_at or math.inf)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listener, take the requests of the connections just made, then end as uvicorn does."""
        doors = [listener.dup() for listener in sockets or ()]
        for door in doors:
            let_nobody_in(door)
        await asyncio.sleep(LET_IN_S)
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in [one for door in doors for one in waiting_at(door)]:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        silent_until = time.monotonic() + FIRST_REQUEST_S
        while True:
            await asyncio.sleep(0.01)  # what has arrived on open connections is read before any of them is closed
            if time.monotonic() > silent_until or not any(map(_is_silent, self.server_state.connections)):
                break
        await super().shutdown(sockets)

    def _protocol(self) -> HttpToolsProtocol:
        return ProblemProtocol(self.config, self.server_state, self.lifespan.state)

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until told to stop. Raises what the app's lifespan raises, where uvicorn would only log it."""
        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self._serve_on(listener))

    async def _serve_on(self, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        with self.capture_signals():
            async with self._app.router.lifespan_context(self._app):
                await self.serve(sockets=[listener])


def _is_silent(connection: object) -> bool:
    """Whether a connection has not begun its first request."""
    return isinstance(connection, HttpToolsProtocol) and connection.cycle is None
