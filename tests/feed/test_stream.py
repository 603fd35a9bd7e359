"""`GET /v1/events/stream`: within a second, from where the listener was, and over when it has to be."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.api import event_stream, streams
from app.domain.times import now_micros
from app.ledger import clients, orders
from tests.api.routes.scene import new_orders
from tests.delivery.bench import body, until
from tests.feed.listening import listening
from tests.feed.test_events import events, settled
from tests.gateway import Site, add_client
from tests.ledger.test_observe import seen


async def applied(made: Site, count: int) -> list[str]:
    """So many orders, each moved once."""
    numbers = new_orders(made, count)
    for number in numbers:
        assert (await made.update(number, body(11))).status_code == 201
    return numbers


async def test_a_listener_hears_within_a_second_what_the_feed_shows(cx: Site) -> None:
    after = await settled(cx)
    async with listening(cx, after="now") as listener:
        assert listener.status == 200
        assert listener.headers["content-type"].startswith("text/event-stream")
        assert listener.headers["cache-control"] == "no-store"
        assert "content-length" not in listener.headers
        [number] = await applied(cx, 1)
        begun = time.monotonic()
        heard = await listener.has(2)
        assert time.monotonic() - begun < 1
        assert heard == (await events(cx, after=after, work_order=number))["items"]
        assert listener.text.startswith("retry: 2000\n\n")


async def test_a_listener_that_comes_back_goes_on_where_it_was(cx: Site) -> None:
    await settled(cx)
    async with listening(cx, after="now") as listener:
        await applied(cx, 2)
        first = await listener.has(4)
    missed = await applied(cx, 2)
    async with listening(cx, last=first[1]["cursor"], after="now") as listener:  # the header counts before the address
        again = await listener.has(6)
        assert [one["id"] for one in again[:2]] == [one["id"] for one in first[2:]]
        assert [one["work_order"] for one in again[2:]] == [missed[0]] * 2 + [missed[1]] * 2
        last = await applied(cx, 1)
        assert [one["work_order"] for one in (await listener.has(8))[6:]] == last * 2


async def test_without_a_place_a_stream_begins_with_the_oldest_event(cx_on_sqlite: Site) -> None:
    await settled(cx_on_sqlite)
    whole = await events(cx_on_sqlite, limit=200)
    async with listening(cx_on_sqlite) as listener:
        assert await listener.has(len(whole["items"])) == whole["items"]


async def test_each_listener_hears_its_own_tenants_writes_alone(cx: Site) -> None:
    await settled(cx)
    neighbour = await add_client(cx.app, "neighbour", tenant="neighbour", backends=frozenset({cx.backend}))
    async with listening(cx, after="now") as ours, listening(cx, api=neighbour, after="now") as theirs:
        await applied(cx, 3)
        await ours.has(6)
        await theirs.has(3)
        await asyncio.sleep(0.6)
        assert [one["type"] for one in theirs.events] == ["work_order.changed"] * 3
        assert "op_" not in theirs.text
    await neighbour.aclose()


async def test_a_filter_narrows_a_stream(cx_on_sqlite: Site) -> None:
    await settled(cx_on_sqlite)
    async with listening(cx_on_sqlite, after="now", type="operation.applied") as listener:
        numbers = await applied(cx_on_sqlite, 3)
        assert [one["work_order"] for one in await listener.has(3)] == numbers


async def test_silence_is_broken_by_a_heartbeat(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.2)
    async with listening(cx_on_sqlite, after="now", type="none") as listener:
        await until(lambda: listener.text.count(": here\n\n") >= 3)


async def test_a_stream_ends_with_its_token(cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = cx_on_sqlite.app.state.authority
    monkeypatch.setattr(event_stream, "LOOK_AT_TOKEN_S", 0.1)
    async with listening(cx_on_sqlite, after="now") as listener:
        monkeypatch.setattr(authority._verifier, "_clock", lambda: time.time() + 1000)
        assert (await listener.ended()).endswith(": the token is no longer good; get a new one and come back\n\n")


async def test_a_stream_ends_within_five_seconds_of_its_clients_revocation(cx: Site) -> None:
    leaver = await add_client(cx.app, "leaver", tenant="acme", backends=frozenset({cx.backend}))
    async with listening(cx, api=leaver, after="now") as listener:
        await cx.app.state.gateway.store.write(clients.revoke("leaver", now=2))
        assert "no longer good" in await listener.ended(within_s=5)
    await leaver.aclose()


async def test_a_backend_taken_from_the_client_is_heard_no_more_until_it_is_granted_again(
    cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "LOOK_AT_TOKEN_S", 0.1)
    monkeypatch.setattr("app.api.auth.RECORD_CACHE_S", 0.1)
    await settled(cx_on_sqlite)
    async with listening(cx_on_sqlite, after="now") as listener:
        await applied(cx_on_sqlite, 1)
        await listener.has(2)
        await add_client(cx_on_sqlite.app, "tester", tenant="acme", backends=frozenset({"another"}))
        await asyncio.sleep(0.5)
        shown = orders.observe(cx_on_sqlite.backend, [seen("777")], source="poll", now=now_micros())
        await cx_on_sqlite.app.state.gateway.store.write(shown)
        await asyncio.sleep(0.6)
        assert (len(listener.events), listener.over) == (2, False)
        await add_client(cx_on_sqlite.app, "tester", tenant="acme", backends=frozenset({cx_on_sqlite.backend}))
        await asyncio.sleep(0.5)
        again = orders.observe(cx_on_sqlite.backend, [seen("778")], source="poll", now=now_micros())
        await cx_on_sqlite.app.state.gateway.store.write(again)
        await until(lambda: [one["work_order"] for one in listener.events[2:]] == ["778"])


async def test_a_client_may_have_five_streams(cx_on_sqlite: Site) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(listening(cx_on_sqlite, after="now"))
        answer = await cx_on_sqlite.api.get("/v1/events/stream")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "rate-limited", "5")
        other = await add_client(cx_on_sqlite.app, "other", tenant="acme", backends=frozenset({cx_on_sqlite.backend}))
        async with listening(cx_on_sqlite, api=other, after="now") as sixth:
            assert sixth.status == 200
        await other.aclose()
    async with listening(cx_on_sqlite, after="now") as again:
        assert again.status == 200


async def test_many_streams_share_one_look_at_the_database(cx: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await settled(cx)
    store = cx.app.state.gateway.store
    looks, reads = 0, 0
    look, read = store.horizon, store.read

    async def counted_look() -> Any:
        nonlocal looks
        looks += 1
        return await look()

    async def counted_read(unit: Any) -> Any:
        nonlocal reads
        reads += unit.gi_code.co_name == "events"
        return await read(unit)

    async with AsyncExitStack() as stack:
        heard = [await stack.enter_async_context(listening(cx, after="now")) for _ in range(5)]
        monkeypatch.setattr(store, "horizon", counted_look)
        monkeypatch.setattr(store, "read", counted_read)
        await applied(cx, 1)
        for one in heard:
            await one.has(2)
        assert reads <= 3
        looks = 0
        await asyncio.sleep(1)
        assert looks <= 5
    looks = 0
    await asyncio.sleep(0.6)
    assert looks == 0  # nobody listens, nobody looks


async def test_a_slow_reader_costs_no_memory_and_misses_nothing(cx: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "KEPT", 10)
    monkeypatch.setattr(streams, "PAGE", 7)
    await settled(cx)
    feed = cx.app.state.feed
    async with listening(cx, after="now") as quick, listening(cx, after="now") as slow:
        await applied(cx, 1)
        await slow.has(2)
        slow.takes.clear()
        numbers = await applied(cx, 20)
        await quick.has(42)
        assert len(feed._recent) <= 10
        slow.takes.set()
        assert [one["id"] for one in await slow.has(42)] == [one["id"] for one in quick.events]
        assert [one["work_order"] for one in slow.events[2::2]] == numbers


async def test_a_reader_that_takes_nothing_at_all_is_given_up(
    cx_on_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "READER_S", 0.3)
    await settled(cx_on_sqlite)
    feed = cx_on_sqlite.app.state.feed
    async with listening(cx_on_sqlite, after="now") as stuck:
        stuck.takes.clear()
        await applied(cx_on_sqlite, 1)
        await until(lambda: not feed._listeners)


async def test_a_stop_ends_every_stream_at_once_the_stuck_one_too(cx_on_sqlite: Site) -> None:
    await settled(cx_on_sqlite)
    feed = cx_on_sqlite.app.state.feed
    async with listening(cx_on_sqlite, after="now") as listener, listening(cx_on_sqlite, after="now") as stuck:
        stuck.takes.clear()
        await applied(cx_on_sqlite, 1)
        await listener.has(2)
        cx_on_sqlite.app.state.gateway.closing.set()
        assert (await listener.ended(within_s=1)).endswith(": the gateway stops; come back\n\n")
        await until(lambda: not feed._listeners, within_s=1)
        answer = await cx_on_sqlite.api.get("/v1/events/stream")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_head_request_is_answered_without_a_body(cx_on_sqlite: Site) -> None:
    async with listening(cx_on_sqlite, method="HEAD") as asked:
        assert (await asked.ended(), asked.status) == ("", 200)


@pytest.mark.parametrize("place", ["x", "now now"])
async def test_a_place_that_is_none_of_ours_is_refused(cx_on_sqlite: Site, place: str) -> None:
    asked = "/v1/events/stream"
    answers = {
        "/header/Last-Event-ID": await cx_on_sqlite.api.get(asked, headers={"Last-Event-ID": place}),
        "/query/after": await cx_on_sqlite.api.get(asked, params={"after": place}),
    }
    for pointer, answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert f"leave `{pointer.rpartition('/')[2]}` out" in answer.json()["detail"]
