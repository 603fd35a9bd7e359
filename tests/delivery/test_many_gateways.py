"""Two gateways on one PostgreSQL: callers are told wherever their write is delivered, and one takes over from a dead one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from app.delivery import call_places
from app.delivery.desk import Desk
from app.delivery.worker import POLL_S
from app.domain.times import SECOND
from app.ledger.notices import Notices
from app.ledger.records import Lease
from app.ledger.sql import Sql
from app.ledger.tables import OPERATION
from tests.delivery.bench import (
    Simulated,
    behind_glass,
    body,
    codes,
    delivery,
    finished,
    operation,
    outcomes,
    polled,
    rows,
    send_async,
    until,
)
from tests.delivery.changing import place
from tests.delivery.holding import behind_a_refusal, hold, say
from tests.delivery.recording import UPDATE, Glass
from tests.gateway import Site
from tests.vendors.loopback import after, hang, raw

ORDER = "113427"
ACCEPTED = Sql(select(OPERATION.c.accepted_at).where(OPERATION.c.id == bindparam("of_id")))


class Two:
    """Two gateways, A and B, each seen through glass of its own."""

    def __init__(self, a: tuple[Site, Glass], b: tuple[Site, Glass]) -> None:
        self.a, self.glass_a = a
        self.b, self.glass_b = b

    @property
    def sent(self) -> tuple[int, int]:
        """How many updates each has sent."""
        return len(self.glass_a.of(UPDATE)), len(self.glass_b.of(UPDATE))


@pytest.fixture
async def two(vendor: Simulated, postgres_database: str, tmp_path: Path, hurried: None) -> AsyncIterator[Two]:
    sections = delivery(deadline_s=2, wait_s=10)
    async with (
        behind_glass(vendor.url, postgres_database, tmp_path, **sections) as a,
        behind_glass(vendor.url, postgres_database, tmp_path, **sections) as b,
    ):
        for site, _ in (a, b):
            await polled(site)
            await site.api.get(site.orders(ORDER))
        b[0].keys = a[0].keys  # they are one client's
        await listening(a[0], b[0])
        yield Two(a, b)


async def listening(*sites: Site) -> None:
    """Wait until each hears the others."""
    for site in sites:
        told = asyncio.Event()
        hear = site.app.state.gateway.dispatcher._heard

        def heard(words: str, told: asyncio.Event = told, hear: Callable[[str], None] = hear) -> None:
            told.set()
            hear(words)

        site.app.state.gateway.store._notices.listen(heard)

        async def spoken(to: Site = site, told: asyncio.Event = told) -> bool:
            for one in sites:
                if one is not to:
                    one.app.state.gateway.store.say("hello")
            return told.is_set()

        await until(spoken)


def slowly(answer: bytes) -> Any:
    return after(1.0, raw(answer))


async def joined_the_queue_of_b(two: Two) -> tuple[float, int]:
    """B sends an update; another, sent to A meanwhile, is delivered by B. How long after that A's caller has its answer."""
    two.glass_b.around(UPDATE, slowly)
    await send_async(two.b, ORDER, 11)
    answer = await two.a.update(ORDER, body(9))
    told_at = time.monotonic()
    assert answer.status_code == 201, answer.text
    assert (two.sent, codes(two.a, ORDER)) == ((0, 2), [11, 9])
    return told_at - two.glass_b.of(UPDATE)[-1].at, answer.status_code


async def test_a_caller_of_one_gateway_is_told_at_once_what_another_delivered(two: Two) -> None:
    took, _ = await joined_the_queue_of_b(two)
    print(f"told {took * 1000:.0f} ms after the vendor was asked")
    assert took < 1.0  # without a notice it would look again only after 2 s


async def test_with_the_notices_broken_the_caller_looks_for_itself(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Notices, "say", lambda self, words: None)
    took, _ = await joined_the_queue_of_b(two)
    assert took < 4


