"""Merge patches, for every vendor that can: what changes, what If-Match guards, and what is behind what."""

from __future__ import annotations

import asyncio
from typing import Any

from app.domain.ports import Capability
from tests.contract.changes import Change, patch, shows, status_update, vendors_with
from tests.contract.desk import Desk
from tests.contract.samples import writable_collections
from tests.delivery.bench import finished, operation

pytestmark = vendors_with(Capability.patch)
KEY = "the-key-of-one-patch"


def change_of(number: str, body: dict[str, Any], **params: str) -> Change:
    return Change(capability=Capability.patch, number=number, body=body, params=params)


async def test_every_patch_is_answered_with_the_vendors_record(desk: Desk) -> None:
    number = desk.plain_order()
    before = (await desk.read(number)).json()
    order = before
    for body in desk.samples.patch:
        assert not shows(before, body), "a sample patch changes nothing of a plain order"
        answer = await change_of(number, body).send(desk)
        order = answer.json()
        assert answer.status_code == 200, answer.text
        assert shows(order, body)
        assert {**(await desk.read(number)).json(), "as_of": None} == {**order, "as_of": None}
    untouched = {
        name: value
        for name, value in before.items()
        if name not in {"as_of", "vendor_ids"} and all(name not in body for body in desk.samples.patch)
    }
    assert untouched == {name: order.get(name) for name in untouched}


async def test_a_patch_of_nothing_has_no_effect(desk: Desk) -> None:
    """An empty object asks for nothing, wherever it stands, and is never sent as one, which might empty what it names."""
    number = desk.plain_order()
    before = await desk.read(number)
    objects: dict[str, Any] = {
        name: {} for body in desk.samples.patch for name, value in body.items() if isinstance(value, dict)
    }
    collections: dict[str, Any] = {name: {} for name in writable_collections(desk.vendor)}
    for body in ({}, objects, collections):
        answer = await change_of(number, body).send(desk)
        assert (answer.status_code, {**answer.json(), "as_of": None}) == (200, {**before.json(), "as_of": None})
        assert desk.effects(number) == []


async def test_a_patch_to_what_the_order_is_already_has_no_effect(desk: Desk) -> None:
    number = desk.plain_order()
    before = (await desk.read(number)).json()
    answer = await change_of(number, {name: before.get(name) for name in desk.samples.patch[0]}).send(desk)
    assert (answer.status_code, desk.effects(number)) == (200, [])
    assert (await change_of(number, desk.samples.patch[0]).send(desk)).status_code == 200
    effects = desk.effects(number)
    assert (await change_of(number, desk.samples.patch[0]).send(desk)).status_code == 200
    assert desk.effects(number) == effects


async def test_if_match_lets_a_patch_pass_while_the_order_is_as_named(desk: Desk) -> None:
    number = desk.plain_order()
    named = (await desk.read(number)).headers["etag"]
    first = await change_of(number, desk.samples.patch[0]).send(desk, if_match=named)
    assert (first.status_code, shows(first.json(), desk.samples.patch[0])) == (200, True)
    effects = desk.effects(number)
    stale = await change_of(number, desk.samples.patch[1]).send(desk, KEY, if_match=named)
    problem = stale.json()
    assert (stale.status_code, problem["code"], problem["outcome"]) == (412, "precondition-failed", "not_sent")
    replayed = await change_of(number, desk.samples.patch[1]).send(desk, KEY, if_match=named)
    assert replayed.content == stale.content
    assert desk.effects(number) == effects
    now = (await desk.read(number)).headers["etag"]
    assert now != named
    assert (await change_of(number, desk.samples.patch[1]).send(desk, if_match=now)).status_code == 200


async def test_a_patch_of_an_order_that_the_vendor_does_not_have_is_not_kept(desk: Desk) -> None:
    change = change_of(desk.samples.unknown_order, desk.samples.patch[0])
    answer = await change.send(desk)
    assert (answer.status_code, answer.json()["code"]) == (404, "work-order-not-found")
    assert await desk.operations() == []


async def test_what_the_vendor_finds_wrong_in_a_patch_is_pointed_to_in_our_names(desk: Desk) -> None:
    invalid = desk.samples.invalid_patch
    assert invalid is not None
    number = desk.plain_order()
    answer = await change_of(number, invalid.body).send(desk, KEY)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (422, "vendor-rejected-data", "refused")
    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(invalid.pointers)
    assert problem["vendor"]["message"]
    assert (await change_of(number, invalid.body).send(desk, KEY)).content == answer.content
    assert desk.effects(number) == []
    assert (await change_of(number, desk.samples.patch[0]).send(desk)).status_code == 200


