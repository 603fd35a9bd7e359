"""Settle an attempt: the operation's move, the order's new state, what follows for its queue, and the event. One transaction."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import BigInteger, and_, bindparam, case, func, null, update

from app.domain.json import JsonObject
from app.domain.operations import FINAL, Operation, State, move
from app.domain.ports import Kind
from app.failpoints import reach
from app.ledger.events import ADD_EVENT, event_values
from app.ledger.lanes import FENCED, lane_of
from app.ledger.numbering import numbered
from app.ledger.records import AttemptEnd, Ending, Fenced, Settled, Settlement
from app.ledger.rows import compact, json_object, number, operation
from app.ledger.sql import LEASED_UNTIL, Now, Params, Sql, Unit, Value
from app.ledger.stopping import PARK, stop
from app.ledger.tables import ATTEMPT, OPERATION, OPERATIONS, ORDER

MOVE = Sql(
    update(OPERATION)
    .where(
        OPERATION.c.backend == bindparam("of_backend"),
        OPERATION.c.id == bindparam("of_id"),
        OPERATION.c.state == bindparam("was"),
    )
    .values(
        {
            name: bindparam("new_" + name)
            for name in (
                "state",
                "finished_at",
                "problem",
                "result",
                "answer_status",
                "answer_body",
                "probes",
                "probe_evidence",
            )
        }
    )
    .returning(OPERATION.c.id)
)
END_ATTEMPT = Sql(
    update(ATTEMPT)
    .where(ATTEMPT.c.operation_id == bindparam("of_id"), ATTEMPT.c.n == bindparam("of_n"))
    .values(
        {
            **{
                name: bindparam("end_" + name)
                for name in ("ended_at", "outcome", "detail", "vendor_status", "vendor_code", "vendor_message")
            },
            "deadline_at": func.coalesce(bindparam("end_over_at", type_=BigInteger), ATTEMPT.c.deadline_at),
        }
    )
)

_last = ORDER.c.open_count <= 1
_mine = ORDER.c.projected_operation == bindparam("of_id")
_mine_blocks = ORDER.c.blocked_by == bindparam("of_id")
_one_less = {
    "version": ORDER.c.version + 1,
    "event_seq": ORDER.c.event_seq + 1,
    "changed_at": bindparam("now"),
    "open_count": ORDER.c.open_count - 1,
    "projected_code": case((_mine, null()), else_=ORDER.c.projected_code),
    "projected_operation": case((_mine, null()), else_=ORDER.c.projected_operation),
    "projected_tenant": case((_mine, null()), else_=ORDER.c.projected_tenant),
    "blocked_by": case((_mine_blocks, null()), else_=ORDER.c.blocked_by),
    "blocked_tenant": case((_mine_blocks, null()), else_=ORDER.c.blocked_tenant),
    "ready_at": case((_last, null()), else_=Now()),
    "lease_owner": case((_last, null()), else_=ORDER.c.lease_owner),
    "lease_until": case((_last, 0), else_=LEASED_UNTIL),
}
FINISH = Sql(update(ORDER).where(FENCED).values(_one_less).returning(ORDER.c.open_count, ORDER.c.event_seq))
FINISH_APPLIED = Sql(
    update(ORDER)
    .where(FENCED)
    .values(
        {
            **_one_less,
            "code": bindparam("to_code"),
            "code_since": bindparam("since"),
            "code_operation": bindparam("of_id"),
            "code_tenant": bindparam("of_tenant"),
            "confirmed_at": bindparam("now"),
        }
    )
    .returning(ORDER.c.open_count, ORDER.c.event_seq)
)
"""The vendor has confirmed our write: that is what we know of the order's status from now on."""
BEHIND = Sql(
    OPERATIONS.where(
        and_(
            OPERATION.c.backend == bindparam("of_backend"),
            OPERATION.c.work_order == bindparam("of_number"),
            OPERATION.c.finished_at.is_(None),
        )
    ).order_by(OPERATION.c.seq)
)


def settle(settlement: Settlement) -> Unit[Settled]:
    """Write the move and all that follows from it. Raises Fenced when the queue is no longer ours; then nothing is written."""
    of, was = settlement.claim, settlement.operation
    finished = settlement.to in FINAL
    rows = yield order_step(settlement)
    moved = yield MOVE, move_values(settlement)
    if not rows or not moved:
        raise Fenced
    if settlement.attempt is not None:
        yield END_ATTEMPT, attempt_end_values(was.id, settlement.attempt, now=settlement.now)
    now_is, lane, seq = moved_operation(settlement), of, number(rows[0], "event_seq")
    if settlement.number is not None:
        lane = replace(of, number=settlement.number)
        now_is = replace(now_is, work_order=settlement.number)
        seq = yield from numbered(was, of.number, settlement.number, now=settlement.now)
    yield ADD_EVENT, event_values(now_is, lane, seq=seq, at=settlement.now, data=event_data(settlement))
    reach("F10")
    if settlement.number is not None:
        return Settled(operation=now_is, ended=(), more=False)
    more = finished and number(rows[0], "open_count") > 0
    if more and settlement.end_behind is not None:
        ended = yield from _end_behind(settlement)
        return Settled(operation=now_is, ended=ended, more=False)
    if settlement.hold is not None and (more or settlement.to is State.held):
        yield from stop(of, was, settlement.hold, now=settlement.now)
        if not finished:
            now_is = replace(now_is, blocked_by=settlement.hold.id)
        return Settled(operation=now_is, ended=(), more=False)
    return Settled(operation=now_is, ended=(), more=more)