async def test_a_write_accepted_by_one_gateway_wakes_the_other_that_has_a_place(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivers nothing itself: its workers have no place, and nobody waits for one."""
    monkeypatch.setattr(call_places, "PATIENCE_S", 0)
    for worker in two.a.app.state.gateway.dispatcher._workers.values():
        monkeypatch.setattr(worker._places, "taken", worker._places.most)
    took: list[float] = []
    for code in (11, 9, 11, 9, 11):
        began = time.monotonic()
        answer = await two.a.update(ORDER, body(code))
        assert answer.status_code == 201
        took.append(two.glass_b.of(UPDATE)[-1].at - began)
        await asyncio.sleep(0.1)
    print(f"from the request at A to the vendor's at B: median {median(took) * 1000:.1f} ms")
    assert two.sent == (0, 5)
    assert median(took) < POLL_S / 2


async def test_a_hold_resolved_at_one_gateway_lets_the_other_go_on(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = await behind_a_refusal(two.b, two.glass_b, 10)
    for worker in two.a.app.state.gateway.dispatcher._workers.values():
        monkeypatch.setattr(worker._places, "taken", worker._places.most)
    assert (await say(two.a, stopped.hold_id, "skip")).status_code == 200
    assert (await finished(two.b, stopped.behind[0]))["state"] == "applied"
    assert (await hold(two.b, stopped.hold_id))["state"] == "resolved"
    assert (codes(two.a, ORDER), two.sent[0]) == ([11, 10], 0)


async def test_writes_of_one_order_through_both_gateways_keep_their_order_and_are_made_once(two: Two) -> None:
    wanted = [11, 9] * 6
    sent = [await send_async((two.a, two.b)[n % 2], ORDER, code) for n, code in enumerate(wanted)]
    ends = [await finished(two.a, one, within_s=30) for one in sent]
    assert {one["state"] for one in ends} == {"applied"}
    assert (codes(two.a, ORDER), sum(two.sent)) == (wanted, len(wanted))


@contextmanager
def dead(site: Site) -> Iterator[None]:
    """As far as anybody can see this gateway's process has stopped: nothing that it does reaches the database."""
    store = site.app.state.gateway.store
    alive = asyncio.Event()

    def stopped(call: Any) -> Any:
        async def waits(*arguments: Any, **named: Any) -> Any:
            await alive.wait()
            return await call(*arguments, **named)

        return waits

    for name in ("accept", "write", "read", "settle"):
        setattr(store, name, stopped(getattr(store, name)))
    try:
        yield
    finally:
        alive.set()
        for name in ("accept", "write", "read", "settle"):
            delattr(store, name)


@pytest.fixture
def soon_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that outlast their attempt by a second, so that a test need not wait for longer."""

    def lease(self: Desk) -> Lease:
        deadline = self.clock() + round(self.deadline_s * SECOND)
        return Lease(owner=self.owner, until=deadline + SECOND, deadline_at=deadline)

    monkeypatch.setattr(Desk, "lease", lease)


@pytest.mark.parametrize("made", [True, False], ids=["the vendor had made it", "it never got there"])
async def test_what_a_dead_gateway_had_begun_is_taken_over_read_back_and_never_made_twice(
    made: bool, two: Two, soon_over: None
) -> None:
    if made:
        two.glass_a.around(UPDATE, lambda answer: hang)
    else:
        two.glass_a.instead(UPDATE, hang)
    sent = await send_async(two.a, ORDER, 11)
    await until(lambda: two.sent == (1, 0))
    await until(lambda: not made or codes(two.b, ORDER) == [11])
    with dead(two.a):
        behind = await send_async(two.b, ORDER, 9)
        found = await finished(two.b, sent, within_s=30)
        assert found["state"] == "applied"
        assert found["result"]["evidence"] == ("read_back" if made else "vendor_accepted")
        assert (await finished(two.b, behind))["state"] == "applied"
        assert await outcomes(two.b, sent) == (["unknown"] if made else ["unknown", "applied"])
        assert two.sent == ((1, 1) if made else (1, 2))
    await asyncio.sleep(0.5)  # it stands up again, and finds that the queue is another's
    assert codes(two.b, ORDER) == [11, 9]
    assert (await operation(two.a, sent))["state"] == "applied"


@pytest.mark.parametrize("slug", ["unit4_erpx"])
async def test_a_write_that_nobody_reserved_a_place_for_goes_out_within_moments(
    slug: str, database: str, tmp_path: Path
) -> None:
    """This vendor's orders are read before each write: the worker has to find it in the queue. From its acceptance on."""
    async with place(slug, database, tmp_path) as at:
        await at.read()
        asked: list[int] = []

        async def note(_: object) -> None:
            asked.append(time.time_ns() // 1000)

        at.glass.before = note
        took: list[float] = []
        for n in range(15):
            asked.clear()
            sent = await at.sent_async(at.status, ("on_hold", "issued")[n % 2])
            await at.end_of(sent)
            [accepted] = [row["accepted_at"] for row in await rows(at.site, ACCEPTED, of_id=sent)]
            took.append((asked[0] - accepted) / 1000)
            await asyncio.sleep(0.05)
        print(f"from acceptance to the vendor's first request: median {median(took):.1f} ms, worst {max(took):.1f} ms")
        assert median(took) < 250
