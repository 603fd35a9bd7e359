"""Peer (e): one order read through, with FastAPI and httpx over aiohttp's connections. Nothing is checked, kept or translated."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from httpx_aiohttp import AiohttpTransport

ORDERS = "/seiapi/v3/trans/WorkOrder/"
LOG_IN = {"username": "sandbox", "password": "sandbox-secret"}
CONNECTIONS = 16


def create_app(vendor: str) -> FastAPI:
    """NexusFS at `vendor`; one log-in, at the start."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60)
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        transport = AiohttpTransport(client=session)
        async with httpx.AsyncClient(base_url=vendor, transport=transport, timeout=20) as client:
            token = (await client.post("/createjwt", json=LOG_IN)).raise_for_status().json()["token"]
            client.headers["x-access-token"] = token
            app.state.client = client
            yield

    app = FastAPI(title="A plain pass-through", lifespan=lifespan)

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/v1/backends/nexusfs/work-orders/{number}")
    async def read_work_order(request: Request, number: str) -> Response:
        client: httpx.AsyncClient = request.app.state.client
        answer = await client.get(ORDERS + number)
        return Response(answer.content, status_code=answer.status_code, media_type="application/json")

    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.pass_through", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--vendor", required=True, metavar="URL", help="where NexusFS is")
    options = parser.parse_args()
    app = create_app(options.vendor)
    uvicorn.run(app, port=options.port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