async def test_a_member_that_is_not_in_the_order_is_told_before_anything_is_sent(desk: Desk) -> None:
    answer = await change_of(desk.number, {"colour": "red"}).send(desk)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (422, "invalid-request", "not_sent")
    assert [error["pointer"] for error in problem["errors"]] == ["/colour"]


async def test_a_patch_waits_for_the_status_update_that_was_accepted_before_it(desk: Desk) -> None:
    """Where every update ends the order, the update comes second."""
    update = await status_update(desk)
    change = change_of(update.number, desk.samples.patch[0])
    chain = [change, update] if await desk.every_update_ends() else [update, change]
    alone = [await status_update(desk), await patch(desk)]
    for one in alone:
        assert (await one.send(desk)).status_code == one.done
    marks = {one.capability: desk.marks(one.number) for one in alone}
    await desk.read(update.number)
    desk.site.fault("latency", delay_s=0.7)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(chain[0].send(desk))
        await asyncio.sleep(0.3)
        second = group.create_task(chain[1].send(desk))
    answers = [first.result(), second.result()]
    assert [one.status_code for one in answers] == [one.done for one in chain]
    assert desk.marks(update.number) == marks[chain[0].capability] + marks[chain[1].capability]


async def test_what_is_queued_behind_a_refused_patch_stops(desk: Desk) -> None:
    invalid = desk.samples.invalid_patch
    assert invalid is not None
    number = desk.plain_order()
    await desk.read(number)
    desk.site.fault("latency", delay_s=0.7)
    sent = [
        await change_of(number, body).send(desk, prefer="respond-async")
        for body in (invalid.body, desk.samples.patch[0], desk.samples.patch[1])
    ]
    first, *behind = [one.headers["operation-id"] for one in sent]
    assert (await finished(desk.site, first))["state"] == "refused"
    for one in behind:
        found = await operation(desk.site, one)
        assert (found["state"], found["blocked_by"][:5]) == ("queued", "hold_")
    await asyncio.sleep(0.3)
    assert desk.effects(number) == []
    assert (await desk.read(number)).json()["delivery"]["state"] == "held"
    other = await patch(desk)
    assert (await other.send(desk)).status_code == 200, "every other order goes on"


async def test_an_element_of_a_collection_is_added_changed_and_removed_by_its_key(desk: Desk) -> None:
    for name in writable_collections(desk.vendor):
        sample = desk.samples.collections[name]
        number = desk.plain_order()
        before = (await desk.read(number)).json().get(name) or {}
        assert sample.key not in before
        added = await change_of(number, {name: {sample.key: sample.element}}).send(desk)
        assert added.status_code == 200, added.text
        assert shows(added.json()[name][sample.key], sample.element)
        assert {key: added.json()[name][key] for key in before} == before
        changed = await change_of(number, {name: {sample.key: sample.change}}).send(desk)
        assert changed.status_code == 200, changed.text
        assert shows(changed.json()[name][sample.key], {**sample.element, **sample.change})
        effects = desk.effects(number)
        removed = await change_of(number, {name: {sample.key: None}}).send(desk)
        if sample.removable:
            assert (removed.status_code, removed.json().get(name) or {}) == (200, before)
        else:
            assert (removed.status_code, removed.json()["outcome"]) == (422, "not_sent")
            assert desk.effects(number) == effects


async def test_a_collection_is_replaced_whole_where_the_vendor_can(desk: Desk) -> None:
    listed = (await desk.site.api.get(desk.backend)).json()["replaceable_fields"]
    assert listed == list(desk.vendor.replaceable)
    for name, sample in desk.samples.collections.items():
        number = desk.plain_order()
        if name not in listed:
            answer = await change_of(number, {name: {sample.key: sample.element}}, replace=name).send(desk)
            assert (answer.status_code, answer.json()["code"]) == (422, "capability-missing")
            assert desk.effects(number) == []
            continue
        other = f"{sample.key}-other"
        assert (await change_of(number, {name: {other: sample.element}}).send(desk)).status_code == 200
        answer = await change_of(number, {name: {sample.key: sample.element}}, replace=name).send(desk)
        assert answer.status_code == 200, answer.text
        assert list(answer.json()[name]) == [sample.key]
        assert shows(answer.json()[name][sample.key], sample.element)
