"""Creates, for every vendor that can: the vendor's own record is answered, and an order that exists is never overwritten."""

from __future__ import annotations

from app.domain.ports import Capability
from tests.contract.changes import create, create_numbered_by_the_vendor, is_done, shows, vendors_with
from tests.contract.desk import Desk
from tests.delivery.bench import finished

pytestmark = vendors_with(Capability.create)
KEY = "the-key-of-one-create"


async def test_a_created_order_is_answered_as_the_vendor_has_it(desk: Desk) -> None:
    change = await create(desk)
    made = await change.send(desk)
    assert (made.status_code, made.headers["location"]) == (201, desk.site.orders(change.number))
    order = made.json()
    assert (order["number"], order["backend"]) == (change.number, desk.site.backend)
    assert shows(order, change.body)
    read = await desk.site.api.get(made.headers["location"])
    assert {**read.json(), "as_of": None} == {**order, "as_of": None}
    assert len(desk.effects(change.number)) == 1


async def test_an_order_that_exists_is_not_created_again(desk: Desk) -> None:
    change = await create(desk)
    assert (await change.send(desk)).status_code == 201
    effects = desk.all_effects()
    again = await change.send(desk, KEY)
    problem = again.json()
    assert (again.status_code, problem["code"], problem["outcome"]) == (409, "work-order-exists", "not_sent")
    assert [error["pointer"] for error in problem["errors"]] == ["/number"]
    replayed = await change.send(desk, KEY)
    assert (replayed.content, replayed.headers["idempotent-replayed"]) == (again.content, "true")
    assert desk.all_effects() == effects


async def test_an_order_that_the_vendor_had_before_is_not_overwritten(desk: Desk) -> None:
    number = desk.plain_order()
    body = {**desk.samples.create, "number": number}
    answer = await desk.site.api.post(desk.site.orders(), json=body, headers={"Idempotency-Key": desk.site.fresh_key()})
    assert (answer.status_code, answer.json()["code"]) == (409, "work-order-exists")
    assert desk.effects(number) == []


async def test_two_creates_of_one_number_make_one_order(desk: Desk) -> None:
    change = await create(desk)
    first = await change.send(desk, prefer="respond-async")
    second = await change.send(desk, prefer="respond-async")
    states = [(await finished(desk.site, one.json()["operation_id"]))["state"] for one in (first, second)]
    assert states == ["applied", "refused"]
    assert len(desk.effects(change.number)) == 1


async def test_an_order_without_a_number_is_numbered_by_the_vendor_or_refused_unsent(desk: Desk) -> None:
    change = await create_numbered_by_the_vendor(desk)
    made = await change.send(desk, KEY)
    if not desk.samples.numbered_by_vendor:
        assert (made.status_code, made.json()["outcome"]) == (422, "not_sent")
        assert "/number" in [error["pointer"] for error in made.json()["errors"]]
        assert desk.all_effects() == []
        return
    order = made.json()
    assert (made.status_code, made.headers["location"]) == (201, desk.site.orders(order["number"]))
    assert order["number"]
    assert shows(order, change.body)
    read = await desk.site.api.get(made.headers["location"])
    assert {**read.json(), "as_of": None} == {**order, "as_of": None}
    assert [one["order"] for one in desk.all_effects()] == [order["number"]]
    (operation,) = await desk.operations()
    assert (operation["state"], operation["work_order"]) == ("applied", order["number"])
    other = await change.send(desk)
    assert other.json()["number"] != order["number"]


async def test_what_the_vendor_finds_wrong_in_a_new_order_is_pointed_to_in_our_names(desk: Desk) -> None:
    invalid = desk.samples.invalid_create
    assert invalid is not None
    number = desk.new_number()
    answer = await desk.site.api.post(
        desk.site.orders(), json={**invalid.body, "number": number}, headers={"Idempotency-Key": KEY}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (422, "vendor-rejected-data", "refused")
    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(invalid.pointers)
    assert problem["vendor"]["message"]
    assert (desk.effects(number), (await desk.read(number)).status_code) == ([], 404)


async def test_a_created_order_takes_updates_at_once(desk: Desk) -> None:
    change = await create(desk)
    assert (await change.send(desk)).status_code == 201
    body = await desk.next_update(change.number)
    assert body is not None
    assert (await desk.site.update(change.number, body)).status_code == 201
    assert await is_done(desk, change)
    assert (await desk.read(change.number)).json()["vendor_status"]["code"] == body["vendor_code"]
