"""Replacements, for every vendor that can: the body is the whole order, new or not."""

from __future__ import annotations

import pytest

from app.domain.ports import Capability
from tests.contract.changes import (
    Change,
    replace_by_a_new_one,
    replace_one_that_exists,
    replace_only_if_it_exists,
    shows,
    vendors_with,
)
from tests.contract.desk import Desk

pytestmark = vendors_with(Capability.replace)


async def test_a_new_order_is_created_and_its_place_is_told(desk: Desk) -> None:
    change = await replace_by_a_new_one(desk)
    answer = await change.send(desk)
    assert (answer.status_code, answer.headers["location"]) == (201, desk.site.orders(change.number))
    assert (answer.json()["number"], shows(answer.json(), change.body)) == (change.number, True)
    read = await desk.read(change.number)
    assert {**read.json(), "as_of": None} == {**answer.json(), "as_of": None}


async def test_what_the_body_does_not_name_is_gone_from_an_order_that_existed(desk: Desk) -> None:
    change = await replace_one_that_exists(desk)
    added = {
        name: {sample.key: sample.element}
        for name, sample in desk.samples.collections.items()
        if name not in change.body
    }
    for name, elements in added.items():
        patched = Change(capability=Capability.patch, number=change.number, body={name: elements})
        assert (await patched.send(desk)).status_code == 200
    answer = await change.send(desk)
    assert (answer.status_code, shows(answer.json(), change.body)) == (200, True)
    assert [name for name in added if answer.json().get(name)] == []


async def test_if_match_any_replaces_only_an_order_that_exists(desk: Desk) -> None:
    change = await replace_only_if_it_exists(desk)
    assert (await change.send(desk)).status_code == 200
    new = await replace_by_a_new_one(desk)
    answer = await new.send(desk, if_match="*")
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed")
    assert (desk.effects(new.number), (await desk.read(new.number)).status_code) == ([], 404)


async def test_if_match_guards_an_order_that_has_changed(desk: Desk) -> None:
    change = await replace_one_that_exists(desk)
    named = (await desk.read(change.number)).headers["etag"]
    assert (await change.send(desk, if_match=named)).status_code == 200
    effects = desk.effects(change.number)
    stale = await change.send(desk, if_match=named)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    assert desk.effects(change.number) == effects


async def test_an_order_that_was_read_can_be_sent_back_as_it_is(desk: Desk) -> None:
    read = await desk.read(desk.number)
    change = Change(capability=Capability.replace, number=desk.number, body=read.json())
    answer = await change.send(desk, if_match=read.headers["etag"])
    assert answer.status_code == 200, answer.text
    assert {**answer.json(), "as_of": None} == {**read.json(), "as_of": None}


async def test_another_number_in_the_body_than_in_the_path_is_refused(desk: Desk) -> None:
    change = Change(
        capability=Capability.replace, number=desk.number, body={**desk.samples.replace, "number": desk.new_number()}
    )
    answer = await change.send(desk)
    assert (answer.status_code, answer.json()["code"], desk.effects()) == (422, "invalid-request", [])


@pytest.mark.parametrize("new", [True, False])
async def test_what_the_vendor_finds_wrong_is_pointed_to_in_our_names(desk: Desk, new: bool) -> None:
    invalid = desk.samples.invalid_replace
    assert invalid is not None
    number = desk.new_number() if new else desk.plain_order()
    answer = await Change(capability=Capability.replace, number=number, body=invalid.body).send(desk)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (422, "vendor-rejected-data", "refused")
    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(invalid.pointers)
    assert problem["vendor"]["message"]
    assert desk.effects(number) == []
