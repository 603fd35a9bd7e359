"""The ledger on PostgreSQL: any number of gateways on one database, the hot steps as single statements on raw connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TypeVar

import asyncpg

from app.domain.operations import FINAL
from app.ledger.accept import (
    Looked,
    accepted,
    attempt_values,
    keep_refusal,
    key_values,
    look,
    may_begin,
    new_operation,
    new_order,
    operation_values,
    place_values,
)
from app.ledger.events import event_values
from app.ledger.postgres_sql import ADD_ORDER_ONCE, accept_statement, prefixed, settle_statement
from app.ledger.records import Acceptance, Decide, Draft, Fenced, Lease, Refuse, Settled, Settlement
from app.ledger.rows import number
from app.ledger.settle import (
    attempt_end_values,
    event_data,
    move_values,
    moved_operation,
    order_step,
    sets_status,
    settle,
)
from app.ledger.sql import Params, Row, Sql, Unit
from app.ledger.store import StoreUnavailable

T = TypeVar("T")

POOL = 10
SESSION = {
    "synchronous_commit": "on",
    "lock_timeout": "1s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "application_name": "orderbridge",
}
RACES = 20
"""How often an acceptance is tried again when the order changes between its read and its write."""

_GONE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


class PostgresStore:
    """One PostgreSQL database, shared with any other gateway that uses it."""

    sole_owner = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        with _trouble():
            self._pool = await asyncpg.create_pool(
                self._url, min_size=1, max_size=POOL, command_timeout=10, server_settings=SESSION
            )

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def write(self, unit: Unit[T]) -> T:
        async with self._connection() as connection, connection.transaction():
            return await _run(connection, unit)

    async def read(self, unit: Unit[T]) -> T:
        async with self._connection() as connection:
            return await _run(connection, unit)

    async def accept(self, draft: Draft, decide: Decide, lease: Lease | None) -> Acceptance:
        """Read, decide, then write in one statement that compares the order's version; a lost race is run again."""
        async with self._connection() as connection:
            for _ in range(RACES):
                try:
                    done = await _accept_once(connection, draft, decide, lease)
                except asyncpg.UniqueViolationError:
                    continue
                if done is not None:
                    return done
        raise StoreUnavailable("the order changed too often while the write was being accepted")

    async def settle(self, settlement: Settlement) -> Settled:
        if settlement.hold_id is not None or settlement.end_behind is not None:
            return await self.write(settle(settlement))
        statement, params = _settle_call(settlement)
        async with self._connection() as connection:
            rows = await _fetch(connection, statement, params)
        if not rows:
            raise Fenced
        assert number(rows[0], "moved") == 1, "the fence held, so the state must have too"
        more = settlement.to in FINAL and number(rows[0], "open_count") > 0
        return Settled(operation=moved_operation(settlement), ended=(), more=more)

    async def ping(self) -> None:
        async with self._connection() as connection:
            await connection.execute("SELECT txid_current()")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        assert self._pool is not None
        with _trouble():
            async with self._pool.acquire(timeout=5) as connection:
                yield connection


@contextmanager
def _trouble() -> Iterator[None]:
    """The one place where the driver's errors become ours; a unique violation is for the caller of the unit."""
    try:
        yield
    except _GONE as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error


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
    connection: asyncpg.Connection, draft: Draft, decide: Decide, lease: Lease | None
) -> Acceptance | None:
    """One try; None when the order changed between the read and the write. See `accept.accept` for the steps."""
    found = await _run(connection, look(draft))
    if not isinstance(found, Looked):
        return found
    decision = decide(found.order)
    if isinstance(decision, Refuse):
        return await _run(connection, keep_refusal(draft, decision))
    if not found.known:
        await _fetch(connection, ADD_ORDER_ONCE, new_order(draft))
    begins = lease if may_begin(found.order, lease, now=draft.now) else None
    new = new_operation(draft, decision, found.order, seq=0, begins=begins is not None)
    params = {
        **place_values(draft, decision, found.order, begins=begins),
        **prefixed("op_", operation_values(new, draft)),
        **(prefixed("key_", key_values(draft, refused=None)) if draft.key is not None else {}),
    }
    if begins is not None:
        params.update(prefixed("at_", attempt_values(new, begins, fence=found.order.fence + 1, now=draft.now)))
    statement = accept_statement(begins=begins is not None, keyed=draft.key is not None)
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
