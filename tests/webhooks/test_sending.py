"""One try: where it connects, what it verifies, what it makes of an answer, and that it never takes longer than it may."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.delivery.addresses import AddressRefused, AddressRules
from app.delivery.webhooks import WebhookSender
from tests.webhooks.bench import HERE
from tests.webhooks.certificates import Authority
from tests.webhooks.receiver import Receiver, Reply

NAME = "hooks.acme.com"


@dataclass(kw_only=True)
class Names:
    """A resolver that answers from a list, the last answer for ever; it counts what it was asked."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def sender(
    *answers: Sequence[str], rules: AddressRules = HERE, tls: ssl.SSLContext | None = None
) -> tuple[WebhookSender, Names]:
    names = Names(answers=list(answers) or [["127.0.0.1"]])
    return WebhookSender(rules=rules, resolve=names, tls=tls), names


async def post(by: WebhookSender, url: str, *, timeout_s: float = 2) -> tuple[int | None, str | None]:
    answered = await by.post(url, b'{"a":1}', {"webhook-id": "msg_1"}, timeout_s=timeout_s)
    return answered.status, answered.error


async def test_a_message_is_posted_as_it_is_with_its_headers_and_nothing_of_a_browsers(receiver: Receiver) -> None:
    by, _ = sender()
    assert await post(by, receiver.url + "?a=b") == (204, None)
    (got,) = receiver.got
    assert (got.path, got.body) == ("/hook?a=b", b'{"a":1}')
    assert got.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "accept-encoding": "identity",
        "connection": "close",
        "content-type": "application/json",
        "user-agent": "orderbridge",
        "webhook-id": "msg_1",
        "content-length": "7",
    }


async def test_a_name_that_turns_to_loopback_after_its_registration_is_not_connected_to(receiver: Receiver) -> None:
    rules = AddressRules(allowed_ports=frozenset({443, receiver.port}))
    by, names = sender(["8.8.8.8"], ["127.0.0.1"], rules=rules)
    url = await by.check(f"https://{NAME}:{receiver.port}/")
    assert await post(by, url) == (None, "The host's address is not public.")
    assert (len(names.asked), receiver.connections) == (2, 0)


async def test_a_name_is_looked_up_once_and_that_answer_connected_to(receiver: Receiver) -> None:
    # A second look-up would have had another answer.
    by, names = sender(["127.0.0.1"], ["127.0.0.2"])
    assert await post(by, f"http://{NAME}:{receiver.port}/") == (204, None)
    assert (names.asked, receiver.connections) == ([f"{NAME}:{receiver.port}"], 1)
    assert receiver.got[0].headers["host"] == f"{NAME}:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "elsewhere", ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/", "//[::1]/"]
)
async def test_a_redirect_is_a_failure_and_nobody_else_is_connected_to(
    status: int, elsewhere: str, receiver: Receiver
) -> None:
    async with Receiver() as inside:
        place = elsewhere.format(port=inside.port)
        receiver.judge = lambda _: Reply(status=status, headers=(("Location", place),))
        by, names = sender()
        assert await post(by, receiver.url) == (status, f"It answered {status}; redirects are not followed.")
        assert (receiver.connections, inside.connections, len(names.asked)) == (1, 0, 1)


@pytest.mark.parametrize("url", ["https://169.254.169.254/", "https://localhost/", "http://hooks.acme.com/"])
async def test_a_url_that_is_kept_and_may_not_be_sent_to_is_refused_without_a_look_up(url: str) -> None:
    by, names = sender(rules=AddressRules())
    status, error = await post(by, url)
    assert (status, names.asked) == (None, [])
    assert error is not None


