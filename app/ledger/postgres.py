"""The ledger on PostgreSQL: any number of gateways on one database, the hot steps as single statements on raw connections."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import asyncpg
from sqlalchemy import BigInteger, func, select

from app.domain.operations import FINAL
from app.failpoints import reach
from app.ledger.accept import (
    ADD_ORDER,
    accepted,
    keep_refusal,
    key_values,
    look,
    may_begin,
    new_operation,
    new_order,
    operation_values,
    place_values,
)
from app.ledger.addresses import for_asyncpg
from app.ledger.events import event_values
from app.ledger.found import Looked
from app.ledger.horizon import Snapshots, Standing
from app.ledger.intents import attempt_values
from app.ledger.notices import Notices
from app.ledger.postgres_pool import open_pool, trouble
from app.ledger.postgres_sql import accept_statement, prefixed, settle_statement
from app.ledger.records import Acceptance, Decide, Draft, Fenced, Lease, Refuse, Settled, Settlement
from app.ledger.rounds import ping
from app.ledger.rows import number, number_or_none
from app.ledger.server_clock import ServerClock
from app.ledger.settle import (
    attempt_end_values,
    event_data,
    move_values,
    moved_operation,
    order_step,
    sets_status,
    settle,
)
from app.ledger.sql import Params, Row, Sql, Unit, over
from app.ledger.store import NOT_OPEN, Over, StoreUnavailable, nothing_more

T = TypeVar("T")

ONE_MOMENT = {"isolation": "repeatable_read", "readonly": True}
"""All statements of a transaction see what was committed before the first; by default each sees what is committed by then."""
SERVER_TIME = Sql(select(func.orderbridge_now(type_=BigInteger).label("now")))
FREE_S = 5.0
"""How long whoever needs a connection waits for one; longer if a new one may take longer to come about."""
RACES = 5
"""How often an acceptance is tried. The first try may lose its order to another acceptance; the next ones lock it, and lose
only to a key, a client_reference or a new order that another has just stored."""


class PostgresStore:
    """One PostgreSQL database, shared with any other gateway that uses it."""

    sole_owner = False

    def __init__(self, url: str) -> None:
        self._address, self._connect_s = for_asyncpg(url)
        self._pool: asyncpg.Pool | None = None
        self._clock = ServerClock(self._server_time)
        self._notices = Notices(self._address, sender=secrets.token_hex(4), connect_s=self._connect_s)
        self._snapshots = Snapshots()

    async def open(self) -> None:
        with trouble():
            self._pool = await open_pool(self._address, connect_s=self._connect_s)
        try:
            await self._clock.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._clock.stop()
        await self._notices.stop()
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    def now(self) -> int:
        return self._clock.now()

    async def _server_time(self) -> int | None:
        rows = await self.look(_server_time())
        return number_or_none(rows[0], "now")

    def listen(self, hear: Callable[[str], None]) -> None:
        self._notices.listen(hear)
        self._notices.start()

    def say(self, words: str) -> None:
        self._notices.say(words)

    async def write(self, unit: Unit[T]) -> T:
        async with self._connection() as connection, connection.transaction():
            return await _run(connection, unit)

    async def read(self, unit: Unit[T]) -> T:
        async with self._connection() as connection, connection.transaction(**ONE_MOMENT):
            return await _run(connection, unit)

    async def look(self, unit: Unit[T]) -> T:
        """Bare: one statement is of one moment by itself, and a transaction around it would be two round trips more."""
        async with self._connection() as connection:
            try:
                statement, params = next(unit)
            except StopIteration as done:
                result: T = done.value
                return result
            return over(unit, await _fetch(connection, statement, params))

    async def accept(self, draft: Draft, decide: Decide, lease: Lease | None, over: Over = nothing_more) -> Acceptance:
        return await asyncio.shield(asyncio.create_task(self._accept_to_the_end(draft, decide, lease, over)))

    async def _accept_to_the_end(self, draft: Draft, decide: Decide, lease: Lease | None, over: Over) -> Acceptance:
        done: Acceptance | None = None
        try:
            done = await self._accept(draft, decide, lease)
            return done
        finally:
            over(done)

    async def _accept(self, draft: Draft, decide: Decide, lease: Lease | None) -> Acceptance:
        """Read, decide, then write in one statement that compares the order's version; a lost race is run again, locked."""
        async with self._connection() as connection:
            for race in range(RACES):
                try:
                    if race == 0:
                        done = await _accept_once(connection, draft, decide, lease, lock=False)
                    else:
                        async with connection.transaction():
                            done = await _accept_once(
                                connection, draft, decide, lease if race == 1 else None, lock=True
                            )
                except asyncpg.UniqueViolationError:
                    continue
                if done is not None:
                    return done
        raise StoreUnavailable("the order changed too often while the write was being accepted")

    async def settle(self, settlement: Settlement) -> Settled:
        if (settlement.hold, settlement.end_behind, settlement.number) != (None, None, None):
            return await self.write(settle(settlement))
        statement, params = _settle_call(settlement)
        reach("F10")
        try:
            async with self._connection() as connection:
                rows = await _fetch(connection, statement, params)
        except asyncpg.DivisionByZeroError:
            raise Fenced from None
        if not rows:
            raise Fenced
        more = settlement.to in FINAL and number(rows[0], "open_count") > 0
        return Settled(operation=moved_operation(settlement), ended=(), more=more)

    async def horizon(self) -> Standing:
        async with self._connection() as connection:  # no transaction: each statement has a snapshot of its own
            return await _run(connection, self._snapshots.look())

    async def ping(self) -> None:
        """Bare: all gateways write the same row, and one that stands still must not have it locked meanwhile."""
        await self.look(ping())

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        if self._pool is None:
            raise StoreUnavailable(NOT_OPEN)
        with trouble():
            async with self._pool.acquire(timeout=max(FREE_S, self._connect_s)) as connection:
                yield connection


