"""`POST /v1/operations/{id}/probe`: the vendor is asked now, a proof is acted on, and asking never sends anything twice."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from app.delivery import readback, settling
from app.domain.operations import Operation
from app.domain.times import SECOND
from app.ledger import holds, lanes, operations
from app.ledger.records import Lease
from app.ledger.sql import Unit
from tests.delivery.bench import (
    body,
    codes,
    events,
    finished,
    leaves,
    operation,
    outcomes,
    send_async,
    set_on_screen,
    until,
)
from tests.delivery.holding import ORDER, Stopped, arrives_late, behind_a_refusal, behind_an_unknown, hold, hold_of
from tests.delivery.recording import LOG_IN, NO_SUCH_ACTION, READ, UPDATE, Glass
from tests.gateway import Site
from tests.vendors.loopback import hang_up, reply


async def probe(site: Site, operation_id: str, *, prefer: str = "wait=8") -> httpx.Response:
    return await site.api.post(f"/v1/operations/{operation_id}/probe", headers={"Prefer": prefer})


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost answer is read back by itself only after a minute."""
    monkeypatch.setattr(settling, "FIRST_PROBE_S", 60)


async def unknown(site: Site, glass: Glass, *, applied: bool) -> str:
    """A status update whose answer was lost, and which is read back in a minute."""
    await site.api.get(site.orders(ORDER))
    if applied:
        glass.around(UPDATE, lambda answer: hang_up)
    else:
        glass.instead(UPDATE, hang_up)
    sent = await send_async(site, ORDER, 11)
    assert (await leaves(site, sent, "queued", "sending"))["state"] == "unknown"
    return sent


async def test_a_probe_of_an_unknown_reads_the_order_now(seen: tuple[Site, Glass], patient: None) -> None:
    site, glass = seen
    sent = await unknown(site, glass, applied=True)
    behind = await send_async(site, ORDER, 9)
    reads = len(glass.of(READ))
    answer = await probe(site, sent)
    found = answer.json()
    assert (answer.status_code, found["state"], found["result"]["evidence"]) == (200, "applied", "read_back")
    assert answer.headers["preference-applied"] == "wait=8"
    assert len(glass.of(READ)) == reads + 1
    assert (await finished(site, behind))["state"] == "applied"
    assert codes(site, ORDER) == [11, 9]


async def test_an_early_probe_proves_no_absence_and_the_write_is_sent_again_once_when_that_is_proved(
    seen: tuple[Site, Glass], patient: None
) -> None:
    site, glass = seen
    sent = await unknown(site, glass, applied=False)
    early = await probe(site, sent, prefer="wait=0")
    assert (early.status_code, early.json()["state"] in ("unknown", "verifying"), len(glass.of(UPDATE))) == (
        202,
        True,
        1,
    )
    assert int(early.headers["retry-after"]) > 0
    assert (await finished(site, sent))["state"] == "applied"
    assert await outcomes(site, sent) == ["unknown", "applied"]
    assert (codes(site, ORDER), len(glass.of(UPDATE))) == ([11], 2)


async def test_many_probes_at_once_read_once(seen: tuple[Site, Glass], patient: None) -> None:
    site, glass = seen
    sent = await unknown(site, glass, applied=True)
    reads = len(glass.of(READ))

    async def slowly(_: object) -> None:
        await asyncio.sleep(0.5)

    glass.before = slowly
    answers = await asyncio.gather(*[probe(site, sent) for _ in range(8)])
    assert [(one.status_code, one.json()["state"]) for one in answers] == [(200, "applied")] * 8
    assert (len(glass.of(READ)) - reads, len(glass.of(UPDATE))) == (1, 1)


async def test_of_a_held_write_a_proof_that_it_was_applied_closes_the_hold_and_the_queue_goes_on(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass, 9)
    arrives_late(site, glass)
    answer = await probe(site, stopped.cause)
    assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.text
    assert answer.json()["result"]["evidence"] == "read_back"
    closed = await hold(site, stopped.hold_id)
    assert (closed["state"], closed["resolution"], closed["resolved_by"], closed["evidence"]) == (
        "resolved",
        "mark_applied",
        "orderbridge",
        "read_back",
    )
    assert (await finished(site, stopped.behind[0]))["state"] == "applied"
    assert codes(site, ORDER) == [11, 9]


async def held_unread(site: Site, glass: Glass, monkeypatch: pytest.MonkeyPatch) -> Stopped:
    """A write that the vendor never got, held since the order could not be read; Live waits behind it."""
    monkeypatch.setattr(readback, "LATER_S", (0.1, 0.1))
    await site.api.get(site.orders(ORDER))
    glass.instead(UPDATE, hang_up)
    glass.instead(READ, *[reply(500, b"")] * 100)
    cause = await send_async(site, ORDER, 11)
    assert (await finished(site, cause, within_s=25))["state"] == "held"
    glass.script[READ].clear()
    behind = await send_async(site, ORDER, 9)
    return Stopped(hold_id=await hold_of(site), cause=cause, behind=(behind,))


