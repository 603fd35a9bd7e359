"""Orders are read live from every vendor; what was seen is listed, and a vendor's own list is taken in where it has one."""

from __future__ import annotations

from app.domain.ports import Capability
from tests.contract.changes import vendors_with
from tests.contract.desk import Desk
from tests.delivery.bench import until


async def test_an_order_is_read_by_its_number_and_by_its_other_name(desk: Desk) -> None:
    by_number = await desk.read(desk.number)
    order = by_number.json()
    assert (by_number.status_code, order["number"], order["backend"]) == (200, desk.number, desk.site.backend)
    assert by_number.headers["etag"]
    by_name = await desk.read(desk.samples.other_name or order["external_reference"] or desk.number)
    assert {**by_name.json(), "as_of": None} == {**order, "as_of": None}
    assert by_name.headers["etag"] == by_number.headers["etag"]


async def test_an_order_that_the_vendor_does_not_have_is_not_found(desk: Desk) -> None:
    unknown = desk.samples.unknown_order
    read = await desk.read(unknown)
    assert (read.status_code, read.json()["code"]) == (404, "work-order-not-found")
    written = await desk.site.update(unknown, await desk.body())
    assert (written.status_code, written.json()["code"]) == (404, "work-order-not-found")
    assert await desk.operations() == []


async def listed(desk: Desk) -> list[str]:
    items = (await desk.site.api.get(desk.site.orders(), params={"limit": 200})).json()["items"]
    return [item["number"] for item in items]


@vendors_with(Capability.list)
async def test_the_vendors_orders_are_listed(desk: Desk) -> None:
    async def found() -> bool:
        return desk.number in await listed(desk)

    await until(found)


async def test_the_orders_that_were_seen_are_listed(desk: Desk) -> None:
    seen = [desk.number, desk.plain_order(), desk.plain_order()]
    for number in seen:
        assert (await desk.read(number)).status_code == 200
    assert set(seen) <= set(await listed(desk))
