"""Put a new write where the cause of a hold stood, before everything that was queued behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, case, update

from app.domain.operations import Operation
from app.ledger.accept import ADD_OPERATION, FIND_ORDER, foretells, new_operation, operation_values
from app.ledger.records import Claim, Draft, Send
from app.ledger.rows import order_view
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import OPERATION, ORDER

_FAR = 1_000_000_000
MAKE_ROOM = (
    Sql(
        update(OPERATION)
        .where(
            OPERATION.c.backend == bindparam("of_backend"),
            OPERATION.c.work_order == bindparam("of_number"),
            OPERATION.c.seq > bindparam("after"),
        )
        .values(seq=OPERATION.c.seq + _FAR)
    ),
    Sql(
        update(OPERATION)
        .where(
            OPERATION.c.backend == bindparam("of_backend"),
            OPERATION.c.work_order == bindparam("of_number"),
            OPERATION.c.seq > _FAR,
        )
        .values(seq=OPERATION.c.seq - (_FAR - 1))
    ),
)
"""Everything behind moves one place back; in two steps, since a place may never be taken twice."""
_none_sets = ORDER.c.projected_operation.is_(None)
ONE_MORE = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(
        last_seq=ORDER.c.last_seq + 1,
        open_count=ORDER.c.open_count + 1,
        projected_code=case((_none_sets, bindparam("to_code")), else_=ORDER.c.projected_code),
        projected_operation=case((_none_sets, bindparam("by_operation")), else_=ORDER.c.projected_operation),
        projected_tenant=case((_none_sets, bindparam("by_tenant")), else_=ORDER.c.projected_tenant),
    )
)
"""What is behind goes on foretelling the order's status; where nothing there sets one, the write in place does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instead:
    """The write that takes the place of a hold's cause: its own id, and what it asks for."""

    id: str
    body: str
    occurred_at: int | None
    target_code: str | None
    terms: str | None = None


def put_in_place(claim: Claim, cause: Operation, instead: Instead, *, now: int) -> Unit[Operation]:
    """A new write where the cause stood, before everything that was queued behind it."""
    lane: dict[str, Value] = {"of_backend": claim.backend, "of_number": claim.number}
    rows = yield FIND_ORDER, {"backend": claim.backend, "number": claim.number}
    order = order_view(rows[0])
    for step in MAKE_ROOM:
        yield step, {**lane, "after": cause.seq}
    draft = Draft(
        id=instead.id,
        tenant=cause.tenant,
        client_id=cause.client_id,
        backend=cause.backend,
        number=claim.number,
        kind=cause.kind,
        body=instead.body,
        occurred_at=instead.occurred_at,
        client_reference=None,
        key=None,
        fingerprint="",
        now=now,
        request_id=cause.request_id,
        terms=instead.terms,
    )
    send = Send(target_code=instead.target_code, previous_code=order.code)
    new = new_operation(draft, send, replace(order, blocked_by=None), seq=cause.seq + 1, begins=False)
    yield ADD_OPERATION, operation_values(new, draft)
    sets = foretells(instead.target_code, instead.terms)
    yield (
        ONE_MORE,
        {
            **lane,
            "to_code": instead.target_code if sets else None,
            "by_operation": new.id if sets else None,
            "by_tenant": new.tenant if sets else None,
        },
    )
    return new
