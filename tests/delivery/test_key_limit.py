"""A client that has used all the keys it may: 429 for what is new, every repeat as before, and nothing half done."""

from __future__ import annotations

from pathlib import Path

import httpx

from app.ledger.key_room import KeyRoom
from tests.delivery.bench import body, reaper_at
from tests.gateway import CX, Site, add_client, site

KEY = "a-key-that-came-too-late"


async def counted(made: Site, *, most: int) -> None:
    keys: KeyRoom = made.app.state.gateway.keys
    keys.most = most
    await keys.count()


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60"), answer.text
    problem = answer.json()
    assert (problem["code"], problem["outcome"], problem["retryable"]) == ("rate-limited", "not_sent", True)
    assert problem["next"] == {"action": "retry", "after_s": 60}
    assert "keys" in problem["detail"]


async def test_a_new_key_is_refused_and_repeats_are_answered(cx: Site) -> None:
    first = await cx.update("113427", body(11), key="a-key-that-came-before")
    await counted(cx, most=1)
    assert_refused(await cx.update("113427", body(9), key=KEY))
    again = await cx.update("113427", body(11), key="a-key-that-came-before")
    other = await cx.update("113427", body(9), key="a-key-that-came-before")
    assert (again.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len(cx.effects("113427")) == 1


async def test_the_refused_key_is_as_new_once_there_is_room(cx: Site) -> None:
    await cx.update("113427", body(11))
    await counted(cx, most=1)
    assert_refused(await cx.update("113427", body(9), key=KEY))
    assert (await reaper_at(cx, days=8).clear())["keys"] == 1
    await counted(cx, most=1)
    answer = await cx.update("113427", body(9), key=KEY)
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "false")
    assert len(cx.effects("113427")) == 2


async def test_it_is_the_limit_of_one_client(cx: Site) -> None:
    await cx.update("113427", body(11))
    await counted(cx, most=1)
    assert_refused(await cx.update("113427", body(9), key=KEY))
    office = await add_client(cx.app, "office", tenant="acme", backends=frozenset({cx.backend}))
    answer = await office.post(cx.orders("113427") + "/status-updates", json=body(9), headers={"Idempotency-Key": KEY})
    assert answer.status_code == 201
    await office.aclose()


async def test_calls_that_no_vendor_sees_are_held_to_it_too(cx_url: str, database: str, tmp_path: Path) -> None:
    async with site(CX, cx_url, database, tmp_path, webhooks={"allow_loopback": True}) as made:
        hook, sent = {"url": "http://127.0.0.1:9/hook"}, {"Idempotency-Key": "a-key-that-came-before"}
        first = await made.api.post("/v1/webhooks", json=hook, headers=sent)
        await counted(made, most=1)
        assert_refused(await made.api.post("/v1/webhooks", json=hook, headers={"Idempotency-Key": KEY}))
        again = await made.api.post("/v1/webhooks", json=hook, headers=sent)
        assert (first.status_code, again.content) == (201, first.content)
        assert len((await made.api.get("/v1/webhooks")).json()["items"]) == 1
