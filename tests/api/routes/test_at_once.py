"""Many callers at the same moment, on each store: one key is one update, and each order has its own queue."""

from __future__ import annotations

import asyncio

from tests.api.routes.scene import ON_SITE, new_order, new_orders, update
from tests.gateway import Site


async def test_fifty_identical_requests_and_an_altered_one(cx: Site) -> None:
    number = new_order(cx)
    bodies = [ON_SITE] * 25 + [update(comments="altered")] + [ON_SITE] * 25
    answers = await asyncio.gather(*[cx.update(number, body, key="one-key-at-one-moment") for body in bodies])
    taken = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(422, "idempotency-key-reused")}
    assert len({answer.content for answer in taken}) == 1
    assert [answer.headers["idempotent-replayed"] for answer in taken].count("false") == 1
    assert len(refused) in (1, 50)  # whichever came first has the key
    assert len(cx.effects(number)) == 1


async def test_the_same_update_under_fifty_keys_takes_effect_once(cx: Site) -> None:
    number = new_order(cx)
    answers = await asyncio.gather(*[cx.update(number, ON_SITE) for _ in range(50)])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"status-unchanged"}
    assert len(cx.effects(number)) == 1


async def test_updates_of_one_order_arrive_in_the_order_in_which_they_were_accepted(cx: Site) -> None:
    number = new_order(cx)
    await cx.api.get(cx.orders(number))
    codes = ["11", "12", "13", "14", "15", "9", "10", "17"]
    for code in codes[:-1]:
        answer = await cx.update(number, update(status=None, vendor_code=code), prefer="respond-async")
        assert answer.status_code == 202
    last = await cx.update(number, update(status=None, vendor_code=codes[-1]), prefer="wait=25")
    assert last.status_code == 201
    assert [str(effect["detail"]["StatusCodeId"]) for effect in cx.effects(number)] == codes


async def test_thirty_orders_at_once_are_thirty_updates(cx: Site) -> None:
    numbers = new_orders(cx, 30)
    answers = await asyncio.gather(*[cx.update(number, ON_SITE) for number in numbers])
    assert [answer.status_code for answer in answers] == [201] * 30
    assert [answer.json()["work_order"] for answer in answers] == numbers
    assert [len(cx.effects(number)) for number in numbers] == [1] * 30
