"""What is written down of a try, when its webhook or its message was changed while it was under way; on each store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.times import SECOND
from app.domain.webhooks import Disabled, Message, MessageState, Try, Webhook
from app.ledger import webhook_queue as queue
from app.ledger import webhooks
from app.ledger.webhook_queue import Outcome
from tests.webhooks.bench import Bench

ELSEWHERE = "https://elsewhere.acme.com/hook"


def came(status: int, *, pause_until: int = 0) -> Outcome:
    """What came of a try that was answered so."""
    tried = Try(at=1, ms=1, status=status, error=None if status < 300 else f"It answered {status}.")
    if status < 300:
        return Outcome(state=MessageState.delivered, tried=tried)
    if status == 410:
        return Outcome(state=MessageState.failed, tried=tried, disables=Disabled.gone)
    return Outcome(state=MessageState.pending, tried=tried, next_at=1, pause_until=pause_until)


def tenth_failure() -> Outcome:
    """What came of the last try that a message has."""
    return Outcome(state=MessageState.failed, tried=Try(at=1, ms=1, status=500, error="It answered 500."))


async def under_way(bench: Bench, *, count: int = 1) -> tuple[Webhook, Sequence[Message]]:
    """A webhook, and messages to it that are being tried."""
    of = await bench.webhook("https://hooks.acme.com/hook")
    for n in range(count):
        await bench.event(f"order {n}")
    await bench.gateway().take_in()
    return of, await leased(bench, of)


async def leased(bench: Bench, of: Webhook) -> Sequence[Message]:
    now = bench.store.now()
    return await bench.store.write(queue.lease(of.id, now=now, until=now + 30 * SECOND, most=8))


async def settle(bench: Bench, message: Message, of: Webhook, outcome: Outcome) -> bool:
    settling = queue.settle(message, outcome, url=of.url, now=bench.store.now(), patience=SECOND, keep=30)
    return await bench.store.write(settling)


@pytest.mark.parametrize("status", [410, 500])
async def test_an_address_that_is_the_webhooks_no_more_says_nothing_of_it(status: int, bench: Bench) -> None:
    of, (message,) = await under_way(bench)
    await bench.store.write(webhooks.change(replace(of, url=ELSEWHERE)))
    await settle(bench, message, of, came(status))
    found = await bench.found(of)
    assert (found.enabled, found.disabled_reason, found.failing_since) == (True, None, None)


@pytest.mark.parametrize("outcome", [came(410), tenth_failure()], ids=["gone", "the tenth failure"])
async def test_a_message_that_an_address_gives_up_which_is_the_webhooks_no_more_is_sent_to_the_new_one(
    outcome: Outcome, bench: Bench
) -> None:
    of, (message,) = await under_way(bench)
    await bench.store.write(webhooks.change(replace(of, url=ELSEWHERE)))
    assert await settle(bench, message, of, outcome)
    (kept,) = await bench.log(of)
    assert (kept.state, kept.tries, kept.log) == (MessageState.pending, 0, (outcome.tried,))
    (again,) = await leased(bench, of)
    assert again.id == message.id


async def test_a_message_of_a_backend_that_the_webhook_has_no_more_is_given_up_wherever_that_is(bench: Bench) -> None:
    of, (message,) = await under_way(bench)
    await bench.store.write(webhooks.change(replace(of, url=ELSEWHERE)))
    not_sent = Try(at=1, ms=0, status=None, error="Not sent.")
    await settle(bench, message, of, Outcome(state=MessageState.failed, tried=not_sent, blames=False))
    assert [kept.state for kept in await bench.log(of)] == [MessageState.failed]


async def test_an_address_that_is_the_webhooks_no_more_and_takes_a_message_does_not_end_the_failing_of_the_new_one(
    bench: Bench,
) -> None:
    of, (message,) = await under_way(bench)
    failing = replace(of, url=ELSEWHERE, failing_since=7)
    await bench.store.write(webhooks.change(failing))
    await settle(bench, message, of, came(204))
    assert (await bench.found(of)).failing_since == 7


@pytest.mark.parametrize(("status", "disabled"), [(410, Disabled.gone), (500, None)])
async def test_an_address_that_is_still_the_webhooks_is_judged(
    status: int, disabled: Disabled | None, bench: Bench
) -> None:
    of, (message,) = await under_way(bench)
    await settle(bench, message, of, came(status))
    found = await bench.found(of)
    assert (found.disabled_reason, found.failing_since is None) == (disabled, status == 410)
    (kept,) = await bench.log(of)
    assert kept.state is (MessageState.failed if status == 410 else MessageState.pending)


@pytest.mark.parametrize("status", [204, 410, 500])
async def test_a_message_that_is_replayed_while_it_is_tried_is_sent_again_whatever_comes_of_that_try(
    status: int, bench: Bench
) -> None:
    of, (message,) = await under_way(bench)
    await bench.store.write(webhooks.replay(of.id, message.id, now=bench.store.now()))
    (again,) = await leased(bench, of)
    assert not await settle(bench, message, of, came(status))
    (kept,) = await bench.log(of)
    assert (again.id, kept.state, kept.tries) == (message.id, MessageState.pending, 0)
    assert await settle(bench, again, of, came(204))
    assert [each.state for each in await bench.log(of)] == [MessageState.delivered]


@pytest.mark.parametrize("status", [204, 500, 429])
async def test_what_an_endpoint_asked_for_is_not_undone_by_a_try_that_was_under_way(status: int, bench: Bench) -> None:
    of, (first, second) = await under_way(bench, count=2)
    asked = bench.store.now() + 3600 * SECOND
    await settle(bench, first, of, came(429, pause_until=asked))
    await settle(bench, second, of, came(status, pause_until=bench.store.now() + SECOND if status == 429 else 0))
    (active,) = await bench.store.read(queue.active())
    assert active.pause_until == asked
