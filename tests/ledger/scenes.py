"""What the ledger's tests are made of: drafts, leases, what the checks say, and every row of every table to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import select

from app.domain.admission import OrderView
from app.domain.errors import ClientReferenceUsed
from app.domain.holds import Cause
from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.ledger import lanes
from app.ledger.models import metadata
from app.ledger.records import Accepted, Claim, Decide, Draft, Ending, Lease, NewHold, Refuse, Send, Settlement
from app.ledger.sql import Row, Sql, Unit, Value
from app.ledger.store import Store

T = TypeVar("T")
NOW = 1_795_000_000 * SECOND
BACKEND = "civica-cx"
NUMBER = "113427"
OCCURRED = NOW - 600 * SECOND
APPLIED = Ending(problem=None, answer_status=201, answer_body='{"state":"applied"}')
REFUSED = Ending(problem='{"code":"vendor-refused"}', answer_status=409, answer_body='{"code":"vendor-refused"}')
ENDED = Ending(problem='{"code":"order-ended"}', answer_status=409, answer_body='{"code":"order-ended"}')

TABLES = {name: Sql(select(table).order_by(*table.primary_key.columns)) for name, table in metadata.tables.items()}

BLANK_ORDER: dict[str, Value] = {
    **dict.fromkeys((column.name for column in metadata.tables["work_order"].columns), None),
    "backend": BACKEND,
    "number": NUMBER,
    "vendor_ids": "{}",
    "fields": "{}",
    "late": 0,
    "confirmed_at": 0,
    "changed_at": NOW,
    "version": 0,
    "last_seq": 0,
    "open_count": 0,
    "held": 0,
    "recheck": 0,
    "stands": 0,
    "lease_until": 0,
    "fence": 0,
    "event_seq": 0,
}


def op_id(n: int) -> str:
    return f"op_{n:026}"


def draft(
    n: int,
    *,
    number: str = NUMBER,
    tenant: str = "acme",
    client: str = "acme-app",
    key: str | None = "",
    fingerprint: str = "",
    reference: str | None = None,
    kind: Kind = Kind.status_update,
    now: int = NOW,
) -> Draft:
    """The nth write; without a word about its key it has one of its own."""
    return Draft(
        id=op_id(n),
        tenant=tenant,
        client_id=client,
        backend=BACKEND,
        number=number,
        kind=kind,
        body='{"status":"on_site"}',
        occurred_at=OCCURRED,
        client_reference=reference,
        key=f"key-{n:016}" if key == "" else key,
        fingerprint=fingerprint or f"fingerprint-{n}",
        now=now,
    )


def operation(n: int, **changes: object) -> Operation:
    """The nth write as it stands when it has just joined an empty queue, but for `changes`."""
    asked = draft(n)
    values: dict[str, object] = {
        "id": asked.id,
        "tenant": asked.tenant,
        "client_id": asked.client_id,
        "backend": asked.backend,
        "work_order": asked.number,
        "seq": n,
        "kind": asked.kind,
        "state": State.queued,
        "body": {"status": "on_site"},
        "target_code": "11",
        "occurred_at": OCCURRED,
        "previous_code": None,
        "client_reference": None,
        "attempts": 0,
        "accepted_at": NOW,
        "finished_at": None,
        "blocked_by": None,
        "problem": None,
        "result": None,
        "answer_status": None,
        "answer_body": None,
        "probes": 0,
        "probe_evidence": None,
    }
    return Operation(**{**values, **changes})  # type: ignore[arg-type]


def lease(owner: str = "here", *, now: int = NOW, seconds: int = 35) -> Lease:
    return Lease(owner=owner, until=now + seconds * SECOND, deadline_at=now + 20 * SECOND)


def passes(code: str | None = "11") -> Decide:
    """Checks that let every write pass whose client_reference is new."""

    def decide(order: OrderView, reference_used_by: str | None) -> Send:
        if reference_used_by is not None:
            raise ClientReferenceUsed("used", pointer="/client_reference", operation_id=reference_used_by)
        return Send(target_code=code, previous_code=order.code)

    return decide


def refuses(body: str = '{"code":"status-unchanged"}') -> Decide:
    def decide(_: OrderView, _used_by: str | None) -> Refuse:
        return Refuse(status=409, body=body)

    return decide


def raises(error: Exception) -> Decide:
    def decide(_: OrderView, _used_by: str | None) -> Send:
        raise error

    return decide


async def begun(store: Store, n: int, *, number: str = NUMBER, code: str | None = "11", now: int = NOW) -> Accepted:
    """The nth write, whose first attempt began as it was accepted."""
    accepted = await store.accept(draft(n, number=number, now=now), passes(code), lease(now=now))
    assert isinstance(accepted, Accepted)
    assert accepted.claim is not None
    return accepted


async def queued(store: Store, n: int, *, number: str = NUMBER, tenant: str = "acme", code: str = "11") -> Operation:
    """The nth write, which nobody has begun to send."""
    accepted = await store.accept(draft(n, number=number, tenant=tenant, client=f"{tenant}-app"), passes(code), None)
    assert isinstance(accepted, Accepted)
    assert accepted.claim is None
    return accepted.operation


async def claimed(store: Store, *, owner: str = "here", now: int = NOW, most: int = 100) -> list[Claim]:
    return await store.write(lanes.claim(BACKEND, now=now, lease=lease(owner, now=now), most=most))


def settlement(
    claim: Claim | None,
    of: Operation,
    to: State,
    *,
    now: int = NOW + SECOND,
    ending: Ending | None = None,
    ready_at: int | None = None,
    hold_id: str | None = None,
    end_behind: Callable[[Operation], Ending] | None = None,
) -> Settlement:
    """The move of an operation; one that becomes held has a hold, whether it is named here or not."""
    assert claim is not None
    held = to is State.held
    name = hold_id or (f"hold_{of.id}" if held else None)
    cause = Cause.outcome_unknown if held else Cause.vendor_refused
    return Settlement(
        claim=claim,
        operation=of,
        to=to,
        now=now,
        lease_until=now + 35 * SECOND,
        ending=ending,
        ready_at=ready_at,
        hold=None if name is None else NewHold(id=name, cause=cause, detail="what is known"),
        end_behind=end_behind,
    )


def select_all(table: str) -> Unit[list[dict[str, object]]]:
    rows = yield TABLES[table], {}
    return [{column.name: row[column.name] for column in metadata.tables[table].columns} for row in rows]


async def rows_of(store: Store, table: str) -> list[dict[str, object]]:
    """Every row of a table, by its primary key."""
    return await store.read(select_all(table))


async def order_row(store: Store, number: str = NUMBER) -> dict[str, object]:
    return next(row for row in await rows_of(store, "work_order") if row["number"] == number)


async def everything(store: Store) -> Mapping[str, list[dict[str, object]]]:
    """Every row of every table, as they stood at one moment: a write that ends meanwhile is seen whole or not at all."""
    return await store.read(_select_everything())


def _select_everything() -> Unit[Mapping[str, list[dict[str, object]]]]:
    rows = {}
    for name in TABLES:
        rows[name] = yield from select_all(name)
    return rows


def execute(statement: Sql, **params: Value) -> Unit[None]:
    yield statement, params


def stepwise(unit: Unit[T], each: Callable[[Sql], object]) -> Unit[T]:
    """The unit; `each` hears of every statement before it runs, and what it raises ends the unit there."""
    rows: Sequence[Row] | None = None
    try:
        while True:
            statement, params = next(unit) if rows is None else unit.send(rows)
            each(statement)
            rows = yield statement, params
    except StopIteration as done:
        result: T = done.value
        return result
