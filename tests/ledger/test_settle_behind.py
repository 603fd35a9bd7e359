"""What a settling means for the writes queued behind: a hold, an end, or nothing."""

from __future__ import annotations

from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import operations
from app.ledger.records import Settled
from app.ledger.store import Store
from tests.ledger.scenes import (
    BACKEND,
    BLANK_ORDER,
    ENDED,
    NOW,
    NUMBER,
    REFUSED,
    begun,
    claimed,
    op_id,
    operation,
    order_row,
    queued,
    rows_of,
    settlement,
)

LATER = NOW + SECOND


async def test_a_refusal_with_writes_behind_it_opens_a_hold(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2, code="12")
    settled = await store.settle(
        settlement(first.claim, first.operation, State.refused, ending=REFUSED, hold_id="hold_1")
    )
    assert (settled.ended, settled.more, settled.operation.state) == ((), False, State.refused)
    assert await rows_of(store, "order_hold") == [
        {
            "id": "hold_1",
            "tenant": "acme",
            "backend": BACKEND,
            "work_order": NUMBER,
            "operation_id": op_id(1),
            "cause": "vendor-refused",
            "detail": "what is known",
            "version": 1,
            "opened_at": LATER,
            **dict.fromkeys(("closed_at", "closed_by", "resolution", "reason", "evidence", "made_operation")),
        }
    ]
    assert await order_row(store) == {
        **BLANK_ORDER,
        "changed_at": LATER,
        "projected_code": "12",
        "projected_operation": op_id(2),
        "projected_tenant": "acme",
        "version": 4,
        "last_seq": 2,
        "open_count": 1,
        "blocked_by": "hold_1",
        "blocked_tenant": "acme",
        "held": 1,
        "fence": 1,
        "event_seq": 2,
    }
    assert [(row["seq"], row["type"], row["operation_id"]) for row in await rows_of(store, "event")] == [
        (1, "operation.refused", op_id(1)),
        (2, "hold.opened", op_id(1)),
    ]
    assert await claimed(store, now=NOW + 1000 * SECOND) == []


async def test_a_refusal_with_nothing_behind_it_holds_nothing(store: Store) -> None:
    first = await begun(store, 1)
    settled = await store.settle(
        settlement(first.claim, first.operation, State.refused, ending=REFUSED, hold_id="hold_1")
    )
    assert settled.more is False
    assert await rows_of(store, "order_hold") == []
    order = await order_row(store)
    assert (order["blocked_by"], order["held"], order["open_count"], order["event_seq"]) == (None, 0, 0, 1)
    correction = await begun(store, 2, now=LATER)
    assert correction.operation.state is State.sending


async def test_what_waits_behind_a_hold_names_it(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await queued(store, 3, tenant="other")
    await store.settle(settlement(first.claim, first.operation, State.refused, hold_id="hold_1"))
    mine, theirs = [await store.read(operations.find(op_id(n))) for n in (2, 3)]
    assert mine == operation(2, blocked_by="hold_1")
    assert theirs is not None
    assert (theirs.tenant, theirs.blocked_by) == ("other", None)


async def test_when_the_order_has_ended_what_waits_behind_ends_with_it(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await queued(store, 3)
    settled = await store.settle(
        settlement(
            first.claim,
            first.operation,
            State.refused,
            ending=REFUSED,
            hold_id="hold_1",
            end_behind=lambda _: ENDED,
        )
    )
    ended = [
        operation(
            n,
            state=State.cancelled,
            finished_at=LATER,
            problem={"code": "order-ended"},
            answer_status=409,
            answer_body=ENDED.answer_body,
        )
        for n in (2, 3)
    ]
    assert settled == Settled(operation=settled.operation, ended=tuple(ended), more=False)
    assert [await store.read(operations.find(op_id(n))) for n in (2, 3)] == ended
    assert await rows_of(store, "order_hold") == []
    assert await order_row(store) == {
        **BLANK_ORDER,
        "changed_at": LATER,
        "version": 6,
        "last_seq": 3,
        "fence": 1,
        "event_seq": 3,
    }
    assert [(row["seq"], row["type"], row["operation_id"]) for row in await rows_of(store, "event")] == [
        (1, "operation.refused", op_id(1)),
        (2, "operation.cancelled", op_id(2)),
        (3, "operation.cancelled", op_id(3)),
    ]


async def test_with_nothing_behind_the_end_of_the_order_ends_only_the_one(store: Store) -> None:
    first = await begun(store, 1)
    settled = await store.settle(
        settlement(first.claim, first.operation, State.refused, ending=REFUSED, end_behind=lambda _: ENDED)
    )
    assert (settled.ended, settled.more, settled.operation.answer_body) == ((), False, REFUSED.answer_body)


async def test_a_refusal_of_ours_before_sending_holds_nothing_and_the_queue_goes_on(store: Store) -> None:
    await queued(store, 1)
    await queued(store, 2)
    [claim] = await claimed(store)
    settled = await store.settle(settlement(claim, operation(1), State.refused, ending=REFUSED))
    assert settled.more
    order = await order_row(store)
    assert (order["held"], order["blocked_by"], order["open_count"], order["lease_owner"]) == (0, None, 1, "here")


async def test_an_unknown_blocks_what_is_behind_until_the_proof(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=LATER + 5 * SECOND))
    waiting = await store.read(operations.find(op_id(2)))
    assert waiting == operation(2, blocked_by=op_id(1))
    assert await claimed(store, now=LATER + 4 * SECOND) == []
    [claim] = await claimed(store, now=LATER + 5 * SECOND)
    assert claim.fence == 2
