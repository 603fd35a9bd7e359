"""Runs the gateway's app on uvicorn until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from app.main import create_app
from app.settings import Configuration

KEEP_ALIVE_S = 15
GRACE_S = 30
"""How long answers under way may take once we are told to stop."""


class GatewayServer(uvicorn.Server):
    """Ends on SIGTERM and SIGINT by returning, so that the process exits with 0; `ready` is called when it listens."""

    def __init__(self, configuration: Configuration, *, ready: Callable[[], None]) -> None:
        self._app = create_app(configuration)
        super().__init__(
            uvicorn.Config(
                self._app,
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # what the start has made stays for good
        gc.enable()
        if not self.should_exit:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            os._exit(130)  # the second Ctrl-C waits for nothing; the ledger loses nothing by it
        self.should_exit = True

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until told to stop. Raises what the app's lifespan raises, where uvicorn would only log it."""
        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self._serve_on(listener))

    async def _serve_on(self, listener: socket.socket) -> None:
        with self.capture_signals():
            async with self._app.router.lifespan_context(self._app):
                await self.serve(sockets=[listener])
