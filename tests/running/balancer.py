"""A balancer of the plainest kind: each new connection goes to a gateway that says that it is ready, or lets itself be called."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import httpx

from tests.running.gateways import Gateway

LOOKS_EVERY_S = 0.1


class Balancer:
    """Pipes bytes; it looks at /readyz now and then, and at nothing else. A slow answer changes nothing."""

    def __init__(self, behind: Sequence[Gateway]) -> None:
        self._ready = dict.fromkeys((one.port for one in behind), True)
        self._turns = itertools.count()

    async def look(self) -> None:
        async with httpx.AsyncClient(timeout=2, trust_env=False, verify=False) as api:
            while True:
                for port in self._ready:
                    self._ready[port] = await _is_ready(api, port, was=self._ready[port])
                await asyncio.sleep(LOOKS_EVERY_S)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = next(self._turns)
        by_turn = sorted(self._ready, key=lambda port: (not self._ready[port], (port + turn) % len(self._ready)))
        for port in by_turn:
            try:
                behind = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                continue
            await asyncio.gather(_pipe(reader, behind[1]), _pipe(behind[0], writer))
            return
        writer.close()


async def _is_ready(api: httpx.AsyncClient, port: int, *, was: bool) -> bool:
    try:
        return (await api.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
    except httpx.TimeoutException:
        return was
    except httpx.TransportError:
        return False


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


@asynccontextmanager
async def balancer(behind: Sequence[Gateway]) -> AsyncIterator[str]:
    """Its address."""
    made = Balancer(behind)
    looking = asyncio.create_task(made.look())
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
