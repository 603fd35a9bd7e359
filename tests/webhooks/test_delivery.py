"""What an endpoint is told, in which order, when again, and when no more; on each store."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.delivery import webhooks_service
from app.delivery.webhooks_schedule import AGAIN_S, Schedule
from app.delivery.webhooks_trial import Trial
from app.domain.times import SECOND
from app.domain.webhooks import Disabled, MessageState
from app.ledger import clients, webhooks
from app.ledger.store import Store
from tests.webhooks.bench import BACKEND, QUICK, SECRET, Bench
from tests.webhooks.receiver import OK, Received, Receiver, Reply
from tests.webhooks.test_signatures import Verified, verified

__all__ = ["verified"]

NOW = 1_795_000_000 * SECOND


def failing(times: int, reply: Reply = Reply(status=500)) -> Callable[[Received], Reply]:  # noqa: B008
    """Fails each message so many times, then takes it."""
    seen: Counter[str] = Counter()

    def judge(request: Received) -> Reply:
        seen[request.message_id] += 1
        return reply if seen[request.message_id] <= times else OK

    return judge


async def test_an_event_is_told_of_once_signed_and_as_the_feed_shows_it(
    bench: Bench, receiver: Receiver, verified: Verified
) -> None:
    of = await bench.webhook(receiver.url)
    await bench.event(data='{"was":"sending","evidence":"vendor_accepted"}')
    await bench.gateway().start()
    (message,) = await bench.ended(of)
    (got,) = receiver.got
    assert verified(SECRET, got.headers, got.body)
    assert got.payload == {
        "type": "operation.applied",
        "timestamp": "2026-11-18T11:06:40.000001Z",
        "data": {
            "event_id": f"evt_{message.event_id}",
            "backend": BACKEND,
            "work_order": "113427",
            "seq": 1,
            "source": "delivery",
            "operation_id": None,
            "data": {"previous_state": "sending", "evidence": "vendor_accepted"},
        },
    }
    assert (message.id, message.state, message.tries) == (got.message_id, MessageState.delivered, 1)
    assert [(each.status, each.error) for each in message.log] == [(204, None)]
    await asyncio.sleep(0.3)
    assert len(receiver.got) == 1


async def test_a_long_event_is_told_of_without_its_details(bench: Bench, receiver: Receiver) -> None:
    of = await bench.webhook(receiver.url)
    await bench.event(data='{"text":"' + "é" * 15_000 + '"}')
    await bench.gateway().start()
    await bench.ended(of)
    assert len(receiver.got[0].body) < 20_000
    assert receiver.got[0].payload["data"]["data"] is None
    assert receiver.got[0].place == ("113427", 1)


async def test_an_endpoint_is_told_of_its_own_tenant_its_backends_and_its_types(
    bench: Bench, receiver: Receiver
) -> None:
    await bench.client(backends=frozenset({BACKEND, "erp"}))
    of = await bench.webhook(
        receiver.url, backends=frozenset({BACKEND, "fsm"}), types=("operation.*", "work_order.changed")
    )
    await bench.event("own")
    await bench.event("vendors", tenant=None, type_="work_order.changed")
    await bench.event("neighbours", tenant="neighbour")
    await bench.event("granted, not asked for", backend="erp")
    await bench.event("asked for, not granted", backend="fsm")
    await bench.event("of another type", type_="hold.opened")
    await bench.event("almost of a type", type_="operations.applied")
    await bench.event("last")
    await bench.gateway().start()
    await bench.ended(of, 3)
    assert {each.place[0] for each in receiver.got} == {"own", "vendors", "last"}
    assert len(receiver.got) == 3


async def test_nothing_is_sent_for_a_client_that_was_revoked(bench: Bench, receiver: Receiver) -> None:
    of = await bench.webhook(receiver.url)
    gateway = bench.gateway()
    await gateway.start()
    await bench.event(seq=1)
    await bench.ended(of)
    await bench.store.write(clients.revoke("acme-app", now=NOW))
    await bench.event(seq=2)
    await asyncio.sleep(0.4)
    _, *later = await bench.log(of)  # none, but for a gateway that read who is active just before
    assert (len(receiver.got), [each.state for each in later]) == (1, [MessageState.pending] * len(later))


async def test_what_was_waiting_for_a_client_that_is_revoked_is_not_sent(bench: Bench, receiver: Receiver) -> None:
    receiver.judge = lambda _: Reply(status=500)
    of = await bench.webhook(receiver.url)
    await bench.gateway(schedule=replace(QUICK, again_s=(0.5, 0.5))).start()
    await bench.event()
    await receiver.until(1)
    await bench.store.write(clients.revoke("acme-app", now=NOW))
    await asyncio.sleep(1)
    assert len(receiver.got) == 1
    assert [each.state for each in await bench.log(of)] == [MessageState.pending]


@pytest.mark.parametrize(
    "taken",
    [{"backends": frozenset({"erp"})}, {"scopes": frozenset({"events:read"})}, {"tenant": "another"}],
    ids=["the backend", "the scope", "the tenant"],
)
async def test_what_was_waiting_is_not_sent_once_a_right_is_taken(
    taken: dict[str, str], bench: Bench, receiver: Receiver
) -> None:
    receiver.judge = lambda _: Reply(status=500)
    await bench.webhook(receiver.url)
    await bench.gateway(schedule=replace(QUICK, again_s=(0.5, 0.5))).start()
    await bench.event()
    await receiver.until(1)
    await bench.client(**taken)  # type: ignore[arg-type]
    await bench.event(seq=2)
    await asyncio.sleep(1)
    assert len(receiver.got) == 1


async def test_a_message_that_is_not_taken_is_sent_again_with_its_id_as_the_schedule_says(
    bench: Bench, receiver: Receiver
) -> None:
    receiver.judge = failing(3)
    of = await bench.webhook(receiver.url)
    await bench.event()
    await bench.gateway().start()
    (message,) = await bench.ended(of)
    assert [each.status for each in message.log] == [500, 500, 500, 204]
    assert {each.message_id for each in receiver.got} == {message.id}
    assert len({each.body for each in receiver.got}) == 1
    waits = [later.at - earlier.at for earlier, later in zip(receiver.got, receiver.got[1:], strict=False)]
    for wait, meant in zip(waits, QUICK.again_s, strict=True):
        assert meant <= wait < meant + 0.5
    assert (await bench.found(of)).failing_since is None


async def test_after_the_last_try_a_message_is_failed_and_stays_in_the_log(bench: Bench, receiver: Receiver) -> None:
    receiver.judge = lambda _: Reply(status=500)
    of = await bench.webhook(receiver.url)
    await bench.event()
    await bench.gateway().start()
    (message,) = await bench.ended(of)
    assert (message.state, message.tries, message.next_at) == (MessageState.failed, 4, None)
    assert len(receiver.got) == 4
    found = await bench.found(of)
    assert (found.enabled, found.failing_since is not None) == (True, True)


def test_the_schedule_is_the_published_one() -> None:
    assert AGAIN_S == (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    schedule = Schedule()
    for tries, wait in enumerate(AGAIN_S, 1):
        drawn = {schedule.next_at(tries=tries, now=NOW, asked_s=None) for _ in range(50)}
        assert all(at is not None and wait * SECOND <= at - NOW <= 1.2 * wait * SECOND for at in drawn)
        assert len(drawn) > 10
    assert schedule.next_at(tries=len(AGAIN_S) + 1, now=NOW, asked_s=None) is None


def test_a_retry_after_is_bounded_and_never_shortens_the_schedule() -> None:
    schedule = Schedule(jitter=0)
    assert schedule.next_at(tries=1, now=0, asked_s=60) == 60 * SECOND
    assert schedule.next_at(tries=1, now=0, asked_s=1) == 5 * SECOND
    assert schedule.next_at(tries=1, now=0, asked_s=1e9) == 86400 * SECOND
    assert [schedule.pause_until(now=0, asked_s=asked) for asked in (None, 60, 1e9)] == [0, 60 * SECOND, 3600 * SECOND]


@pytest.mark.parametrize("status", [429, 503])
async def test_an_endpoint_that_asks_for_time_is_sent_nothing_meanwhile(
    status: int, bench: Bench, receiver: Receiver
) -> None:
    receiver.judge = failing(1, Reply(status=status, headers=(("Retry-After", "1"),)))
    of = await bench.webhook(receiver.url)
    await bench.event("first")
    await bench.gateway().start()
    await receiver.until(1)
    began = receiver.got[0].at
    while not (await bench.log(of))[0].tries:  # until what it asks for is written down
        assert time.monotonic() - began < 10
        await asyncio.sleep(0.01)
    await bench.event("second")
    receiver.judge = lambda _: OK
    await bench.ended(of, 2)
    assert all(each.at - began >= 1 for each in receiver.got[1:])
    assert {each.place[0] for each in receiver.got} == {"first", "second"}


async def test_another_answer_is_asked_for_no_time(bench: Bench, receiver: Receiver) -> None:
    receiver.judge = failing(1, Reply(status=500, headers=(("Retry-After", "60"),)))
    of = await bench.webhook(receiver.url)
    await bench.event()
    await bench.gateway().start()
    (message,) = await bench.ended(of)
    assert [each.status for each in message.log] == [500, 204]


async def test_what_sends_is_made_once_however_many_need_it_first(
    bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    make = webhooks_service._trial

    def slow(*needs: Any) -> Trial:
        nonlocal made
        made += 1
        time.sleep(0.1)
        return make(*needs)

    monkeypatch.setattr(webhooks_service, "_trial", slow)
    gateway = bench.gateway()
    await asyncio.gather(*[gateway.check(receiver.url) for _ in range(10)])
    assert made == 1


async def test_410_disables_the_endpoint_and_gives_the_message_up(bench: Bench, receiver: Receiver) -> None:
    receiver.judge = lambda _: Reply(status=410)
    of = await bench.webhook(receiver.url)
    await bench.event()
    await bench.gateway().start()
    found = await bench.disabled(of)
    assert found.disabled_reason is Disabled.gone
    assert [each.state for each in await bench.ended(of)] == [MessageState.failed]
    await bench.event(seq=2)
    await asyncio.sleep(0.4)
    assert len(receiver.got) == 1


async def test_an_endpoint_that_only_fails_for_days_is_disabled_and_goes_on_where_it_stopped(
    bench: Bench, receiver: Receiver
) -> None:
    receiver.judge = lambda _: Reply(status=500)
    of = await bench.webhook(receiver.url)
    await bench.gateway(schedule=replace(QUICK, again_s=(0.1,) * 50, patience_s=0.5)).start()
    await bench.event("a", 1)
    await bench.event("a", 2)
    found = await bench.disabled(of)
    assert found.disabled_reason is Disabled.failing
    await bench.event("a", 3)
    count = len(receiver.got)
    await asyncio.sleep(0.4)
    assert len(receiver.got) == count
    receiver.judge = lambda _: OK
    receiver.got.clear()
    again = replace(found, enabled=True, disabled_reason=None, disabled_at=None, failing_since=None)
    await bench.store.write(webhooks.change(again))
    await bench.ended(of, 3)
    assert [each.place for each in receiver.got] == [("a", 1), ("a", 2), ("a", 3)]


async def test_one_success_ends_the_days_of_failing(bench: Bench, receiver: Receiver) -> None:
    receiver.judge = failing(2)
    of = await bench.webhook(receiver.url)
    await bench.gateway(schedule=replace(QUICK, again_s=(0.1,) * 9, patience_s=0.8)).start()
    for n in range(6):
        await bench.event(f"order {n}")
        await bench.ended(of, n + 1)
    assert (await bench.found(of)).enabled


async def test_the_messages_of_an_order_come_by_seq_and_a_failing_one_holds_up_only_its_own_order(
    bench: Bench, receiver: Receiver
) -> None:
    stuck = ("stuck", 1)
    receiver.judge = lambda request: Reply(status=500) if request.place == stuck else OK
    of = await bench.webhook(receiver.url)
    for seq in range(1, 6):
        for order in ("stuck", "a", "b", "c"):
            await bench.event(order, seq)
    await bench.gateway(schedule=replace(QUICK, again_s=(0.4, 0.4))).start()
    await receiver.until(16)
    await bench.ended(of, 20)
    for order in "abc":
        assert [each.place[1] for each in receiver.got if each.place[0] == order] == [1, 2, 3, 4, 5]
    assert [each.place[1] for each in receiver.got if each.place[0] == "stuck"] == [1, 1, 1, 2, 3, 4, 5]
    others = [n for n, each in enumerate(receiver.got) if each.place[0] != "stuck"]
    assert max(others) < [n for n, each in enumerate(receiver.got) if each.place == stuck][-1]


async def test_endpoints_that_hang_slow_no_other(bench: Bench, receiver: Receiver) -> None:
    async with Receiver(judge=lambda _: Reply(hang=True)) as slow:
        for _ in range(40):
            await bench.webhook(slow.url)
        of = await bench.webhook(receiver.url)
        await bench.gateway(schedule=replace(QUICK, timeout_s=60)).start()
        for seq in range(1, 21):
            await bench.event(f"order {seq}")
        await bench.ended(of, 20, within_s=30)  # before the first of those that hang is given up


async def test_two_gateways_share_the_work_and_nothing_comes_twice(
    bench: Bench, peer: Store, receiver: Receiver
) -> None:
    receiver.judge = lambda _: Reply(delay_s=0.01)
    of = await bench.webhook(receiver.url)
    here, there = bench.gateway(), bench.gateway(peer)
    await here.start()
    await there.start()
    for seq in range(1, 11):
        for order in range(10):
            await bench.event(f"order {order}", seq)
    await bench.ended(of, 100, within_s=30)
    assert Counter(each.message_id for each in receiver.got).most_common(1)[0][1] == 1
    for order in range(10):
        assert [each.place[1] for each in receiver.got if each.place[0] == f"order {order}"] == list(range(1, 11))


async def test_a_gateway_killed_between_sending_and_writing_it_down_is_followed_by_another_with_the_same_id(
    bench: Bench, database: str, receiver: Receiver
) -> None:
    of = await bench.webhook(receiver.url)
    await bench.event(seq=1)
    await bench.event(seq=2)
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.webhooks.doomed", database, env={**os.environ, "GATEWAY_FAILPOINT": "F14"}
    )
    assert await killed.wait() == -signal.SIGKILL
    assert [each.place[1] for each in receiver.got] == [1]
    assert [each.state for each in await bench.log(of)] == [MessageState.pending] * 2
    await bench.gateway().start()
    first, second = await bench.ended(of, 2)
    assert [each.message_id for each in receiver.got] == [first.id, first.id, second.id]
    assert (first.state, first.tries) == (MessageState.delivered, 1)


async def test_who_has_lost_its_lease_writes_nothing_down(bench: Bench, peer: Store, receiver: Receiver) -> None:
    receiver.judge = lambda _: Reply(status=500, delay_s=0.8)
    of = await bench.webhook(receiver.url)
    await bench.event()
    late = bench.gateway()
    await late.take_in()
    late._schedule = replace(QUICK, timeout_s=-9.9)
    await late.send_due()
    await receiver.until(1)
    receiver.judge = lambda _: OK
    await asyncio.sleep(0.15)
    await bench.gateway(peer).start()
    (message,) = await bench.ended(of)
    await asyncio.sleep(1)
    (after,) = await bench.log(of)
    assert (message, after.state) == (after, MessageState.delivered)


async def test_while_a_secret_is_rotated_both_sign(bench: Bench, receiver: Receiver, verified: Verified) -> None:
    gateway = bench.gateway()
    of = await bench.webhook(receiver.url)
    newer = "whsec_" + "B" * 43 + "="
    sealed = gateway.vault.seal(newer, tenant=of.tenant, name=of.id)
    until = bench.store.now() + 1 * SECOND
    await bench.store.write(webhooks.change(replace(of, secret=sealed, old_secret=of.secret, old_until=until)))
    await gateway.start()
    await bench.event(seq=1)
    await bench.ended(of, 1)
    await asyncio.sleep(1)
    await bench.event(seq=2)
    await bench.ended(of, 2)
    believed = [[verified(secret, got.headers, got.body) for secret in (newer, SECRET)] for got in receiver.got]
    assert believed == [[True, True], [True, False]]


async def test_a_secret_that_cannot_be_read_any_more_signs_nothing_and_disables(
    bench: Bench, receiver: Receiver
) -> None:
    of = await bench.webhook(receiver.url)
    await bench.event()
    await bench.gateway(key="another signing key, of the same length or longer").start()
    found = await bench.disabled(of)
    assert (found.disabled_reason, receiver.connections) == (Disabled.secret_unreadable, 0)
    assert [each.state for each in await bench.log(of)] == [MessageState.pending]


async def test_a_sealed_secret_opens_in_its_own_row_only(bench: Bench, receiver: Receiver) -> None:
    of = await bench.webhook(receiver.url)
    moved = await bench.webhook(receiver.url, secret=of.secret)
    assert moved.id != of.id
    await bench.event()
    await bench.gateway().start()
    assert (await bench.disabled(moved)).disabled_reason is Disabled.secret_unreadable
    await bench.ended(of)
    assert len(receiver.got) == 1


async def test_a_secret_is_in_no_row_and_no_repr(bench: Bench, receiver: Receiver) -> None:
    of = await bench.webhook(receiver.url)
    assert SECRET not in repr(of)
    assert of.secret not in repr(of)
    assert SECRET.removeprefix("whsec_") not in of.secret


async def test_a_message_that_was_taken_can_be_replayed_with_its_id(bench: Bench, receiver: Receiver) -> None:
    of = await bench.webhook(receiver.url)
    await bench.event()
    gateway = bench.gateway()
    await gateway.start()
    (message,) = await bench.ended(of)
    await bench.store.write(webhooks.replay(of.id, message.id, now=bench.store.now()))
    gateway.wake()
    await receiver.until(2)
    (again,) = await bench.ended(of)
    assert [each.message_id for each in receiver.got] == [message.id] * 2
    assert (again.state, again.tries, len(again.log)) == (MessageState.delivered, 1, 2)


async def test_what_ended_long_ago_is_dropped_from_the_log(bench: Bench, receiver: Receiver) -> None:
    of = await bench.webhook(receiver.url)
    await bench.event()
    first = bench.gateway()
    await first.start()
    await bench.ended(of)
    await first.stop()
    await bench.gateway(clock=lambda: bench.store.now() + 31 * 86400 * SECOND).start()
    ends = time.monotonic() + 5
    while await bench.log(of):
        assert time.monotonic() < ends
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    assert len(receiver.got) == 1
