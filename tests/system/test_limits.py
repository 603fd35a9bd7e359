"""What the shipped nginx configuration keeps away from the gateways, and what it answers in their place."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import yaml

from app.api.requests import MAX_BODY
from app.domain.errors import ERRORS
from tests.api.routes.contract import check_problem
from tests.api.routes.document_schema import faults
from tests.cli.processes import free_ports
from tests.gateway import SECRET
from tests.running.gateways import Gateway, add_caller, configure, gateways
from tests.system.nginx import SHIPPED, nginx

PER_ADDRESS = 100
HEADER_S = 10


def at(folder: Path, *ports: int) -> list[Gateway]:
    """Gateways that nobody starts; something else may listen there."""
    return [Gateway(folder=folder, port=port) for port in ports]


@asynccontextmanager
async def somebody_silent() -> AsyncIterator[int]:
    """The port of one who takes connections and says nothing."""
    taken: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: taken.append(writer), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in taken:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def is_problem(answer: httpx.Response, status: int, code: str, outcome: str = "not_sent") -> None:
    """A problem as the contract has it, so that a client made from the contract can read it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    document = yaml.safe_load((SHIPPED.parents[1] / "openapi.yaml").read_text())
    assert list(faults(problem, {"$ref": "#/components/schemas/Problem"}, document)) == []
    check_problem(answer)
    assert (problem["status"], problem["code"], problem["outcome"]) == (status, code, outcome)
    assert problem["instance"] == answer.request.url.raw_path.decode().partition("?")[0]


def test_no_gateway_at_all_is_a_problem_to_try_again(tmp_path: Path) -> None:
    with nginx(tmp_path, at(tmp_path, *free_ports(2))) as url:
        answer = httpx.post(f"{url}/oauth/token", content=b"x", trust_env=False)
    is_problem(answer, 503, "overloaded")
    assert answer.headers["retry-after"] == "2"


