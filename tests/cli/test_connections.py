"""What is no HTTP, on a connection whose requests are at work: these are answered as they end, and nothing comes after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from app.commands.protocol import ProblemProtocol

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"%s / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Slow:
    """An app that reads the body of a POST or PATCH, takes its time, and counts what it has done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.goes_on = asyncio.Event()
        self.state = SimpleNamespace(public_url="http://gateway")  # what a problem needs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message: Message = {"more_body": scope["method"] in ("POST", "PATCH")}
        while message.get("more_body", False):
            message = await receive()
            if message["type"] != "http.request":
                return
        await self.goes_on.wait()
        self.done.append(scope["method"])
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
async def port(slow: Slow) -> AsyncIterator[int]:
    config = uvicorn.Config(slow, http=ProblemProtocol, ws="none", lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: ProblemProtocol(config=config, server_state=server.server_state, app_state={}), "127.0.0.1", 0
    )
    yield listening.sockets[0].getsockname()[1]
    listening.close()


async def talk(port: int, slow: Slow, *parts: bytes) -> bytes:
    """All that comes back until the connection is closed; the app goes on once everything is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.05)
    slow.goes_on.set()
    said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    await writer.wait_closed()
    return said


STRAY = [b" ", b"\0", b"x", b"what?\r\n\r\n", b"GET / HTTP/9\r\n\r\n"]


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("apart", [False, True])
async def test_what_comes_behind_a_request_says_nothing_of_it(port: int, slow: Slow, stray: bytes, apart: bool) -> None:
    said = await talk(port, slow, *([POST, stray, stray] if apart else [POST + stray]))
    assert said.startswith(b"HTTP/1.1 201 Created\r\n")
    assert said.endswith(b"\r\n\r\ndone")
    assert b"\r\nconnection: close\r\n" in said
    assert (said.count(b"HTTP/1.1"), slow.done) == (1, ["POST"])


async def test_every_request_before_it_is_answered(port: int, slow: Slow) -> None:
    said = await talk(port, slow, POST + GET + b"what?\r\n\r\n")
    assert (said.count(b"HTTP/1.1 201"), said.count(b"HTTP/1.1"), slow.done) == (2, 2, ["POST", "GET"])


async def test_a_body_that_cannot_be_read_behind_a_request_ends_the_connection_after_that(
    port: int, slow: Slow
) -> None:
    said = await talk(port, slow, GET + CHUNKED % b"POST")
    assert (said.count(b"HTTP/1.1 201"), said.count(b"HTTP/1.1"), slow.done) == (1, 1, ["GET"])


async def test_a_request_at_work_without_its_body_is_answered_as_it_ends(port: int, slow: Slow) -> None:
    said = await talk(port, slow, CHUNKED % b"DELETE")
    assert (said.count(b"HTTP/1.1 201"), said.count(b"HTTP/1.1"), slow.done) == (1, 1, ["DELETE"])


@pytest.mark.parametrize("request_", [b"what?\r\n\r\n", CHUNKED % b"POST", CHUNKED % b"PATCH"])
async def test_a_request_that_cannot_be_read_is_answered_by_a_problem_at_once(
    port: int, slow: Slow, request_: bytes
) -> None:
    said = await talk(port, slow, request_)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n")
    problem = json.loads(body)
    assert (problem["code"], problem["outcome"], slow.done) == ("malformed-request", "not_sent", [])


async def test_so_is_one_behind_a_request_that_is_answered(port: int, slow: Slow) -> None:
    slow.goes_on.set()
    said = await talk(port, slow, POST, b"what?\r\n\r\n")
    assert (said.count(b"HTTP/1.1 201"), said.count(b"HTTP/1.1 400")) == (1, 1)
    assert json.loads(said.rpartition(b"\r\n\r\n")[2])["code"] == "malformed-request"
