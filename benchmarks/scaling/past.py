"""A full ledger, made by the database itself: orders as vendors show them, and what the updates of the past have left."""

from __future__ import annotations

import asyncpg

from app.domain.times import to_micros
from app.ledger.orders import etag_of
from app.ledger.rows import compact
from benchmarks.scaling.shown import FIRST_NUMBER, as_issued

ASKED = '{"status":"on_site","occurred_at":"2026-11-20T20:40:00Z","comments":"Engineer on site, part fitted"}'
ANSWER = {
    "operation_id": "op_01KAKZ6T3J5N2M8Q4X7B9C1D0F",
    "state": "applied",
    "backend": "backend-17",
    "work_order": "113427",
    "previous_status": "issued",
    "status": "on_site",
    "vendor_status": {"code": "11", "label": "On Site", "master": "Work In Progress"},
    "occurred_at": "2026-11-20T20:40:00Z",
    "received_at": "2026-11-20T20:40:02.123456Z",
    "applied_at": "2026-11-20T20:40:02.623456Z",
    "evidence": "vendor_accepted",
}
"""The 201 of a status update, as docs/api.md has it."""
ISSUED = as_issued()
"""Every order of this ledger is like it but for its number."""
assert ISSUED.status_at is not None
assert ISSUED.target_at is not None
STATUS_AT, TARGET_AT = to_micros(ISSUED.status_at), to_micros(ISSUED.target_at)
MARK = "0" * 32
"""What the vendor's list said of an order, and says again."""


def backend_of(n: int, backends: int) -> str:
    """The backend of the nth order."""
    return f"backend-{n % backends}"


def tenant_of(n: int, backends: int) -> str:
    """Whose backend that is: each has one tenant with one client."""
    return f"tenant-{n % backends}"


def client_of(n: int, backends: int) -> str:
    return f"client_{n % backends:026}"


def number_of(n: int) -> str:
    """The nth order, as its vendor numbers it."""
    return str(FIRST_NUMBER + n)


async def load(connection: asyncpg.Connection, *, orders: int, backends: int, updates: int, now: int) -> None:
    """So many orders, and so many updates of them that are over, `now` being when."""
    for statement in statements(orders=orders, backends=backends, updates=updates, now=now):
        await connection.execute(statement, timeout=600)
    await connection.execute("VACUUM (ANALYZE)", timeout=600)


def statements(*, orders: int, backends: int, updates: int, now: int) -> tuple[str, ...]:
    lane = f"'backend-' || n % {orders} % {backends}, ({FIRST_NUMBER} + n % {orders})::text"
    whose = f"n % {orders} % {backends}"
    operation_id = "'op_01K' || lpad(n::text, 23, '0')"
    answer, fields, ids = (_quoted(compact(value)) for value in (ANSWER, ISSUED.fields, dict(ISSUED.key.vendor_ids)))
    asked = _quoted(ASKED)
    past = f"FROM generate_series(0, {updates}::bigint - 1) AS n"
    return (
        "INSERT INTO work_order (backend, number, reference, vendor_ids, fields, etag, code, code_since, late, target_at,"
        " observed_at, listed_at, changed_at, version, last_seq, open_count, held, lease_until, fence, event_seq,"
        " stands, mark, marked_version)"
        f" SELECT {lane}, 'WO' || {FIRST_NUMBER} + n, {ids}, {fields}, '{etag_of(ISSUED)}', '{ISSUED.code}', {STATUS_AT}, 0,"
        f" {TARGET_AT}, {now}, {now}, {now} - n, 0, 0, 0, 0, 0, 0, 0, 1, '{MARK}', 0"
        f" FROM generate_series(0, {orders}::bigint - 1) AS n",
        "INSERT INTO operation (id, tenant, client_id, backend, work_order, seq, kind, state, body, target_code,"
        " occurred_at, previous_code, request_id, attempts, result, answer_status, answer_body, accepted_at, finished_at)"
        f" SELECT {operation_id}, 'tenant-' || {whose}, 'client_' || lpad(({whose})::text, 26, '0'), {lane}, -1 - n,"
        f" 'status_update', 'applied', {asked}, '11', {now}, '10', lpad(n::text, 26, '0'), 1, {answer}, 201, {answer},"
        f" {now} + n, {now} + n {past}",
        "INSERT INTO attempt (operation_id, n, fence, started_at, deadline_at, code_since, ended_at, outcome, detail)"
        f" SELECT {operation_id}, 1, n, {now}, {now}, {now}, {now}, 'applied', 'StatusUpdated' {past}",
        "INSERT INTO idempotency_key (client_id, key, tenant, fingerprint, operation_id, created_at)"
        f" SELECT 'client_' || lpad(({whose})::text, 26, '0'), gen_random_uuid()::text, 'tenant-' || {whose},"
        f" md5(n::text) || md5((-n)::text), {operation_id}, {now} + n {past}",
        "INSERT INTO event (at, backend, work_order, seq, type, source, tenant, operation_id, data)"
        f" SELECT {now}, {lane}, -1 - n, 'operation.applied', 'delivery', 'tenant-' || {whose}, {operation_id},"
        f' \'{{"was":"sending","previous_code":"10","code":"11","evidence":"vendor_accepted"}}\' {past}',
    )


def _quoted(value: str) -> str:
    return f"$q${value}$q$"