async def test_of_a_held_write_a_proof_that_it_was_not_applied_sends_it_again_exactly_once(
    seen: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen
    stopped = await held_unread(site, glass, monkeypatch)
    before = len(glass.passed)
    answer = await probe(site, stopped.cause)
    assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.text
    assert (await finished(site, stopped.behind[0]))["state"] == "applied"
    calls = [one.call for one in glass.passed[before:] if one.call in (READ, UPDATE)]
    assert calls == [READ, READ, READ, UPDATE, UPDATE]  # two that prove it, one after the release
    first, second = glass.of(READ)[-3:-1]
    assert second.at - first.at >= readback.APART_S
    closed = await hold(site, stopped.hold_id)
    assert (closed["resolution"], closed["resolved_by"], closed["evidence"]) == ("retry", "orderbridge", "not_applied")
    assert await outcomes(site, stopped.cause) == ["unknown", "applied"]
    assert codes(site, ORDER) == [11, 9]


async def test_a_probe_does_not_bring_the_two_reads_that_prove_it_together(
    seen: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen
    monkeypatch.setattr(readback, "APART_S", 1.5)
    sent = await unknown(site, glass, applied=False)
    while len(glass.of(UPDATE)) < 2:  # again and again, as a caller may who cannot wait
        await probe(site, sent, prefer="wait=0")
        await asyncio.sleep(0.05)
    assert (await finished(site, sent))["state"] == "applied"
    first, again = [one.at for one in glass.of(UPDATE)]
    assert again - first >= 1.3 + readback.APART_S  # the deadline and the settle time, then the two reads
    assert codes(site, ORDER) == [11]


async def test_a_probe_does_not_use_up_the_readings_that_fail(
    seen: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen
    monkeypatch.setattr(readback, "LATER_S", (30, 30, 30))
    sent = await unknown(site, glass, applied=False)
    glass.instead(READ, *[reply(500, b"")] * 1000)
    began = time.monotonic()
    while time.monotonic() < began + 4 or len(glass.of(READ)) < 20:  # readings count from 1.3 s on
        await probe(site, sent, prefer="wait=0")
        await asyncio.sleep(0.05)
    assert (await operation(site, sent))["state"] in ("unknown", "verifying")


async def test_a_change_between_the_two_reads_proves_nothing(
    seen: tuple[Site, Glass], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, glass = seen
    stopped = await held_unread(site, glass, monkeypatch)
    monkeypatch.setattr(readback, "APART_S", 1.0)
    reads = len(glass.of(READ))
    asking = asyncio.create_task(probe(site, stopped.cause))
    await until(lambda: len(glass.of(READ)) > reads)
    await asyncio.sleep(0.3)
    set_on_screen(site, ORDER, 4)
    answer = await asking
    assert (answer.status_code, answer.json()["state"]) == (202, "held")
    assert ((await hold(site, stopped.hold_id))["state"], len(glass.of(UPDATE))) == ("open", 1)


async def test_what_proves_nothing_leaves_a_held_write_as_it_was(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass, 9)
    told = len(await events(site, ORDER))
    for _ in range(2):
        reads = len(glass.of(READ))
        answer = await probe(site, stopped.cause)
        assert (answer.status_code, answer.json()["state"]) == (202, "held")
        assert len(glass.of(READ)) == reads + 1
    assert (await hold(site, stopped.hold_id))["state"] == "open"
    assert (await operation(site, stopped.behind[0]))["blocked_by"] == stopped.hold_id
    order = (await site.api.get(site.orders(ORDER))).json()
    assert order["delivery"] == {"state": "held", "pending": 2, "hold_id": stopped.hold_id}
    assert (len(glass.of(UPDATE)), len(await events(site, ORDER))) == (1, told)


async def test_a_status_that_somebody_else_set_is_no_proof(seen: tuple[Site, Glass]) -> None:
    """The order shows what was sent, and yet a user of the vendor's screens has set it."""
    site, glass = seen
    stopped = await behind_an_unknown(site, glass)
    set_on_screen(site, ORDER, 11)
    answer = await probe(site, stopped.cause)
    assert (answer.status_code, answer.json()["state"]) == (202, "held")
    assert ((await hold(site, stopped.hold_id))["state"], len(glass.of(UPDATE))) == ("open", 1)


async def test_a_read_that_fails_leaves_a_held_write_as_it_was(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass, 9)
    glass.instead(READ, reply(500, b""))
    answer = await probe(site, stopped.cause)
    assert (answer.status_code, answer.json()["state"]) == (202, "held")
    assert (await hold(site, stopped.hold_id))["state"] == "open"
    arrives_late(site, glass)
    assert (await probe(site, stopped.cause)).json()["state"] == "applied"


async def test_a_log_in_that_is_refused_to_a_probe_is_not_tried_by_the_next(seen: tuple[Site, Glass]) -> None:
    """Most systems lock an account that keeps trying."""
    site, glass = seen
    stopped = await behind_an_unknown(site, glass, 9)
    site.fault("token_expired", on="read")
    glass.instead(LOG_IN, *[reply(500, NO_SUCH_ACTION)] * 10)
    tried = len(glass.of(LOG_IN))
    for _ in range(3):
        answer = await probe(site, stopped.cause, prefer="wait=1")
        assert (answer.status_code, answer.json()["state"]) == (202, "held")
    assert len(glass.of(LOG_IN)) == tried + 1
    assert site.app.state.gateway.backends[site.backend].health.code == "backend-misconfigured"
    assert (await hold(site, stopped.hold_id))["state"] == "open"


async def test_while_somebody_is_at_it_a_second_probe_does_nothing(seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass)
    reads = len(glass.of(READ))

    async def slowly(_: object) -> None:
        await asyncio.sleep(0.5)

    glass.before = slowly
    answers = await asyncio.gather(*[probe(site, stopped.cause) for _ in range(5)])
    assert {(one.status_code, one.json()["state"]) for one in answers} == {(202, "held")}
    assert len(glass.of(READ)) == reads + 1


async def test_a_write_that_comes_while_a_held_one_is_asked_about_waits_and_is_not_sent(
    seen: tuple[Site, Glass],
) -> None:
    site, glass = seen
    stopped = await behind_an_unknown(site, glass)
    reads = len(glass.of(READ))

    async def slowly(_: object) -> None:
        await asyncio.sleep(0.6)

    glass.before = slowly
    asking = asyncio.create_task(probe(site, stopped.cause))
    await until(lambda: len(glass.of(READ)) > reads)
    joins = await site.update(ORDER, body(9), prefer="respond-async")
    assert (joins.status_code, joins.json()["blocked_by"]) == (202, stopped.hold_id), joins.text
    assert (await asking).json()["state"] == "held"
    await asyncio.sleep(0.5)
    assert (await operation(site, joins.json()["operation_id"]))["state"] == "queued"
    assert len(glass.of(UPDATE)) == 1


@pytest.mark.parametrize("make", [behind_a_refusal, behind_an_unknown])
async def test_a_queued_write_behind_a_hold_is_merely_looked_at(make: Any, seen: tuple[Site, Glass]) -> None:
    site, glass = seen
    stopped: Stopped = await make(site, glass, 10)
    before = len(glass.passed)
    answer = await probe(site, stopped.behind[0])
    found = answer.json()
    assert (answer.status_code, found["state"], found["blocked_by"]) == (202, "queued", stopped.hold_id)
    await asyncio.sleep(0.5)
    assert len(glass.passed) == before
    assert (await hold(site, stopped.hold_id))["state"] == "open"


async def test_the_refused_cause_of_a_hold_is_final_and_nothing_is_asked(seen_on_sqlite: tuple[Site, Glass]) -> None:
    site, glass = seen_on_sqlite
    stopped = await behind_a_refusal(site, glass, 10)
    before = len(glass.passed)
    answer = await probe(site, stopped.cause)
    assert (answer.status_code, answer.json()["state"], len(glass.passed)) == (200, "refused", before)


async def test_a_process_that_ends_in_the_middle_of_a_probe_leaves_it_to_the_next(seen: tuple[Site, Glass]) -> None:
    """It has leased the queue and is gone; when its lease is over the order is read, and the hold closes."""
    site, glass = seen
    stopped = await behind_an_unknown(site, glass, 9)
    arrives_late(site, glass)
    reads = len(glass.of(READ))
    store, now = site.app.state.gateway.store, site.app.state.gateway.clock()
    held = await store.read(operations.find(stopped.cause))
    assert await store.write(leased_by_the_dead(held, now=now, for_s=1.5)) == 1
    waiting = await probe(site, stopped.cause, prefer="wait=0")
    assert (waiting.status_code, waiting.json()["state"], len(glass.of(READ))) == (202, "held", reads)
    assert (await finished(site, stopped.behind[0]))["state"] == "applied"
    assert (await operation(site, stopped.cause))["state"] == "applied"
    assert codes(site, ORDER) == [11, 9]


def leased_by_the_dead(held: Operation, *, now: int, for_s: float) -> Unit[int]:
    """What a probe and the worker that hears of it write, before that worker's process ends."""
    yield from holds.look_again(held, now=now)
    lease = Lease(owner="the dead", until=now + round(for_s * SECOND), deadline_at=now)
    return len((yield from lanes.claim(held.backend, now=now, lease=lease, most=1)))
