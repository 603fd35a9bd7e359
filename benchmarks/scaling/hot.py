"""Everything that the ledger does all day, done once: so that its statements can be caught and looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import asyncpg

from app.ledger import (
    accept,
    feed,
    holds,
    lanes,
    listed_sql,
    operation_lists,
    operations,
    order_sql,
    orders,
    postgres,
    rounds,
)
from app.ledger.intents import ADD_ATTEMPT
from app.ledger.postgres_sql import accept_statement, settle_statement
from app.ledger.sql import Params, Row, Sql
from app.ledger.tables import EVENT, HOLD, OPERATION, ORDER
from benchmarks.scaling.ledger import Ledger
from benchmarks.scaling.past import tenant_of

MOST = 50
FRESH = 23
"""A backend none of whose orders has had an update."""


async def everything(ledger: Ledger) -> None:
    """Updates that go out at once, a repeat, one that waits, a round of polling, and the calls that read and list."""
    read = ledger.store.read
    n, known = 5, 17
    backend, number = ledger.lane(n)
    tenant, backends = tenant_of(n, ledger.backends), frozenset({backend})
    await ledger.sent_at_once(n, key="a-key-that-comes-twice")
    await ledger.sent_again(n, key="a-key-that-comes-twice")
    await ledger.sent_at_once(n, reference="their-job-4711")
    await ledger.queued(n)
    await ledger.polled(known)
    for one in ledger.first_of(FRESH):
        await ledger.sent_at_once(one)
    await ledger.polled_after_updates(FRESH)
    await read(lanes.next_ready(backend))
    await read(orders.find(backend, number))
    await read(orders.list_orders(backend, orders.OrderFilter(), most=MOST))
    mine = operation_lists.OperationFilter(tenant=tenant, backends=backends)
    listed = await read(operation_lists.list_operations(mine, most=MOST))
    await read(operations.find_mine(listed[0].id, tenant=tenant, backends=backends))
    await read(holds.list_holds(holds.HoldFilter(tenant=tenant, backends=backends), most=MOST))
    recent = await read(feed.events(feed.EVERYONES, after=0, upto=10**9, most=1))
    mine_too = feed.EventFilter(tenant=tenant, backends=backends)
    await read(feed.events(mine_too, after=recent[0].id, upto=recent[0].id + MOST, most=MOST))


@contextmanager
def catching() -> Iterator[dict[Sql, Params]]:
    """Every statement that a store sends meanwhile, with the parameters that it had first."""
    caught: dict[Sql, Params] = {}
    fetch = postgres._fetch

    async def fetching(connection: asyncpg.Connection, statement: Sql, params: Params) -> Sequence[Row]:
        if statement is not postgres.SERVER_TIME:  # asked once a second, of no table
            caught.setdefault(statement, params)
        return await fetch(connection, statement, params)

    with patch.object(postgres, "_fetch", fetching):
        yield caught


def name_of(statement: Sql) -> str:
    """What the statement is for; one that is made at run time is named after the table that it lists."""
    if statement in NAMES:
        return NAMES[statement]
    return next(name for table, name in LISTS.items() if re.search(rf"FROM {table}\b", statement.postgres))


NAMES: Mapping[Sql, str] = {
    accept.FIND_BOTH: "accept: whether the key was used, and the order",
    accept.FIND_REFERENCE: "accept: whether the client_reference was used",
    accept_statement(begins=True, keyed=True): "accept, and begin at once",
    accept_statement(begins=False, keyed=True): "accept, and queue up",
    accept.FIND_REPEATED: "replay: the operation of a key",
    settle_statement(finished=True, sets_status=True, attempt=True): "settle",
    lanes.NEXT_READY: "worker: when there is something to do",
    lanes.CLAIM: "worker: claim queues",
    lanes.HEAD: "worker: the head of a queue",
    lanes.RENEW: "worker: begin, the lease",
    lanes.BEGIN: "worker: begin, the operation",
    ADD_ATTEMPT: "worker: begin, the intent",
    order_sql.FIND_ANY_NAME: "an order by its number or reference",
    rounds.ADD: "polling: a backend's rounds",
    rounds.TAKE: "polling: begin a round",
    listed_sql.STANDING: "polling: the orders that stand in the list, with their marks",
    rounds.SHOWED: "polling: the list was whole",
    listed_sql.BESIDE: "polling: the rows of orders that our updates have changed",
    listed_sql.CHANGED_MANY: "polling: what the list shows of them",
    listed_sql.TELL_MANY: "polling: their events",
    rounds.END: "polling: end a round",
    operations.FIND_MINE: "an operation by its id",
}
LISTS: Mapping[str, str] = {
    OPERATION.name: "the list of operations",
    ORDER.name: "the list of orders",
    HOLD.name: "the list of holds",
    EVENT.name: "the feed of events",
}
