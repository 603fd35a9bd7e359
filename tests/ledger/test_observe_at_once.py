"""An observation that says nothing new, while another process writes to the order: it is never written to what it did not see."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace

from app.domain.times import SECOND, from_micros
from app.domain.work_orders import Observation
from app.ledger import orders
from app.ledger.order_sql import SEEN
from app.ledger.orders import OrderFilter
from app.ledger.postgres import PostgresStore
from app.ledger.records import Change
from app.ledger.sql import Sql, Unit
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NOW, NUMBER, order_row, stepwise
from tests.ledger.test_observe import observe, seen

T0, T30, T40, T50, T60 = [NOW + seconds * SECOND for seconds in (0, 30, 40, 50, 60)]


def observed(one: Observation) -> Unit[list[Change]]:
    return orders.observe(BACKEND, [one], source="request", now=T60)


def written_meanwhile(url: str, unit: Unit[object]) -> Callable[[Sql], None]:
    """For `stepwise`: another process writes its unit whole before that the order was seen is written."""
    waiting = [unit]

    async def write() -> None:
        elsewhere = PostgresStore(url)
        await elsewhere.open()
        await elsewhere.write(waiting.pop())
        await elsewhere.close()

    def each(statement: Sql) -> None:
        if statement is SEEN and waiting:
            other = threading.Thread(target=lambda: asyncio.run(write()))
            other.start()
            other.join()

    return each


async def test_a_reading_that_says_nothing_new_does_not_bring_back_an_order_that_was_removed_meanwhile(
    postgres_store: PostgresStore, told_time: str
) -> None:
    await observe(postgres_store, seen(at=T0))
    removes = orders.forget(BACKEND, NUMBER, now=T50)
    unit = stepwise(observed(seen(at=T40)), written_meanwhile(told_time, removes))
    assert await postgres_store.write(unit) == []
    order = await order_row(postgres_store)
    assert (order["observed_at"], order["confirmed_at"]) == (None, T50)
    assert await postgres_store.read(orders.list_orders(BACKEND, OrderFilter(), most=10)) == []


async def test_a_reading_that_said_nothing_new_is_compared_with_what_another_process_saw_meanwhile(
    postgres_store: PostgresStore, told_time: str
) -> None:
    await observe(postgres_store, seen(at=T0))
    another = observed(seen(at=T40, code="20"))
    unit = stepwise(observed(seen(at=T50)), written_meanwhile(told_time, another))
    [change] = await postgres_store.write(unit)
    assert (change.was["code"], change.now["code"]) == ("20", "10")
    order = await order_row(postgres_store)
    assert (order["code"], order["observed_at"]) == ("10", T50)


async def test_a_reading_that_another_of_the_same_has_passed_meanwhile_changes_nothing(
    postgres_store: PostgresStore, told_time: str
) -> None:
    await observe(postgres_store, seen(at=T0))
    unit = stepwise(observed(seen(at=T40)), written_meanwhile(told_time, observed(seen(at=T50))))
    assert await postgres_store.write(unit) == []
    assert (await order_row(postgres_store))["observed_at"] == T50


async def test_what_says_nothing_new_is_two_statements_and_what_is_older_but_one(store: Store) -> None:
    await observe(store, seen(at=T30))
    steps: list[list[Sql]] = [[], [], []]
    for each, at in zip(steps, (T40, T40, T30), strict=True):
        await store.write(stepwise(observed(replace(seen(), as_of=from_micros(at))), each.append))
    assert [len(each) for each in steps] == [2, 1, 1]
    assert (await order_row(store))["observed_at"] == T40
