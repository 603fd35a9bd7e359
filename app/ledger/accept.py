"""Accept a write: the idempotency key, the operation, its place in the order's queue and, when nothing is ahead, the intent.

One transaction. The same key with the same request replays; with another request it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlalchemy import BigInteger, and_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.domain.admission import OrderView
from app.domain.errors import IdempotencyKeyReused
from app.domain.operations import Operation, State
from app.domain.terms import Terms
from app.failpoints import reach
from app.ledger.found import Looked, find_both
from app.ledger.intents import ADD_ATTEMPT, attempt_values
from app.ledger.records import Acceptance, Accepted, Claim, Decide, Draft, Lease, Refuse, Refused, Replayed, Send
from app.ledger.rows import (
    json_object,
    number,
    number_or_none,
    operation,
    order_view,
    text,
    text_or_none,
    unseen_order,
)
from app.ledger.sql import LEASED_UNTIL, Now, Params, Row, Sql, Unit, Value
from app.ledger.tables import KEY, OPERATION, OPERATIONS, ORDER, ORDERS

_key = and_(KEY.c.client_id == bindparam("client_id"), KEY.c.key == bindparam("key"))
FIND_KEY = Sql(select(KEY).where(_key))
FIND_REFERENCE = Sql(
    select(OPERATION.c.id).where(
        OPERATION.c.tenant == bindparam("tenant"), OPERATION.c.client_reference == bindparam("client_reference")
    )
)
_order = and_(ORDER.c.backend == bindparam("backend"), ORDER.c.number == bindparam("number"))
FIND_ORDER = Sql(ORDERS.where(_order))
LOCK_ORDER = Sql(ORDERS.where(_order).with_for_update(of=ORDER))
"""The order as it is now, and nobody else's until the transaction ends; on SQLite the whole transaction is alone."""
FIND_BOTH = find_both(_key, _order)
FIND_OPERATION = Sql(OPERATIONS.where(OPERATION.c.id == bindparam("id")))
FIND_REPEATED = Sql(OPERATIONS.where(OPERATION.c.backend == bindparam("backend"), OPERATION.c.id == bindparam("id")))
"""The operation of a key: the fingerprint holds the path, so it is of the same backend."""

ADD_KEY = Sql(insert(KEY))
ADD_OPERATION = Sql(insert(OPERATION))
ADD_ORDER = Sql(insert_or(ORDER).on_conflict_do_nothing())
"""Unless another has just added it. Both databases spell this alike."""
_this_version = and_(
    ORDER.c.backend == bindparam("of_backend"),
    ORDER.c.number == bindparam("of_number"),
    ORDER.c.version == bindparam("seen"),
)
_one_more = {
    "version": ORDER.c.version + 1,
    "last_seq": ORDER.c.last_seq + 1,
    "open_count": ORDER.c.open_count + 1,
    "changed_at": bindparam("now"),
    "projected_code": bindparam("to_code"),
    "projected_operation": bindparam("by_operation"),
    "projected_tenant": bindparam("by_tenant"),
}
QUEUE_UP = Sql(
    update(ORDER)
    .where(_this_version)
    .values({**_one_more, "ready_at": func.coalesce(ORDER.c.ready_at, bindparam("ready", type_=BigInteger))})
    .returning(ORDER.c.last_seq)
)
"""Behind others, or for a worker to find: whoever works on the queue keeps it, and a set time of attention stands."""
BEGIN_AT_ONCE = Sql(
    update(ORDER)
    .where(_this_version, ORDER.c.lease_until <= Now())
    .values(
        {
            **_one_more,
            "ready_at": Now(),
            "lease_owner": bindparam("owner"),
            "lease_until": LEASED_UNTIL,
            "fence": ORDER.c.fence + 1,
        }
    )
    .returning(ORDER.c.last_seq)
)


_NO_OPERATION: Params = dict.fromkeys((column.name for column in OPERATION.columns), None)