def order_step(settlement: Settlement) -> tuple[Sql, Params]:
    """What the order's row becomes: one open write less, or a queue that waits."""
    if settlement.to not in FINAL:
        unsettled = settlement.to is not State.queued
        return PARK, {
            **lane_of(settlement.claim),
            "now": settlement.now,
            "by": settlement.operation.id if unsettled else None,
            "by_tenant": settlement.operation.tenant if unsettled else None,
            "stops": int(settlement.to is State.held),
            "ready": settlement.ready_at,
        }
    return (FINISH_APPLIED if sets_status(settlement) else FINISH), finish_values(settlement)


def sets_status(settlement: Settlement) -> bool:
    """Whether the vendor has confirmed the order's status by confirming this write; an order that was made is read instead."""
    of = settlement.operation
    return (
        settlement.to is State.applied and of.target_code is not None and of.kind in (Kind.status_update, Kind.delete)
    )


def finish_values(settlement: Settlement) -> Params:
    was = settlement.operation
    values: dict[str, Value] = {
        **lane_of(settlement.claim),
        "of_id": was.id,
        "now": settlement.now,
        "until": settlement.lease_until,
    }
    if sets_status(settlement):
        values.update(to_code=was.target_code, since=was.occurred_at, of_tenant=was.tenant)
    return values


def move_values(settlement: Settlement) -> Params:
    was, ending = settlement.operation, settlement.ending
    return {
        "of_backend": was.backend,
        "of_id": was.id,
        "was": str(was.state),
        "new_state": str(move(was.state, settlement.to)),
        "new_finished_at": settlement.now if settlement.to in FINAL else None,
        "new_problem": ending.problem if ending else None,
        "new_result": settlement.result,
        "new_answer_status": ending.answer_status if ending else None,
        "new_answer_body": ending.answer_body if ending else None,
        "new_probes": was.probes if settlement.probes is None else settlement.probes,
        "new_probe_evidence": settlement.probe_evidence,
    }


def moved_operation(settlement: Settlement) -> Operation:
    """The operation as the move leaves it, without reading it back."""
    ending = settlement.ending
    return replace(
        settlement.operation,
        state=settlement.to,
        finished_at=settlement.now if settlement.to in FINAL else None,
        problem=json_object(ending.problem) if ending else None,
        result=json_object(settlement.result),
        answer_status=ending.answer_status if ending else None,
        answer_body=ending.answer_body if ending else None,
        probes=settlement.operation.probes if settlement.probes is None else settlement.probes,
        probe_evidence=settlement.probe_evidence,
        blocked_by=None,
    )


def attempt_end_values(operation_id: str, end: AttemptEnd, *, now: int) -> Params:
    said = end.said
    return {
        "of_id": operation_id,
        "of_n": end.n,
        "end_ended_at": now,
        "end_outcome": end.outcome,
        "end_detail": end.detail,
        "end_vendor_status": said.status if said else None,
        "end_vendor_code": said.code if said else None,
        "end_vendor_message": said.message if said else None,
        "end_over_at": end.over_at,
    }


def event_data(settlement: Settlement) -> JsonObject:
    was = settlement.operation
    return {
        "was": str(was.state),
        "previous_code": was.previous_code,
        "code": was.target_code,
        **settlement.event_data,
    }


def _end_behind(settlement: Settlement) -> Unit[tuple[Operation, ...]]:
    """The order has ended: everything queued behind ends with it, each with an event of its own."""
    assert settlement.end_behind is not None
    of = settlement.claim
    ended: list[Operation] = []
    for row in (yield BEHIND, {"of_backend": of.backend, "of_number": of.number}):
        step = Settlement(
            claim=of,
            operation=operation(row),
            to=State.cancelled,
            now=settlement.now,
            lease_until=settlement.lease_until,
            ending=settlement.end_behind(operation(row)),
        )
        settled = yield from settle(step)
        ended.append(settled.operation)
    return tuple(ended)


def ending_of(problem: JsonObject, *, status: int) -> Ending:
    """The ending that answers with a problem."""
    body = compact(problem)
    return Ending(problem=body, answer_status=status, answer_body=body)