def _server_time() -> Unit[Sequence[Row]]:
    return (yield SERVER_TIME, {})


async def _run(connection: asyncpg.Connection, unit: Unit[T]) -> T:
    rows: Sequence[Row] | None = None
    try:
        while True:
            statement, params = next(unit) if rows is None else unit.send(rows)
            rows = await _fetch(connection, statement, params)
    except StopIteration as done:
        result: T = done.value
        return result


async def _fetch(connection: asyncpg.Connection, statement: Sql, params: Params) -> Sequence[Row]:
    rows: Sequence[Row] = await connection.fetch(statement.postgres, *statement.positional(params))
    return rows


async def _accept_once(
    connection: asyncpg.Connection, draft: Draft, decide: Decide, lease: Lease | None, *, lock: bool
) -> Acceptance | None:
    """One try; None when the order changed between the read and the write. See `accept.accept` for the steps.

    A new order is added only in the locking transaction, so that nothing of it stays if its first write fails.
    """
    found = await _run(connection, look(draft, lock=lock))
    if not isinstance(found, Looked):
        return found
    if not found.known and not lock:
        return None
    decision = decide(found.order, found.reference_used_by)
    if isinstance(decision, Refuse):
        return await _run(connection, keep_refusal(draft, decision))
    if not found.known:
        await _fetch(connection, ADD_ORDER, new_order(draft.backend, draft.number, now=draft.now))
    begins = lease if decision.begins and may_begin(found.order, lease, now=draft.now) else None
    new = new_operation(draft, decision, found.order, seq=0, begins=begins is not None)
    params = {
        **place_values(draft, decision, found.order, begins=begins),
        **prefixed("op_", operation_values(new, draft)),
        **(prefixed("key_", key_values(draft, refused=None)) if draft.key is not None else {}),
    }
    if begins is not None:
        params.update(prefixed("at_", attempt_values(new, begins, found.order, now=draft.now)))
    statement = accept_statement(begins=begins is not None, keyed=draft.key is not None)
    reach("F2")
    rows = await _fetch(connection, statement, params)
    if not rows:
        return None
    return accepted(draft, replace(new, seq=number(rows[0], "last_seq")), found.order, begins=begins)


def _settle_call(settlement: Settlement) -> tuple[Sql, Params]:
    _, order_params = order_step(settlement)
    attempt = settlement.attempt
    event = event_values(
        moved_operation(settlement), settlement.claim, seq=0, at=settlement.now, data=event_data(settlement)
    )
    params = {
        **order_params,
        **move_values(settlement),
        **prefixed("ev_", event),
        **(attempt_end_values(settlement.operation.id, attempt, now=settlement.now) if attempt else {}),
    }
    statement = settle_statement(
        finished=settlement.to in FINAL, sets_status=sets_status(settlement), attempt=attempt is not None
    )
    return statement, params