Place: TypeAlias = "Callable[[Draft, Send, Looked, Lease | None], Unit[Accepted]]"
"""How what passed the checks is written; with a lease its first attempt begins."""


def place(draft: Draft, decision: Send, looked: Looked, begins: Lease | None) -> Unit[Accepted]:
    """Everything that an acceptance writes, once the checks have let it pass."""
    order = looked.order
    if not looked.known:
        yield ADD_ORDER, new_order(draft.backend, draft.number, now=draft.now)
    step = QUEUE_UP if begins is None else BEGIN_AT_ONCE
    placed = yield step, place_values(draft, decision, order, begins=begins)
    new = new_operation(draft, decision, order, seq=number(placed[0], "last_seq"), begins=begins is not None)
    if draft.key is not None:
        yield ADD_KEY, key_values(draft, refused=None)
    yield ADD_OPERATION, operation_values(new, draft)
    if begins is not None:
        yield ADD_ATTEMPT, attempt_values(new, begins, order, now=draft.now)
    reach("F2")
    return accepted(draft, new, order, begins=begins)


def accept(draft: Draft, decide: Decide, lease: Lease | None, write: Place = place) -> Unit[Acceptance]:
    """The whole acceptance as one unit. `lease` asks for the first attempt to begin at once, if nothing is ahead.

    Raises IdempotencyKeyReused, or whatever `decide` raises; then nothing is stored.
    """
    looked = yield from look(draft)
    if not isinstance(looked, Looked):
        return looked
    order = looked.order
    decision = decide(order, looked.reference_used_by)
    if isinstance(decision, Refuse):
        return (yield from keep_refusal(draft, decision))
    begins = lease if decision.begins and may_begin(order, lease, now=draft.now) else None
    return (yield from write(draft, decision, looked, begins))


def look(draft: Draft, *, lock: bool = False) -> Unit[Replayed | Looked]:
    """The stored outcome of the key, or the order as it stands; with `lock`, as it stays until the transaction ends."""
    its_order = {"backend": draft.backend, "number": draft.number}
    orders: Sequence[Row] | None = None
    if draft.key is not None:
        found = yield FIND_BOTH, {"client_id": draft.client_id, "key": draft.key, **its_order}
        if text_or_none(found[0], "key_fingerprint") is not None:
            return (yield from _replay(found[0], draft))
        orders = found if text_or_none(found[0], "number") is not None else ()
    used: Sequence[Row] = ()
    if draft.client_reference is not None:
        used = yield FIND_REFERENCE, {"tenant": draft.tenant, "client_reference": draft.client_reference}
    if lock or orders is None:
        orders = yield LOCK_ORDER if lock else FIND_ORDER, its_order
    order = order_view(orders[0]) if orders else unseen_order(draft.number)
    return Looked(
        order=order,
        known=bool(orders),
        last_seq=number(orders[0], "last_seq") if orders else 0,
        reference_used_by=text(used[0], "id") if used else None,
    )


def _replay(key: Row, draft: Draft) -> Unit[Replayed]:
    if text(key, "key_fingerprint") != draft.fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key came before with another request. Use a new key for a new change."
        )
    operation_id = text_or_none(key, "key_operation_id")
    if operation_id is None:
        status, body = number_or_none(key, "key_answer_status"), text_or_none(key, "key_answer_body")
        return Replayed(operation=None, answer_status=status, answer_body=body)
    rows = yield FIND_REPEATED, {"backend": draft.backend, "id": operation_id}
    return Replayed(operation=operation(rows[0]), answer_status=None, answer_body=None)


def keep_refusal(draft: Draft, refusal: Refuse) -> Unit[Refused]:
    """A refusal of ours is a decision: it is kept with its key, and a repeat reads it again."""
    if draft.key is not None:
        yield ADD_KEY, key_values(draft, refused=refusal)
    return Refused(answer_status=refusal.status, answer_body=refusal.body)


