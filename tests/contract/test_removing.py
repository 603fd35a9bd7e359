"""DELETE, for every vendor that can: it closes or deletes, as the backend says beforehand, and never the other."""

from __future__ import annotations

from app.domain.ports import Capability
from tests.contract.changes import Change, delete, is_done, vendors_with
from tests.contract.desk import Desk

pytestmark = vendors_with(Capability.delete)
WORDS = {"closed": "close", "deleted": "delete"}


async def test_an_order_is_closed_or_deleted_as_the_backend_says(desk: Desk) -> None:
    effect = (await desk.site.api.get(desk.backend)).json()["delete_effect"]
    for params in ({}, {"expect": WORDS[effect]}):
        change = Change(capability=Capability.delete, number=desk.plain_order(), body={}, params=params)
        answer = await change.send(desk)
        assert (answer.status_code, answer.json()) == (200, {"effect": effect})
        assert len(desk.effects(change.number)) == 1
        assert await is_done(desk, change)


async def test_what_the_caller_does_not_expect_is_not_sent(desk: Desk) -> None:
    effect = (await desk.site.api.get(desk.backend)).json()["delete_effect"]
    (other,) = set(WORDS.values()) - {WORDS[effect]}
    change = Change(capability=Capability.delete, number=desk.number, body={}, params={"expect": other})
    answer = await change.send(desk)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (422, "capability-missing", "not_sent")
    assert problem["delete_effect"] == effect
    assert desk.effects() == []


async def test_if_match_guards_an_order_that_has_changed(desk: Desk) -> None:
    change = await delete(desk)
    stale = await change.send(desk, if_match='"0123456789abcdef0123456789abcdef"')
    assert (stale.status_code, stale.json()["code"], desk.effects(change.number)) == (412, "precondition-failed", [])
    named = (await desk.read(change.number)).headers["etag"]
    assert (await change.send(desk, if_match=named)).status_code == 200


async def test_an_order_that_the_vendor_does_not_have_is_not_found(desk: Desk) -> None:
    change = Change(capability=Capability.delete, number=desk.samples.unknown_order, body={})
    answer = await change.send(desk)
    assert (answer.status_code, answer.json()["code"]) == (404, "work-order-not-found")
    assert await desk.operations() == []


async def test_an_order_that_was_removed_takes_no_more(desk: Desk) -> None:
    change = await delete(desk)
    body = await desk.next_update(change.number)
    assert body is not None
    assert (await change.send(desk)).status_code == 200
    effects = desk.all_effects()
    answer = await desk.site.update(change.number, body)
    assert (answer.status_code, answer.json()["code"]) in ((404, "work-order-not-found"), (409, "order-ended"))
    assert desk.all_effects() == effects


async def test_an_order_that_was_removed_is_not_removed_again(desk: Desk) -> None:
    change = await delete(desk)
    assert (await change.send(desk)).status_code == 200
    effects = desk.all_effects()
    again = await change.send(desk)
    assert again.status_code in (200, 404, 409)
    assert desk.all_effects() == effects


async def test_a_delete_without_a_key_is_taken(desk: Desk) -> None:
    change = await delete(desk)
    answer = await desk.site.api.delete(desk.site.orders(change.number))
    assert answer.status_code == 200
    assert len(desk.effects(change.number)) == 1
