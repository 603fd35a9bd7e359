"""The way out: what was never sent, what was never answered, and what no vendor's server can make us do."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from unittest.mock import Mock

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable
from app.vendors.exchange import NotSent, Outgoing, Reply, Unanswered
from app.vendors.transport import _WORDS, NEVER_SENT, VendorHttp
from app.vendors.transport_kept import Spoken, Unwritable
from app.vendors.transport_wire import true_error
from tests.vendors.loopback import Behaviour, after, hang, hang_up, head, loopback, raw, reply, reset, truncated


@pytest.fixture
async def http() -> AsyncIterator[VendorHttp]:
    http = VendorHttp(max_connections=4)
    yield http
    await http.aclose()


def request(url: str, method: str = "POST", body: bytes = b"<x/>") -> Outgoing:
    return Outgoing(method=method, url=url, headers={"Accept-Encoding": "identity"}, body=body)


async def test_an_answer_comes_back_as_it_was_whatever_its_status(http: VendorHttp) -> None:
    async with loopback(reply(500, b"<html>oops</html>", Content_Type="text/html")) as vendor:
        answer = await http.exchange(request(vendor.url), deadline_s=5)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (500, b"<html>oops</html>", "text/html")


async def test_an_empty_200_is_an_answer(http: VendorHttp) -> None:
    async with loopback(reply(200)) as vendor:
        answer = await http.exchange(request(vendor.url), deadline_s=5)
    assert answer == Reply(status=200, headers=answer.headers, body=b"")


async def test_a_redirect_is_an_answer_and_nobody_follows_it(http: VendorHttp) -> None:
    async with loopback() as elsewhere, loopback(reply(307, Location=elsewhere.url)) as vendor:
        answer = await http.exchange(request(vendor.url), deadline_s=5)
    assert (answer.status, elsewhere.arrived) == (307, [])


async def test_a_vendors_cookie_is_not_sent_back(http: VendorHttp) -> None:
    async with loopback(reply(200, Set_Cookie="ASP.NET_SessionId=1; Path=/"), reply(200)) as vendor:
        await http.exchange(request(vendor.url), deadline_s=5)
        await http.exchange(request(vendor.url), deadline_s=5)
    assert [sorted(arrived.headers) for arrived in vendor.arrived] == [
        ["accept-encoding", "content-length", "host"]
    ] * 2


async def test_a_proxy_in_the_environment_is_ignored(http: VendorHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with loopback(reply(200)) as vendor:
        assert (await http.exchange(request(vendor.url), deadline_s=5)).status == 200


async def test_a_connection_is_kept_for_the_next_call(http: VendorHttp) -> None:
    async with loopback(reply(200, b"a"), reply(200, b"b")) as vendor:
        await http.exchange(request(vendor.url), deadline_s=5)
        await http.exchange(request(vendor.url), deadline_s=5)
        assert (vendor.connections, len(vendor.arrived)) == (1, 2)


@pytest.mark.parametrize(
    "target", ["/WO%281%29?q=%28%3D", "/A%3Bx", "/A;x", "/%7E%2e/%2F", "/%C3%A9+%2B", "/a/../b", "/?x[]=%zz"]
)
async def test_an_address_is_on_the_wire_as_it_stands(http: VendorHttp, target: str) -> None:
    async with loopback(reply(200)) as vendor:
        await http.exchange(request(vendor.url + target), deadline_s=5)
    assert vendor.arrived[0].target == target


async def test_an_address_that_cannot_stand_on_the_wire_is_written_as_it_can(http: VendorHttp) -> None:
    """As a WSDL may name one in an import."""
    async with loopback(reply(200)) as vendor:
        await http.exchange(request(f"{vendor.url}/é f?xsd=ü"), deadline_s=5)
    assert vendor.arrived[0].target == "/%C3%A9%20f?xsd=%C3%BC"


@pytest.mark.parametrize("host", ["fsm..example", f"{'a' * 64}.example", ".example"])
async def test_nothing_was_sent_to_a_host_that_cannot_be(http: VendorHttp, host: str) -> None:
    with pytest.raises(NotSent) as raised:
        await http.exchange(request(f"http://{host}/"), deadline_s=5)
    assert raised.value.trouble is BackendUnavailable


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("value", ["abc\n", "a\r\nX-Other: b", "a\x00b"])
async def test_a_header_that_http_cannot_carry_was_never_sent_and_is_ours_to_mend(
    http: VendorHttp, value: str, method: str
) -> None:
    async with loopback(reply(200)) as vendor:
        broken = Outgoing(method=method, url=vendor.url, headers={"x-access-token": value}, body=b"")
        with pytest.raises(NotSent) as caught:
            await http.exchange(broken, deadline_s=5)
        with pytest.raises(NotSent):
            async with http.stream(broken, deadline_s=5):
                raise AssertionError("nothing may answer")
        assert (await http.exchange(request(vendor.url), deadline_s=5)).status == 200
    assert (caught.value.trouble, len(vendor.arrived)) == (BackendMisconfigured, 1)
    assert value not in caught.value.detail


async def test_a_refused_connection_was_never_sent(http: VendorHttp) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(NotSent) as caught:
            await http.exchange(request(url), deadline_s=5)
    assert caught.value.trouble is BackendUnavailable


async def test_a_host_that_does_not_exist_was_never_sent_to(http: VendorHttp) -> None:
    with pytest.raises(NotSent):
        await http.exchange(request("http://nowhere.invalid"), deadline_s=5)


async def test_a_connection_that_is_not_taken_in_time_was_never_sent(http: VendorHttp) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        with pytest.raises(NotSent):
            await http.exchange(request(f"http://127.0.0.1:{full.getsockname()[1]}"), deadline_s=0.4)
        for filler in fillers:
            filler.close()


async def test_a_server_without_tls_was_never_sent_to(http: VendorHttp) -> None:
    async with loopback(hang_up) as vendor:
        with pytest.raises(NotSent):
            await http.exchange(request(f"https://127.0.0.1:{vendor.port}"), deadline_s=5)
    assert vendor.arrived == []


async def test_what_begins_after_its_deadline_was_never_sent(http: VendorHttp) -> None:
    async with loopback() as vendor:
        with pytest.raises(NotSent) as caught:
            await http.exchange(request(vendor.url), deadline_s=0)
    assert (caught.value.trouble, vendor.arrived) == (BackendTimeout, [])


@dataclass(frozen=True, kw_only=True)
class Lost:
    id: str
    behaviour: Behaviour
    late: bool = False


LOST = [
    Lost(id="the server hangs up after the request", behaviour=hang_up),
    Lost(id="the connection is reset after the request", behaviour=reset),
    Lost(id="the answer is cut off", behaviour=truncated(b"<x>half of it</x>")),
    Lost(id="the answer is not HTTP", behaviour=raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
    Lost(id="there is no answer", behaviour=hang, late=True),
    Lost(
        id="the answer drips past the deadline",
        behaviour=raw(head(200, {"Content-Length": "50"}), *[b"."] * 50, pause_s=0.05),
        late=True,
    ),
    Lost(
        id="the head drips past the deadline",
        behaviour=raw(*[bytes([byte]) for byte in head(200, {"Content-Length": "0"})], pause_s=0.05),
        late=True,
    ),
    Lost(id="the answer is larger than it may be", behaviour=reply(200, b"." * 5000)),
    Lost(
        id="the answer grows larger than it may be",
        behaviour=raw(head(200, {"Content-Type": "text/xml"}), *[b"." * 500] * 10),
    ),
    Lost(
        id="the answer is compressed",
        behaviour=reply(200, gzip.compress(b"." * 10_000_000)[:3000], Content_Encoding="gzip"),
    ),
]


@pytest.mark.parametrize("case", LOST, ids=lambda case: case.id)
async def test_a_lost_answer_is_unanswered_and_never_not_sent(http: VendorHttp, case: Lost) -> None:
    async with loopback(case.behaviour) as vendor:
        began = asyncio.get_running_loop().time()
        with pytest.raises(Unanswered) as caught:
            await http.exchange(request(vendor.url), deadline_s=0.6, limit=4096)
        took_s = asyncio.get_running_loop().time() - began
    assert (caught.value.late, len(vendor.arrived)) == (case.late, 1)
    assert took_s < 0.6 + 0.5


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_request_on_a_kept_connection_that_breaks_is_not_sent_again(http: VendorHttp, method: str) -> None:
    async with loopback(reply(200, b"a"), hang_up) as vendor:
        await http.exchange(request(vendor.url), deadline_s=5)
        with pytest.raises(Unanswered):
            await http.exchange(request(vendor.url, method), deadline_s=5)
    assert len(vendor.arrived) == 2


async def test_a_vendor_has_only_so_many_calls_at_once() -> None:
    http = VendorHttp(max_connections=2)
    async with loopback(*[after(0.05, reply(200))] * 8) as vendor:
        await asyncio.gather(*[http.exchange(request(vendor.url), deadline_s=5) for _ in range(8)])
    await http.aclose()
    assert (vendor.most_at_once, len(vendor.arrived)) == (2, 8)


async def test_waiting_for_a_place_past_the_deadline_is_not_sent() -> None:
    http = VendorHttp(max_connections=1)
    async with loopback(hang) as vendor:
        first = asyncio.create_task(http.exchange(request(vendor.url), deadline_s=1))
        await asyncio.sleep(0.05)
        with pytest.raises(NotSent):
            await http.exchange(request(vendor.url), deadline_s=0.2)
        with pytest.raises(Unanswered):
            await first
    await http.aclose()
    assert len(vendor.arrived) == 1


async def test_a_call_that_is_cancelled_is_cancelled_and_gives_its_place_back() -> None:
    http = VendorHttp(max_connections=1)
    async with loopback(hang, reply(200, b"next")) as vendor:
        call = asyncio.create_task(http.exchange(request(vendor.url), deadline_s=5))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await http.exchange(request(vendor.url), deadline_s=5)).body == b"next"
    await http.aclose()


async def test_a_stream_counts_only_the_time_that_the_vendor_takes(http: VendorHttp) -> None:
    async with loopback(raw(head(200, {"Content-Length": "2"}), b"a", b"b", pause_s=0.05)) as vendor:
        got = []
        async with http.stream(request(vendor.url), deadline_s=0.5) as answer:
            async for chunk in answer.chunks():
                got.append(chunk)
                await asyncio.sleep(0.4)
    assert b"".join(got) == b"ab"


async def test_a_stream_that_is_left_early_gives_its_place_back() -> None:
    http = VendorHttp(max_connections=1)
    async with loopback(reply(200, b"." * 300_000), reply(200, b"next")) as vendor:
        async with http.stream(request(vendor.url), deadline_s=5) as answer:
            assert answer.status == 200
        assert (await http.exchange(request(vendor.url), deadline_s=5)).body == b"next"
    await http.aclose()


async def test_after_closing_nothing_is_sent() -> None:
    http = VendorHttp(max_connections=1)
    await http.aclose()
    async with loopback() as vendor:
        with pytest.raises(NotSent):
            await http.exchange(request(vendor.url), deadline_s=5)
    assert vendor.arrived == []


def kinds(of: type[Exception]) -> list[type[Exception]]:
    return [kind for child in of.__subclasses__() for kind in (child, *kinds(child))]


def test_every_failure_of_httpx_is_either_never_sent_or_unanswered_and_has_words() -> None:
    ours = {kind for kind in kinds(httpx.TransportError) if kind.__module__ == "httpx"}
    assert ours == set(_WORDS)
    assert ours - NEVER_SENT == {
        httpx.TimeoutException,
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.NetworkError,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.ProtocolError,
        httpx.RemoteProtocolError,
    }


KEY = ConnectionKey("cx.example", 443, True, True, None, None, None)
CERTIFICATE = ssl.SSLCertVerificationError("self-signed certificate")


@dataclass(frozen=True, kw_only=True)
class Named:
    id: str
    cause: Exception
    name: type[httpx.TransportError]


NAMES = [
    Named(id="spoken unasked", cause=Spoken(), name=httpx.PoolTimeout),
    Named(id="no head", cause=Unwritable(), name=httpx.LocalProtocolError),
    Named(id="connect timeout", cause=aiohttp.ConnectionTimeoutError(), name=httpx.ConnectTimeout),
    Named(id="read timeout", cause=aiohttp.SocketTimeoutError(), name=httpx.ReadTimeout),
    Named(id="refused", cause=aiohttp.ClientConnectorError(KEY, OSError("refused")), name=httpx.ConnectError),
    Named(id="DNS", cause=aiohttp.ClientConnectorDNSError(KEY, OSError("no such host")), name=httpx.ConnectError),
    Named(
        id="certificate",
        cause=aiohttp.ClientConnectorCertificateError(KEY, CERTIFICATE),
        name=httpx.ConnectError,
    ),
    Named(id="no such URL", cause=aiohttp.InvalidURL("::"), name=httpx.UnsupportedProtocol),
    Named(id="disconnected", cause=aiohttp.ServerDisconnectedError(), name=httpx.RemoteProtocolError),
    Named(id="bad HTTP", cause=aiohttp.ClientResponseError(Mock(), ()), name=httpx.RemoteProtocolError),
    Named(id="cut off", cause=aiohttp.ClientPayloadError(), name=httpx.ReadError),
    Named(id="reset", cause=aiohttp.ClientConnectionResetError(), name=httpx.ReadError),
    Named(id="socket", cause=aiohttp.ClientOSError(), name=httpx.ReadError),
    Named(id="connection", cause=aiohttp.ClientConnectionError(), name=httpx.ReadError),
    Named(id="anything else of aiohttp", cause=aiohttp.ClientError(), name=httpx.ReadError),
    Named(id="anything else of the system", cause=OSError(), name=httpx.ReadError),
]


@pytest.mark.parametrize("case", NAMES, ids=lambda case: case.id)
def test_a_failure_gets_its_true_name(case: Named) -> None:
    assert type(true_error(case.cause)) is case.name
