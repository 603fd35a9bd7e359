"""Known orders: found by number or reference, and listed page by page while they change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation, OrderKey
from app.ledger import orders
from app.ledger.orders import OrderFilter
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, begun


def shown(number: str, *, reference: str | None = None, code: str = "10", title: str = "Boiler") -> Observation:
    return Observation(
        key=OrderKey(number=number, reference=reference),
        code=code,
        status_at=None,
        late=False,
        target_at=None,
        fields={"title": title},
        record={"Title": title, "Code": code},
        as_of=from_micros(NOW),
    )


@pytest.fixture
async def ten(store: Store) -> Store:
    """Ten orders, each changed a second after the one before; every third is at another code."""
    for n in range(10):
        one = shown(f"{n}", code="11" if n % 3 == 0 else "10")
        await store.write(orders.observe(BACKEND, [one], source="poll", now=NOW + n * SECOND))
    return store


async def page(store: Store, narrowed: OrderFilter, *, most: int = 100) -> list[str]:
    return [order.view.number for order in await store.read(orders.list_orders(BACKEND, narrowed, most=most))]


async def test_an_order_is_found_by_its_number_and_by_its_reference(store: Store) -> None:
    await store.write(orders.observe(BACKEND, [shown("113427", reference="WO113427")], source="read", now=NOW))
    by_number = await store.read(orders.find(BACKEND, "113427"))
    assert by_number is not None
    assert by_number == await store.read(orders.find(BACKEND, "WO113427"))
    assert await store.read(orders.find(BACKEND, "WO999")) is None
    assert await store.read(orders.find("another", "113427")) is None


async def test_a_number_wins_over_the_reference_of_another_order(store: Store) -> None:
    both = [shown("1", reference="2"), shown("2", reference="1")]
    await store.write(orders.observe(BACKEND, both, source="read", now=NOW))
    found = [await store.read(orders.find(BACKEND, name)) for name in ("1", "2")]
    assert [order.view.number for order in found if order is not None] == ["1", "2"]


async def test_the_list_begins_with_what_changed_longest_ago(ten: Store) -> None:
    assert await page(ten, OrderFilter()) == [str(n) for n in range(10)]
    assert await page(ten, OrderFilter(), most=3) == ["0", "1", "2"]


async def test_the_list_is_narrowed_by_code_and_by_time(ten: Store) -> None:
    assert await page(ten, OrderFilter(codes=("11",))) == ["0", "3", "6", "9"]
    assert await page(ten, OrderFilter(codes=("10", "11"), changed_since=NOW + 7 * SECOND)) == ["7", "8", "9"]
    assert await page(ten, OrderFilter(codes=("12",))) == []
    assert await page(ten, OrderFilter(codes=())) == []


async def test_an_order_that_nobody_has_seen_is_not_listed(ten: Store) -> None:
    await begun(ten, 1, number="unseen")
    assert "unseen" not in await page(ten, OrderFilter())


async def test_pages_go_on_where_the_last_one_ended_while_orders_change(ten: Store) -> None:
    """A changed order moves to the end: it may come twice, and none is left out."""
    pages: list[str] = []
    after: tuple[int, str] | None = None
    for round_ in range(20):
        found = await ten.read(orders.list_orders(BACKEND, OrderFilter(after=after), most=3))
        if not found:
            break
        pages += [order.view.number for order in found]
        after = (found[-1].changed_at, found[-1].view.number)
        if round_ < 2:
            again = replace(shown(("0", "7")[round_], title="moved"), as_of=from_micros(NOW + SECOND))
            await ten.write(orders.observe(BACKEND, [again], source="poll", now=NOW + (20 + round_) * SECOND))
    assert pages == ["0", "1", "2", "3", "4", "5", "6", "8", "9", "0", "7"]


async def test_orders_that_changed_at_the_same_moment_are_paged_by_number(store: Store) -> None:
    listed = [shown(f"{n}") for n in range(7)]
    await store.write(orders.observe(BACKEND, listed, source="poll", now=NOW))
    first = await page(store, OrderFilter(), most=4)
    rest = await page(store, OrderFilter(after=(NOW, first[-1]), codes=("10",), changed_since=NOW), most=4)
    assert (first, rest) == (["0", "1", "2", "3"], ["4", "5", "6"])
