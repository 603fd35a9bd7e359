"""A webhook that is removed takes its log with it, also when the gateway or its database went away in between."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.ledger import gauges, webhooks
from app.ledger.sql import Unit
from app.ledger.store import StoreUnavailable
from tests.api.routes.scene import rows
from tests.gateway import Site
from tests.webhooks.bench import Bench
from tests.webhooks.receiver import OK, Received, Receiver, Reply
from tests.webhooks.test_api import call, hooks, registered, settled

__all__ = ["hooks"]


async def test_messages_that_a_removal_left_behind_are_dropped_and_no_others(bench: Bench, receiver: Receiver) -> None:
    def judge(request: Received) -> Reply:
        return OK if request.path == "/kept" else Reply(status=500)

    receiver.judge = judge
    removed = [await bench.webhook(receiver.url) for _ in range(3)]
    kept = await bench.webhook(f"{receiver.url}/kept")
    await bench.event("1")
    await bench.event("2")
    before = bench.gateway()
    await before.take_in()
    await before.stop()
    for each in removed[::2]:
        await bench.store.write(webhooks.remove(each.id, client_id=each.client_id))
    await bench.gateway().start()
    ends = time.monotonic() + 10
    while any([await bench.log(each) for each in removed[::2]]):
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)
    await bench.ended(kept, 2)
    await bench.ended(removed[1], 2)
    assert (await bench.store.read(gauges.look())).messages.count == 0


async def test_a_removal_is_answered_as_one_also_where_its_log_cannot_be_dropped_at_once(
    hooks: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await registered(hooks, receiver)
    await call(hooks, "POST", f"/{webhook['id']}/test")
    await settled(hooks, webhook, 1)

    def away(webhook_id: str, *, most: int) -> Unit[int]:
        raise StoreUnavailable("The database is away.")

    monkeypatch.setattr("app.api.webhooks.webhooks.drop_messages", away)
    assert (await call(hooks, "DELETE", f"/{webhook['id']}")).status_code == 204
    assert (await call(hooks, "GET", f"/{webhook['id']}")).status_code == 404
    assert len((await rows(hooks))["webhook_message"]) == 1
