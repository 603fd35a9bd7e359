"""Serves a simulator over HTTP with uvicorn, with the bare connection within the app's reach."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.vendors.simulation import Simulation
from app.vendors.simulation_connection import TRANSPORT

KEEP_ALIVE_S = 120
"""As IIS keeps an idle connection; with less, callers would meet closed connections that no fault asked for."""


class TransportProtocol(HttpToolsProtocol):
    """Puts the connection's transport into the scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


class SimulatorServer(uvicorn.Server):
    """Ends on SIGTERM and SIGINT by returning: the process can exit with 0. Calls that a fault holds are dropped."""

    def __init__(self, app: Simulation, *, host: str, port: int, ready: Callable[[], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=TransportProtocol,
                loop="uvloop",
                ws="none",
                lifespan="on",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
            )
        )
        self._app = app
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.closing.set()
        for connection in list(self.server_state.connections):
            connection.transport.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True
