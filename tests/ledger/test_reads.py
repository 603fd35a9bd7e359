"""Reads, on both stores: a unit sees one moment however many statements it has, and a look is one statement."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from app.domain.timeline import Begun, Entry, Requested
from app.ledger import accept, lanes, orders, stories
from app.ledger.postgres import PostgresStore
from app.ledger.sql import Sql, Unit
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NUMBER, begun, claimed, op_id, queued, stepwise

FIND = accept.FIND_ORDER, {"backend": BACKEND, "number": NUMBER}


def page() -> Unit[list[Entry]]:
    return stories.story(BACKEND, NUMBER, tenant="acme", most=20)


def twice() -> Unit[None]:
    yield FIND
    yield FIND


def nothing() -> Unit[str]:
    return "nothing to ask"
    yield FIND


def between(step: Callable[[], None]) -> Callable[[Sql], None]:
    """For `stepwise`: the step is taken before the second statement."""
    statements = count()

    def each(_statement: Sql) -> None:
        if next(statements) == 1:
            step()

    return each


async def test_what_is_accepted_while_a_page_of_the_story_is_read_is_on_the_next_page(
    store: Store, another_store: Callable[[], Store]
) -> None:
    """A page that held its attempt alone would have passed the write itself: the next page begins beyond the attempt."""

    async def accept_elsewhere() -> None:
        elsewhere = another_store()
        await elsewhere.open()
        await begun(elsewhere, 1)
        await elsewhere.close()

    def meanwhile() -> None:
        other = threading.Thread(target=lambda: asyncio.run(accept_elsewhere()))
        other.start()
        other.join()

    assert await store.read(stepwise(page(), between(meanwhile))) == []
    told = await store.read(page())
    assert [type(one.what) for one in told][:2] == [Requested, Begun]


async def test_a_look_of_two_statements_is_refused(store: Store) -> None:
    with pytest.raises(RuntimeError, match="a look is one statement"):
        await store.look(twice())
    assert await store.look(nothing()) == "nothing to ask"
    await store.read(twice())


async def test_the_head_of_a_queue_comes_with_its_order_in_one_look(store: Store) -> None:
    await queued(store, 1)
    await queued(store, 2, code="12")
    (claim,) = await claimed(store)
    head, known = await store.look(lanes.turn(claim))
    assert head is not None
    assert known is not None
    assert (head.id, head.work_order, head.backend) == (op_id(1), NUMBER, BACKEND)
    assert (known.view.number, known.view.open_count, known.view.projected_code) == (NUMBER, 2, "12")
    assert known == await store.look(orders.find(BACKEND, NUMBER))


async def test_a_queue_without_a_head_has_no_order_to_tell_of(store: Store) -> None:
    await queued(store, 1)
    (claim,) = await claimed(store)
    assert await store.look(lanes.turn(replace(claim, number="no such order"))) == (None, None)


async def test_on_postgresql_a_look_is_its_statement_and_nothing_else(postgres_store: PostgresStore) -> None:
    """No transaction around it, and none to give the session back as new: nothing is ever set on it."""
    sent: list[str] = []
    async with postgres_store._connection() as connection:
        connection.add_query_logger(lambda record: sent.append(record.query))
    await postgres_store.look(nothing())
    assert sent == []
    await postgres_store.look(lanes.next_ready(BACKEND))
    assert sent == [lanes.NEXT_READY.postgres]
    sent.clear()
    await postgres_store.read(twice())
    assert sent == ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;", *[FIND[0].postgres] * 2, "COMMIT;"]