async def test_a_look_up_that_hangs_refuses_a_registration_in_time() -> None:
    async def hangs(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    by = WebhookSender(rules=AddressRules(), resolve=hangs)
    began = time.monotonic()
    with pytest.raises(AddressRefused, match="resolved"):
        await by.check("https://hooks.acme.com/")
    assert await post(by, "https://hooks.acme.com/", timeout_s=0.2) == (None, "There was no answer within 0.2 s.")
    assert time.monotonic() - began < 7


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(folder=tmp_path)


async def test_over_tls_the_certificate_is_verified_for_the_name_though_an_address_is_connected_to(
    authority: Authority,
) -> None:
    asked_for: list[str | None] = []
    context = authority.serving(NAME)
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    async with Receiver(tls=context) as receiver:
        by, _ = sender(tls=authority.trusting())
        assert await post(by, f"https://{NAME}:{receiver.port}/") == (204, None)
        assert asked_for == [NAME]
        assert receiver.got[0].headers["host"] == f"{NAME}:{receiver.port}"


@pytest.mark.parametrize("served", ["other.acme.com", "127.0.0.1"])
async def test_a_certificate_of_another_name_is_not_believed(served: str, authority: Authority) -> None:
    async with Receiver(tls=authority.serving(served)) as receiver:
        by, _ = sender(tls=authority.trusting())
        assert await post(by, f"https://{NAME}:{receiver.port}/") == (
            None,
            "No connection: refused, unreachable, or TLS failed for the name.",
        )
        assert receiver.got == []


async def test_a_certificate_of_nobody_is_not_believed(authority: Authority) -> None:
    async with Receiver(tls=authority.serving(NAME)) as receiver:
        by, _ = sender()
        assert (await post(by, f"https://{NAME}:{receiver.port}/"))[0] is None
        assert receiver.got == []


async def test_where_an_address_takes_no_connection_the_next_one_is_tried(receiver: Receiver) -> None:
    by, _ = sender(["127.0.0.2", "127.0.0.1"])
    assert await post(by, f"http://{NAME}:{receiver.port}/") == (204, None)


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_not_used(
    proxy: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver() as between:
        monkeypatch.setenv(proxy, between.url)
        by, _ = sender()
        assert await post(by, receiver.url) == (204, None)
        assert (between.connections, receiver.connections) == (0, 1)


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    reply: Reply
    status: int | None
    error: str | None


LATE = "There was no answer within 0.5 s."
BROKEN = "The connection was closed without an answer, or the answer is not HTTP."
CASES = [
    Case(id="200", reply=Reply(status=200, body=b"fine"), status=200, error=None),
    Case(id="299", reply=Reply(status=299), status=299, error=None),
    Case(id="400", reply=Reply(status=400, body=b"secret text"), status=400, error="It answered 400."),
    Case(id="500", reply=Reply(status=500), status=500, error="It answered 500."),
    Case(id="a megabyte", reply=Reply(status=200, body=b"x" * 1_000_000), status=200, error=None),
    Case(id="hangs", reply=Reply(hang=True), status=None, error=LATE),
    Case(id="drips", reply=Reply(drip_s=0.1), status=None, error=LATE),
    Case(id="closes", reply=Reply(raw=b""), status=None, error=BROKEN),
    Case(id="not HTTP", reply=Reply(raw=b"SSH-2.0-OpenSSH\r\n"), status=None, error=BROKEN),
    Case(id="early hints for ever", reply=Reply(raw=b"HTTP/1.1 103 Hint\r\n\r\n" * 50), status=None, error=BROKEN),
    Case(
        id="cut",
        reply=Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"),
        status=200,
        error=None,
    ),
    Case(
        id="a body that does not end",
        reply=Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", stays_s=5),
        status=200,
        error=None,
    ),
    Case(
        id="a refusal that does not end",
        reply=Reply(raw=b"HTTP/1.1 410 Gone\r\nContent-Length: 1000\r\n\r\nhalf", stays_s=5),
        status=410,
        error="It answered 410.",
    ),
    Case(
        id="a compressed bomb",
        reply=Reply(status=200, headers=(("Content-Encoding", "gzip"),), body=b"\x1f\x8b" + b"\0" * 9000),
        status=200,
        error=None,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_what_is_made_of_an_answer(case: Case, receiver: Receiver) -> None:
    receiver.judge = lambda _: case.reply
    by, _ = sender()
    began = time.monotonic()
    assert await post(by, receiver.url, timeout_s=0.5) == (case.status, case.error)
    assert time.monotonic() - began < 1


async def test_a_port_where_nobody_listens_is_a_failure() -> None:
    by, _ = sender()
    refused = "No connection: refused, unreachable, or TLS failed for the name."
    assert await post(by, "http://127.0.0.1:1/") == (None, refused)