def accepted(draft: Draft, new: Operation, order: OrderView, *, begins: Lease | None) -> Accepted:
    if begins is None:
        return Accepted(operation=new, claim=None, order=order)
    claim = Claim(backend=draft.backend, number=draft.number, fence=order.fence + 1)
    return Accepted(operation=new, claim=claim, order=order, deadline_at=begins.deadline_at)


def may_begin(order: OrderView, lease: Lease | None, *, now: int) -> bool:
    """Whether the write goes to the vendor at once: nothing ahead, nothing blocked, nobody at work on the queue."""
    at_rest = order.open_count == 0 and order.blocked_by is None and not order.recheck
    return lease is not None and at_rest and order.lease_until <= now


def key_values(draft: Draft, *, refused: Refuse | None) -> Params:
    assert draft.key is not None
    return {
        "client_id": draft.client_id,
        "key": draft.key,
        "tenant": draft.tenant,
        "fingerprint": draft.fingerprint,
        "operation_id": None if refused else draft.id,
        "answer_status": refused.status if refused else None,
        "answer_body": refused.body if refused else None,
        "created_at": draft.now,
    }


def new_order(backend: str, order_number: str, *, now: int) -> Params:
    """The row of an order of which nothing is known but its number."""
    return {
        **dict.fromkeys((column.name for column in ORDER.columns), None),
        "backend": backend,
        "number": order_number,
        "vendor_ids": "{}",
        "fields": "{}",
        "late": 0,
        "confirmed_at": 0,
        "changed_at": now,
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


def place_values(draft: Draft, send: Send, order: OrderView, *, begins: Lease | None) -> Params:
    """The order's row once the write has its place; a write that sets no status leaves what earlier ones will make of it."""
    sets = foretells(send.target_code, draft.terms)
    place: dict[str, Value] = {
        "of_backend": draft.backend,
        "of_number": draft.number,
        "seen": order.version,
        "now": draft.now,
        "to_code": send.target_code if sets else order.projected_code,
        "by_operation": draft.id if sets else order.projected_operation,
        "by_tenant": draft.tenant if sets else order.projected_tenant,
    }
    if begins is None:
        place["ready"] = None if order.held else draft.now
    else:
        place.update(owner=begins.owner, until=begins.until)
    return place


def foretells(code: str | None, terms: str | None) -> bool:
    """Whether the order will have the code that a write names; one that may set none names what the order may have had."""
    return code is not None and not Terms.from_json(json_object(terms)).keeps_status


def new_operation(draft: Draft, send: Send, order: OrderView, *, seq: int, begins: bool) -> Operation:
    return Operation(
        id=draft.id,
        tenant=draft.tenant,
        client_id=draft.client_id,
        backend=draft.backend,
        work_order=draft.number,
        seq=seq,
        kind=draft.kind,
        state=State.sending if begins else State.queued,
        body=json_object(draft.body) or {},
        terms=Terms.from_json(json_object(draft.terms)),
        target_code=send.target_code,
        occurred_at=draft.occurred_at,
        previous_code=send.previous_code,
        client_reference=draft.client_reference,
        request_id=draft.request_id,
        attempts=1 if begins else 0,
        accepted_at=draft.now,
        finished_at=None,
        blocked_by=order.blocked_by if order.blocked_tenant in (draft.tenant, None) else None,
        problem=None,
        result=None,
        answer_status=None,
        answer_body=None,
        probes=0,
        probe_evidence=None,
    )


def operation_values(new: Operation, draft: Draft) -> Params:
    return {
        **_NO_OPERATION,
        "id": new.id,
        "tenant": new.tenant,
        "client_id": new.client_id,
        "backend": new.backend,
        "work_order": new.work_order,
        "seq": new.seq,
        "kind": new.kind.value,
        "state": str(new.state),
        "body": draft.body,
        "terms": draft.terms,
        "target_code": new.target_code,
        "occurred_at": new.occurred_at,
        "previous_code": new.previous_code,
        "client_reference": new.client_reference,
        "request_id": new.request_id,
        "attempts": new.attempts,
        "probes": 0,
        "accepted_at": new.accepted_at,
    }
