"""Planted bugs in what the ledger does as one step, and in who may write to a queue."""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import bindparam, delete

from app import failpoints
from app.domain.admission import OrderView
from app.domain.operations import Operation
from app.domain.times import now_micros
from app.ledger import accept, postgres, retention, settle, sqlite, sqlite_jobs, sqlite_sql
from app.ledger.lanes import CLAIM, PUT_BACK
from app.ledger.postgres import PostgresStore
from app.ledger.records import Acceptance, Decide, Draft, Lease, Send, Settled, Settlement
from app.ledger.sql import Params, Row, Sql, Unit
from app.ledger.sqlite import SqliteStore
from app.ledger.stopping import stop
from app.ledger.store import Over, nothing_more
from app.ledger.tables import KEY
from tests.chaos.patching import holds, put


def _no_begin_immediate() -> None:
    """Each statement is a transaction of its own, as the driver has it by default for reads."""
    holds(sqlite_jobs.commit, "BEGIN IMMEDIATE", "run(cursor, job.unit, apart=True)")

    def commit(connection: sqlite3.Connection, batch: Sequence[Any]) -> None:
        for job in batch:
            try:
                job.result = sqlite_jobs.run(connection.cursor(), job.unit)
            except BaseException as error:
                job.error = error

    put(sqlite, "commit", commit)


def _seq_outside_the_transaction() -> None:
    """The place in the queue is drawn before the accepting transaction begins; half of those who drew are late."""
    last: Counter[tuple[str, str]] = Counter()
    drawn: dict[str, int] = {}
    accept_as_ever, new_as_ever = SqliteStore.accept, accept.new_operation

    async def accepted(
        store: SqliteStore, draft: Draft, decide: Decide, lease: Lease | None, over: Over = nothing_more
    ) -> Acceptance:
        lane = (draft.backend, draft.number)
        last[lane] += 1
        drawn[draft.id] = last[lane]
        await asyncio.sleep(random.choice((0.0, 1.0)))
        return await accept_as_ever(store, draft, decide, lease, over)

    def new(draft: Draft, send: Send, order: OrderView, *, seq: int, begins: bool) -> Operation:
        return new_as_ever(draft, send, order, seq=drawn[draft.id], begins=begins)

    put(SqliteStore, "accept", accepted)
    for module in (accept, sqlite_sql):
        put(module, "new_operation", new)


def _hold_in_a_second_transaction() -> None:
    """A refusal is stored first, and what is queued behind it is stopped afterwards."""
    holds(settle.settle, "yield from stop(of, was, settlement.hold")
    as_ever = SqliteStore.settle

    def not_yet(*_: object, **__: object) -> Unit[None]:
        return
        yield

    async def in_two_steps(store: SqliteStore, settlement: Settlement) -> Settled:
        settled = await as_ever(store, settlement)
        if settlement.hold is not None:
            failpoints.reach("F10")
            await store.write(stop(settlement.claim, settlement.operation, settlement.hold, now=settlement.now))
        return settled

    put(settle, "stop", not_yet)
    put(SqliteStore, "settle", in_two_steps)


def _reworded(wording: Callable[[str], str]) -> None:
    async def fetch(connection: asyncpg.Connection, statement: Sql, params: Params) -> Sequence[Row]:
        rows: Sequence[Row] = await connection.fetch(wording(statement.postgres), *statement.positional(params))
        return rows

    put(postgres, "_fetch", fetch)


def _lease_by_host_clock() -> None:
    """Leases are kept by the clock of whichever host looks at them."""
    assert "orderbridge_now()" in CLAIM.postgres
    _reworded(lambda text: text.replace("orderbridge_now()", "null::bigint"))
    put(PostgresStore, "now", lambda store: now_micros())


def _fence_not_checked() -> None:
    """Whoever has ever leased a queue may write to it."""
    fence = re.compile(r"work_order\.fence = (\$\d+)::BIGINT")
    assert fence.search(PUT_BACK.postgres)
    _reworded(lambda text: fence.sub(r"\1::BIGINT IS NOT NULL", text))


def _keys_expire_while_held() -> None:
    """A key is forgotten by its age alone."""
    of_age = delete(KEY).where(KEY.c.created_at <= bindparam("before")).returning(KEY.c.key)
    steps = retention.steps
    put(retention, "steps", lambda most: {**steps(most), "keys": Sql(of_age)})


BUGS: Mapping[str, Callable[[], None]] = {
    "no-begin-immediate": _no_begin_immediate,
    "seq-outside-the-transaction": _seq_outside_the_transaction,
    "hold-in-a-second-transaction": _hold_in_a_second_transaction,
    "lease-by-host-clock": _lease_by_host_clock,
    "fence-not-checked": _fence_not_checked,
    "keys-expire-while-held": _keys_expire_while_held,
}
