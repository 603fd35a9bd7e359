"""Kept connections: what came on one unasked is never the answer to the next request."""

from __future__ import annotations

import asyncio
import inspect
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from app.vendors import transport_kept, transport_wire
from app.vendors.exchange import NotSent, Outgoing
from app.vendors.transport import VendorHttp
from tests.vendors.loopback import Behaviour, Loopback, head, loopback, reply
from tests.webhooks.certificates import Authority

ANSWER = head(200, {"Content-Length": "5"}) + b"first"


@pytest.fixture
async def http() -> AsyncIterator[VendorHttp]:
    http = VendorHttp(max_connections=4)
    yield http
    await http.aclose()


def request(url: str, method: str = "POST") -> Outgoing:
    return Outgoing(method=method, url=url, headers={}, body=b"" if method == "GET" else b"<x/>")


def then(first: Behaviour, *more: bytes) -> Behaviour:
    """The answer, and soon after it what nobody asked for."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        await first(writer)
        for piece in more:
            await asyncio.sleep(0.02)
            writer.write(piece)

    return behave


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "unasked",
    [
        pytest.param(ANSWER, id="the answer a second time"),
        pytest.param(head(408, {"Content-Length": "0", "Connection": "close"}), id="another answer"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="an answer to come"),
        pytest.param(b"no HTTP at all\r\n\r\n", id="no answer"),
        pytest.param(b"\r\n", id="a line break"),
        pytest.param(b"H", id="a letter"),
        pytest.param(ANSWER[:30], id="half a head"),
    ],
)
async def test_what_comes_unasked_answers_nothing(http: VendorHttp, unasked: bytes, method: str) -> None:
    async with loopback(then(reply(200, b"first"), unasked), reply(200, b"second")) as vendor:
        assert (await http.exchange(request(vendor.url, method), deadline_s=5)).body == b"first"
        await asyncio.sleep(0.06)
        assert (await http.exchange(request(vendor.url, method), deadline_s=5)).body == b"second"
    assert (vendor.connections, len(vendor.arrived)) == (2, 2)


async def test_of_several_kept_connections_the_silent_one_is_taken(http: VendorHttp) -> None:
    twice = then(reply(200, b"first"), ANSWER)
    async with loopback(twice, then(reply(200, b"first"), b""), reply(200, b"second")) as vendor:
        await asyncio.gather(*[http.exchange(request(vendor.url), deadline_s=5) for _ in range(2)])
        await asyncio.sleep(0.06)
        assert (await http.exchange(request(vendor.url), deadline_s=5)).body == b"second"
    assert vendor.connections == 2


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(2)
        yield server


def answer_once(server: socket.socket, into: list[socket.socket]) -> None:
    try:
        peer, _ = server.accept()
    except TimeoutError:
        return
    peer.recv(65536)
    peer.sendall(ANSWER)
    into.append(peer)


def in_thread(*calls: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=lambda: [call() for call in calls])
    thread.start()
    return thread


async def test_nor_does_what_lies_in_the_socket_when_the_next_request_is_sent(
    http: VendorHttp, listening: socket.socket
) -> None:
    peers: list[socket.socket] = []
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving = in_thread(*[lambda: answer_once(listening, peers)] * 2)
    await http.exchange(request(url), deadline_s=5)
    while not peers:
        await asyncio.sleep(0.01)
    peers[0].sendall(ANSWER.replace(b"first", b"stale"))  # the loop makes no turn from here to the request
    got = await http.exchange(request(url), deadline_s=5)
    serving.join()
    assert (got.body, len(peers)) == (b"first", 2)
    for peer in peers:
        peer.close()


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="there the body is written in the turn in which it is handed out"
)
async def test_what_comes_before_the_body_is_written_is_no_answer_and_nothing_was_sent(
    http: VendorHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands_out = transport_kept.Connector._get

    async def speaks(self: transport_kept.Connector, key: object, traces: object) -> Connection | None:
        kept = await hands_out(self, key, traces)  # type: ignore[arg-type]
        if (
            kept is not None and kept.protocol is not None
        ):  # uvloop reads between two turns; here it is a call of its own
            asyncio.get_running_loop().call_soon(kept.protocol.data_received, ANSWER)
        return kept

    async with loopback(reply(200, b"first"), reply(200, b"second")) as vendor:
        await http.exchange(request(vendor.url), deadline_s=5)
        monkeypatch.setattr(transport_kept.Connector, "_get", speaks)
        with pytest.raises(NotSent, match="Something came on the kept connection"):
            await http.exchange(request(vendor.url), deadline_s=5)
        assert len(vendor.arrived) == 1
        assert (await http.exchange(request(vendor.url), deadline_s=5)).body == b"second"


async def test_a_kept_connection_with_tls_is_used_again(
    http: VendorHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(folder=tmp_path)
    context = authority.trusting()
    monkeypatch.setattr(transport_wire, "trust", lambda: context)
    vendor = Loopback(port=0)
    vendor.answers.extend([reply(200, b"first")] * 3)
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0, ssl=authority.serving("localhost"))
    async with server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
        for _ in range(3):
            assert (await http.exchange(request(url), deadline_s=5)).body == b"first"
        await http.aclose()
    assert vendor.connections == 1


def test_aiohttp_has_what_this_rests_on() -> None:
    """Its own ways, which it may change from one version to the next; then `transport_kept` has to follow."""
    assert [*inspect.signature(aiohttp.BaseConnector._get).parameters] == ["self", "key", "traces"]
    assert "self._get(" in inspect.getsource(aiohttp.BaseConnector.connect)
    assert [*inspect.signature(aiohttp.BaseConnector._release).parameters] == [
        "self",
        "key",
        "protocol",
        "should_close",
    ]
    assert "_connector._release(" in inspect.getsource(Connection.release)
    assert "self._parser is None" in inspect.getsource(ResponseHandler.data_received)
    assert "self._tail" in inspect.getsource(ResponseHandler.should_close.fget)  # type: ignore[attr-defined]
    assert [*inspect.signature(aiohttp.ClientRequest.write_bytes).parameters] == [
        "self",
        "writer",
        "conn",
        "content_length",
    ]
    assert "self.write_bytes(" in inspect.getsource(aiohttp.ClientRequest.send)
    assert [*inspect.signature(aiohttp.ClientRequest.send).parameters] == ["self", "conn"]
    assert isinstance(inspect.getattr_static(ResponseHandler, "should_close"), property)
    assert "_buffer" in inspect.getsource(ResponseHandler.should_close.fget)  # type: ignore[attr-defined]