@asynccontextmanager
async def somebody_who_hangs_up() -> AsyncIterator[int]:
    """The port of one who takes a whole request, and goes without an answer."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_an_answer_that_got_lost_is_not_told_as_a_request_that_was_never_sent(tmp_path: Path) -> None:
    async with somebody_who_hangs_up() as port, httpx.AsyncClient(trust_env=False) as api:
        (nobody,) = free_ports(1)
        for behind in ((port, port), (port, nobody)):
            with nginx(tmp_path, at(tmp_path, *behind)) as url:
                answer = await api.post(f"{url}/v1/backends/civica-cx/work-orders", json={})
            is_problem(answer, 500, "internal-error", "unknown")
            assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, None),
        ({"X-Request-Id": "mine-1", "Request-Id": "mine-2"}, "mine-1"),
        ({"Request-Id": "mine-2"}, "mine-2"),
        ({"X-Request-Id": '"><'}, None),
    ],
)
async def test_the_gateways_are_given_the_id_that_the_caller_is_told(
    tmp_path: Path, headers: dict[str, str], kept: str | None
) -> None:
    seen: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        seen.append(head.partition("x-request-id: ")[2].partition("\r\n")[0])
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server, httpx.AsyncClient(trust_env=False) as api:
        port = server.sockets[0].getsockname()[1]
        with nginx(tmp_path, at(tmp_path, port, port)) as url:
            told = (await api.get(f"{url}/v1/backends", headers=headers)).headers["x-request-id"]
    assert set(seen) == {told}
    assert told == kept or (kept is None and re.fullmatch("req_[0-9a-f]{32}", told))


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("/v1/holds?state=open", "/v1/holds"),
        ("/a%22%5Cb", "/a%22%5Cb"),
        ('/a"b', "/"),
        ("/a\\b", "/"),
        ("/" + "x" * 400, "/"),
    ],
)
def test_an_odd_address_leaves_the_answer_readable(sent: str, told: str, tmp_path: Path) -> None:
    with nginx(tmp_path, at(tmp_path, *free_ports(2))) as url:
        said = raw(url, f"GET {sent} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
    assert json.loads(said.partition("\r\n\r\n")[2])["instance"] == told


@pytest.mark.parametrize(
    "head",
    [
        "GET /" + "x" * 20_000 + " HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nX-Long: " + "x" * 20_000 + "\r\n",
        "GET / HTTP/1.1\r\n",
    ],
    ids=["a long line", "a long header", "no host"],
)
def test_a_request_that_nginx_cannot_read_is_a_problem_too(head: str, tmp_path: Path) -> None:
    with nginx(tmp_path, at(tmp_path, *free_ports(2))) as url:
        said = raw(url, f"{head}Connection: close\r\n\r\n")
    assert said.startswith("HTTP/1.1 400 ")
    told = json.loads(said.partition("\r\n\r\n")[2])
    assert (told["code"], told["instance"]) == ("malformed-request", "/")


def raw(url: str, request: str) -> str:
    """What is answered to a request that no client would send."""
    at = httpx.URL(url)
    with socket.create_connection((at.host, at.port)) as line:
        line.sendall(request.encode("latin-1"))
        return b"".join(iter(lambda: line.recv(65536), b"")).decode()


def test_a_body_that_is_too_large_never_reaches_a_gateway(tmp_path: Path) -> None:
    with nginx(tmp_path, at(tmp_path, *free_ports(2))) as url:
        largest = httpx.post(f"{url}/v1/backends", content=b"x" * MAX_BODY, trust_env=False)
        larger = httpx.post(f"{url}/v1/backends", content=b"x" * (MAX_BODY + 1), trust_env=False)
    is_problem(largest, 503, "overloaded")
    is_problem(larger, 413, "body-too-large")


async def test_one_address_cannot_take_every_place(tmp_path: Path) -> None:
    async with somebody_silent() as port, httpx.AsyncClient(trust_env=False, timeout=3, limits=_unlimited()) as api:
        with nginx(tmp_path, at(tmp_path, port, port)) as url:
            asked = [api.get(f"{url}/v1/backends") for _ in range(PER_ADDRESS + 20)]
            found = await asyncio.gather(*asked, return_exceptions=True)
    answers = [one for one in found if isinstance(one, httpx.Response)]
    assert len(answers) == 20
    for answer in answers:
        is_problem(answer, 429, "rate-limited")


async def test_a_header_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    with nginx(tmp_path, at(tmp_path, *free_ports(2))) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        begun = time.monotonic()
        writer.write(b"GET /livez HTTP/1.1\r\nHost: gateway\r\nX-Slow: ")
        said = asyncio.create_task(reader.read())
        while not said.done() and time.monotonic() < begun + 3 * HEADER_S:
            writer.write(b"a")
            await asyncio.wait([said], timeout=0.5)
        assert HEADER_S - 1 < time.monotonic() - begun < HEADER_S + 5
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def test_the_problems_are_those_that_the_gateway_documents() -> None:
    written = [json.loads(line.split("'")[1]) for line in SHIPPED.read_text().splitlines() if "return " in line]
    assert {
        one["code"]: (one["title"], one["status"], one["retryable"], one["outcome"], one["next"]["action"])
        for one in written
    } == {
        code: (
            ERRORS[code].title,
            ERRORS[code].status,
            ERRORS[code].retryable,
            ERRORS[code].outcome,
            ERRORS[code].action,
        )
        for code in ("not-found", "malformed-request", "body-too-large", "rate-limited", "internal-error", "overloaded")
    }


def _unlimited() -> httpx.Limits:
    return httpx.Limits(max_connections=None)


@pytest.mark.parametrize("path", ["/metrics", "/%6detrics", "//metrics", "/v1/../metrics", "/metrics?name=up"])
def test_the_metrics_are_not_for_outside(path: str, tmp_path: Path) -> None:
    with nginx(tmp_path, at(tmp_path, *free_ports(2))) as url:
        reader = http.client.HTTPConnection(httpx.URL(url).host, httpx.URL(url).port)
        reader.request("GET", path)
        answer = reader.getresponse()
        told = json.loads(answer.read())
        reader.close()
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (told["status"], told["code"], told["request_id"]) == (404, "not-found", answer.headers["x-request-id"])


async def test_who_guesses_secrets_stops_his_own_log_ins_alone(tmp_path: Path, sqlite_template: Path) -> None:
    database = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'orderbridge.db')}"
    await add_caller(database)
    configure(
        tmp_path,
        database=database,
        vendor_url="http://127.0.0.1:9",
        server={"drain_s": 0, "trusted_proxies": ["127.0.0.1"]},
    )
    form = {"grant_type": "client_credentials", "client_id": "tester"}
    with gateways(tmp_path) as (gateway,), nginx(tmp_path, [gateway, gateway]) as url:
        async with coming_from("127.0.0.2", url) as guesser, coming_from("127.0.0.3", url) as caller:
            guesses = [
                await guesser.post(
                    "/oauth/token", data={**form, "client_secret": "x"}, headers={"X-Forwarded-For": f"198.51.100.{n}"}
                )
                for n in range(11)
            ]
            answer = await caller.post("/oauth/token", data={**form, "client_secret": SECRET})
    assert [one.status_code for one in guesses] == [401] * 10 + [429]
    assert answer.status_code == 200


def coming_from(address: str, url: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(base_url=url, transport=transport, trust_env=False)


async def test_what_is_streamed_arrives_at_once(tmp_path: Path) -> None:
    seen, ended = asyncio.Event(), asyncio.Event()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\ndata: {}\n\n")
        await writer.drain()
        await seen.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(stream, "127.0.0.1", 0) as gateway:
        port = gateway.sockets[0].getsockname()[1]
        with nginx(tmp_path, at(tmp_path, port, port)) as url:
            async with (
                httpx.AsyncClient(trust_env=False, timeout=3) as api,
                api.stream("GET", f"{url}/v1/events/stream") as answer,
            ):
                first = await anext(answer.aiter_bytes())
            seen.set()
            await asyncio.wait_for(ended.wait(), 10)
    assert first == b"id: 1\ndata: {}\n\n"
