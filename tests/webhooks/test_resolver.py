"""Name servers that hang: they hold up nobody who is proven, and whoever they do hold up is not blamed for it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app.delivery import addresses
from app.delivery.addresses import RESOLVERS, Resolver, ResolverBusy
from app.delivery.webhooks_service import Webhooks
from app.domain.errors import Overloaded
from app.domain.webhooks import MessageState, Webhook
from tests.webhooks.bench import QUICK, Bench
from tests.webhooks.receiver import Receiver

HANGING = ("hold.opened",)
"""What the endpoints are told of whose name server hangs."""
PATIENT = replace(QUICK, timeout_s=20)


@dataclass(kw_only=True)
class Names:
    """Every name is this machine's; those that begin with `hangs` are not answered before `over`."""

    over: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        self.asked.append(host)
        if host.startswith("hangs"):
            self.over.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    async def all_threads_hang(self) -> None:
        ends = time.monotonic() + 10
        while sum(host.startswith("hangs") for host in self.asked) < RESOLVERS:
            assert time.monotonic() < ends, self.asked
            await asyncio.sleep(0.01)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    yield made
    made.over.set()


async def whose_names_hang(bench: Bench, receiver: Receiver) -> Sequence[Webhook]:
    """More endpoints than there are threads."""
    url = "http://hangs-{n}.localhost:{port}/hook"
    return [await bench.webhook(url.format(n=n, port=receiver.port), types=HANGING) for n in range(RESOLVERS + 4)]


async def told(bench: Bench, receiver: Receiver) -> Webhook:
    """An endpoint whose name server is well."""
    return await bench.webhook(f"http://well.localhost:{receiver.port}/hook", types=("operation.*",))


async def begin(gateway: Webhooks, bench: Bench, receiver: Receiver, names: Names) -> None:
    """Every thread that the endpoints that are not proven have hangs."""
    await whose_names_hang(bench, receiver)
    await bench.event("hanging", type_=HANGING[0])
    await gateway.start()
    await names.all_threads_hang()


async def test_an_endpoint_that_is_proven_waits_for_no_look_up_that_hangs(
    bench: Bench, receiver: Receiver, names: Names
) -> None:
    of = await told(bench, receiver)
    await bench.event("first")
    gateway = bench.gateway(schedule=PATIENT)
    await gateway.take_in()
    await gateway.send_due()
    await bench.ended(of)
    await begin(gateway, bench, receiver, names)
    began = time.monotonic()
    await bench.event("second")
    await bench.ended(of, 2)
    assert time.monotonic() - began < 2


async def test_an_endpoint_that_had_to_wait_for_a_look_up_is_not_blamed_and_is_told_later(
    bench: Bench, receiver: Receiver, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "THREAD_WITHIN_S", 0.2)
    of = await told(bench, receiver)
    gateway = bench.gateway(schedule=PATIENT)
    await begin(gateway, bench, receiver, names)
    await bench.event("second")
    ends = time.monotonic() + 10
    while not (log := await bench.log(of)) or len(log[0].log) < len(PATIENT.again_s) + 2:
        assert time.monotonic() < ends, log
        await asyncio.sleep(0.02)
    assert {each.error for each in log[0].log} == {"Not sent: too many names are being looked up here."}
    assert (log[0].state, log[0].tries) == (MessageState.pending, 0)
    assert (await bench.found(of)).failing_since is None
    names.over.set()
    (message,) = await bench.ended(of)
    assert (message.state, message.tries) == (MessageState.delivered, 1)


async def test_a_registration_that_no_thread_is_free_for_is_asked_to_come_again(
    bench: Bench, receiver: Receiver, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "THREAD_WITHIN_S", 0.2)
    gateway = bench.gateway(schedule=PATIENT)
    await begin(gateway, bench, receiver, names)
    with pytest.raises(Overloaded) as refused:
        await gateway.check(receiver.url)
    assert refused.value.after_s


async def test_a_look_up_that_nobody_waits_for_any_more_does_not_begin(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = Resolver()
    hanging = [asyncio.create_task(resolver(f"hangs-{n}", 443)) for n in range(RESOLVERS)]
    await names.all_threads_hang()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await resolver("given-up", 443)
    monkeypatch.setattr(addresses, "THREAD_WITHIN_S", 0.1)
    with pytest.raises(ResolverBusy):
        await resolver("waited", 443)
    names.over.set()
    assert [each for found in await asyncio.gather(*hanging) for each in found] == ["127.0.0.1"] * RESOLVERS
    assert await resolver("asked-last", 443) == ["127.0.0.1"]
    assert not {"given-up", "waited"} & set(names.asked)
    resolver.close()


async def test_a_look_up_that_outlasts_its_wait_for_a_thread_goes_on(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "THREAD_WITHIN_S", 0.05)
    resolver = Resolver()
    asked = asyncio.create_task(resolver("hangs", 443))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asked), 0.3)
    names.over.set()
    assert await asked == ["127.0.0.1"]
    resolver.close()
