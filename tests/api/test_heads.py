"""The head of a request: what two servers could read differently is refused, and what honest clients send is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.edge_app import edge_app

HOST = (b"host", b"gateway.example")


@dataclass(frozen=True)
class Met:
    status: int
    headers: dict[bytes, bytes]


async def met(*headers: tuple[bytes, bytes], version: str = "1.1") -> Met:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "http_version": version, "method": "GET", "path": "/odd/answer", "query_string": b""}
    scope |= {"raw_path": b"/odd/answer", "root_path": "", "headers": list(headers), "client": ("192.0.2.1", 1)}
    await edge_app()(scope, receive, send)
    return Met(status=sent[0]["status"], headers=dict(sent[0]["headers"]))


@pytest.mark.parametrize(
    "host",
    [
        b"gateway.example",
        b"GATEWAY.Example:8000",
        b"127.0.0.1:8000",
        b"[::1]:8000",
        b"[fe80::1%25eth0]",
        b"orderbridge_gateway-1:8000",
        b"xn--bcher-kva.example.",
        b"",
    ],
)
async def test_a_host_is_a_name_or_an_address_and_perhaps_a_port(host: bytes) -> None:
    assert (await met((b"host", host))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="no host"),
        pytest.param([HOST, HOST], id="two hosts"),
        pytest.param([HOST, (b"accept", b"*/*"), (b"host", b"elsewhere.example")], id="two hosts apart"),
        pytest.param([(b"host", b"gateway.example evil.example")], id="a host with a space"),
        pytest.param([(b"host", b"gateway.example/path")], id="a host with a slash"),
        pytest.param([(b"host", b"gateway.example,evil.example")], id="two hosts in one"),
        pytest.param([(b"host", b"me@gateway.example")], id="a host with a name of a user"),
        pytest.param([(b"host", "gätewäy".encode())], id="a host that is not ASCII"),
        pytest.param([HOST, (b"idempotency_key", b"a-key-of-sixteen-or-more")], id="an underscore for a hyphen"),
        pytest.param([HOST, (b"transfer-encoding", b"gzip, chunked")], id="gzip, chunked"),
        pytest.param([HOST, (b"transfer-encoding", b"xchunked")], id="xchunked"),
        pytest.param([HOST, (b"transfer-encoding", b"")], id="no encoding"),
        pytest.param([HOST, *[(b"transfer-encoding", b"chunked")] * 2], id="chunked twice"),
        pytest.param(
            [HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"gzip")], id="chunked and gzip"
        ),
        pytest.param([HOST, (b"content-length", b"0"), (b"transfer-encoding", b"chunked")], id="a length and chunks"),
    ],
)
async def test_an_ambiguous_head_is_refused_and_its_connection_closed(headers: list[tuple[bytes, bytes]]) -> None:
    answer = await met(*headers)
    assert (answer.status, answer.headers[b"connection"]) == (400, b"close")
    assert answer.headers[b"content-type"] == b"application/problem+json"


@pytest.mark.parametrize("encoding", [b"chunked", b"Chunked", b" chunked "])
async def test_chunks_are_read(encoding: bytes) -> None:
    assert (await met(HOST, (b"transfer-encoding", encoding))).status == 200


@pytest.mark.parametrize(("version", "status"), [("1.0", 200), ("1.1", 400), ("2.0", 400), ("1.2", 400), ("9.9", 400)])
async def test_only_http_1_0_may_leave_the_host_out(version: str, status: int) -> None:
    assert (await met(version=version)).status == status


@pytest.mark.parametrize("version", ["2.0", "1.2", "0.9"])
async def test_another_version_of_http_is_not_spoken(version: str) -> None:
    assert (await met(HOST, version=version)).status == 400
