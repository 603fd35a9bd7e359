"""Resolve a hold by a word: what becomes of its cause and of the queue behind it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, case, null, update

from app.domain.entity_tags import meets
from app.domain.errors import InvalidRequest, NotFound, PreconditionFailed
from app.domain.evidence import Evidence
from app.domain.holds import ACTIONS, Action, Cause, Hold
from app.domain.json import JsonObject
from app.domain.operations import Operation, State
from app.failpoints import reach
from app.ledger.accept import FIND_OPERATION
from app.ledger.events import ADD_EVENT, order_event
from app.ledger.holds import find
from app.ledger.numbering import ONE_EVENT_MORE
from app.ledger.records import Claim, Ending, Settlement
from app.ledger.replacing import Instead, put_in_place
from app.ledger.rows import compact, number, operation
from app.ledger.rows import hold as hold_of
from app.ledger.settle import BEHIND, settle
from app.ledger.sql import Sql, Unit, Value
from app.ledger.tables import HOLD, ORDER

TAKE_FENCE = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(fence=ORDER.c.fence + 1, version=ORDER.c.version + 1, lease_owner=null(), lease_until=0)
    .returning(*ORDER.c)
)
"""Whoever works on the queue loses it, and until we commit nobody else moves the order."""
CLOSE = Sql(
    update(HOLD)
    .where(HOLD.c.id == bindparam("of_id"), HOLD.c.closed_at.is_(None))
    .values(
        version=HOLD.c.version + 1,
        work_order=bindparam("at_order"),
        closed_at=bindparam("now"),
        closed_by=bindparam("by"),
        resolution=bindparam("how"),
        reason=bindparam("why"),
        evidence=bindparam("shown"),
        made_operation=bindparam("made"),
    )
    .returning(*HOLD.c)
)
_forgets = bindparam("forgets") == 1
GO_ON = Sql(
    update(ORDER)
    .where(ORDER.c.backend == bindparam("of_backend"), ORDER.c.number == bindparam("of_number"))
    .values(
        blocked_by=null(),
        blocked_tenant=null(),
        held=0,
        recheck=1,
        ready_at=case((ORDER.c.open_count > 0, bindparam("now")), else_=null()),
        changed_at=bindparam("now"),
        code=case((_forgets, null()), else_=ORDER.c.code),
        code_operation=case((_forgets, null()), else_=ORDER.c.code_operation),
        code_tenant=case((_forgets, null()), else_=ORDER.c.code_tenant),
        event_seq=ORDER.c.event_seq + 1,
        version=ORDER.c.version + 1,
    )
    .returning(ORDER.c.event_seq)
)
"""The queue goes on, and the vendor is read before anything is sent. With `forgets` our idea of the status gives way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What a person says of a hold. `if_match` are the tags of the version that the person saw; none: any.

    `ending` is the answer of a held write that is marked applied, `number` the order that it made, where only the vendor
    could number that; `instead` what is sent for `replace`, or again for `retry` after a refusal.
    """

    action: Action
    reason: str
    by: str
    now: int
    if_match: tuple[str, ...] = ()
    evidence: str | None = None
    ending: Ending | None = None
    number: str | None = None
    instead: Instead | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """A hold as its resolution left it, and the operations that moved by it."""

    hold: Hold
    changed: tuple[Operation, ...]


def resolve(hold_id: str, word: Word) -> Unit[Resolved]:
    """Close the hold by this word, and let the queue go on.

    Raises NotFound, PreconditionFailed (resolved meanwhile, or not as `if_match` names it) and InvalidRequest (an action
    that makes no sense for the cause).
    """
    found = yield from find(hold_id)
    if found is None:
        raise NotFound("There is no such hold.")
    lane: dict[str, Value] = {"of_backend": found.backend, "of_number": found.work_order}
    fenced = yield TAKE_FENCE, lane
    found = yield from find(hold_id)  # once more: the order is ours now, and so is all that belongs to it
    assert found is not None
    _check(found, word)
    claim = Claim(backend=found.backend, number=found.work_order, fence=number(fenced[0], "fence"))
    changed: list[Operation] = []
    if found.operation_id is not None:
        cause = operation((yield FIND_OPERATION, {"id": found.operation_id})[0])
        changed += yield from _move_cause(claim, cause, found, word)
        if word.instead is not None:
            changed.append((yield from put_in_place(claim, cause, word.instead, now=word.now)))
    if word.action is Action.cancel:
        for row in (yield BEHIND, lane):
            changed.append((yield from _end(claim, operation(row), State.cancelled, found, word)))
    closed = yield from _closed(found, word)
    reach("F13")
    return Resolved(hold=closed, changed=tuple(changed))


def _check(found: Hold, word: Word) -> None:
    if found.resolution is not None:
        by = (
            "" if found.tenant is None else f", by {found.closed_by}"
        )  # of no tenant's hold it may be another tenant's client
        raise PreconditionFailed(f"The hold was resolved already: {found.resolution.value}{by}.", etag=found.tag)
    if not meets(word.if_match, found.tag):
        raise PreconditionFailed("The hold is no longer as your If-Match names it. Read it again.", etag=found.tag)
    if word.action not in ACTIONS[found.cause]:
        raise InvalidRequest(
            f"A hold for {found.cause.value} cannot be resolved by {word.action.value}.",
            pointer="/action",
            actions=sorted(action.value for action in ACTIONS[found.cause]),
        )


def _move_cause(claim: Claim, cause: Operation, found: Hold, word: Word) -> Unit[list[Operation]]:
    """What becomes of the cause; one that the vendor refused stays refused, whatever the word."""
    if cause.state is not State.held:
        return []
    if word.action is Action.cancel:
        return []  # it ends with the rest of the queue, of which it is the head
    if word.action in (Action.skip, Action.replace):
        to = State.skipped if word.action is Action.skip else State.replaced
        return [(yield from _end(claim, cause, to, found, word))]
    to = State.queued if word.action is Action.retry else State.applied
    step = _settlement(claim, cause, to, word)
    if word.action is Action.mark_applied:
        result = None if word.ending is None else word.ending.answer_body
        step = replace(step, ending=word.ending, result=result, number=word.number)
    return [(yield from settle(step)).operation]


def _end(claim: Claim, was: Operation, to: State, found: Hold, word: Word) -> Unit[Operation]:
    """End an operation by the word; its result says why, to its own tenant."""
    told: JsonObject = {"resolution": word.action.value}
    step = _settlement(claim, was, to, word)
    if was.tenant != found.tenant:
        step = replace(step, event_data=told)  # the words are those of another tenant
    else:
        told = {**told, "hold_id": found.id, "reason": word.reason}
        if word.instead is not None:
            told = {**told, "replaced_by": word.instead.id}
    return (yield from settle(replace(step, result=compact(told)))).operation


def _settlement(claim: Claim, was: Operation, to: State, word: Word) -> Settlement:
    return Settlement(
        claim=claim,
        operation=was,
        to=to,
        now=word.now,
        lease_until=0,
        ready_at=word.now,
        probes=0,
        event_data={"reason": word.reason, "by": word.by, "evidence": word.evidence or Evidence.operator},
    )


def _closed(found: Hold, word: Word) -> Unit[Hold]:
    made = None if word.instead is None else word.instead.id
    place = word.number or found.work_order
    rows = yield (
        CLOSE,
        {
            "of_id": found.id,
            "at_order": place,
            "now": word.now,
            "by": word.by,
            "how": word.action.value,
            "why": word.reason,
            "shown": word.evidence,
            "made": made,
        },
    )
    lane: dict[str, Value] = {"of_backend": found.backend, "of_number": place}
    if place == found.work_order:
        freed = yield GO_ON, {**lane, "now": word.now, "forgets": int(found.cause is Cause.contradiction)}
    else:
        freed = yield ONE_EVENT_MORE, lane  # the create has moved there, and that order has a queue of its own
    data: JsonObject = {
        "hold_id": found.id,
        "resolution": word.action.value,
        "reason": word.reason,
        "by": word.by,
        "evidence": word.evidence,
        "made_operation": made,
    }
    event = order_event(
        "hold.closed",
        backend=found.backend,
        order=place,
        seq=number(freed[0], "event_seq"),
        at=word.now,
        source="operator",
        tenant=found.tenant,
        operation_id=found.operation_id,
        data=data,
    )
    yield ADD_EVENT, event
    return hold_of(rows[0])
