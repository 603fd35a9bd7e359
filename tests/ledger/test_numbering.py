"""An order that the vendor numbers: its create waits in a queue of its own, and moves to the order that it made."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.operations import Operation, State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.domain.work_orders import Observation, OrderKey
from app.ledger import lanes, operations, orders
from app.ledger.accept import ADD_ORDER, new_order
from app.ledger.numbering import NUMBERED
from app.ledger.orders import OrderFilter
from app.ledger.records import Accepted, Claim, Fenced
from app.ledger.sql import Params, Sql, Step, Unit
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    BACKEND,
    NOW,
    claimed,
    draft,
    everything,
    lease,
    op_id,
    operation,
    order_row,
    passes,
    queued,
    rows_of,
    settlement,
)
from tests.ledger.test_orders_list import shown

LATER = NOW + SECOND
MADE = "124"


async def sending(store: Store, n: int) -> tuple[Claim, Operation]:
    """The nth write creates an order that has no number yet, and has been sent."""
    asked = replace(draft(n, kind=Kind.create, number=op_id(n)), body="{}", occurred_at=None)
    accepted = await store.accept(asked, passes(None), None)
    assert isinstance(accepted, Accepted)
    claim = next(one for one in await claimed(store) if one.number == op_id(n))
    unit = lanes.begin(claim, accepted.operation, target_code=None, previous_code=None, lease=lease(), now=NOW)
    return claim, await store.write(unit)


async def settled(store: Store, n: int, *, number: str = MADE) -> Operation:
    claim, sent = await sending(store, n)
    done = await store.settle(replace(settlement(claim, sent, State.applied, ending=APPLIED), number=number))
    assert (done.ended, done.more) == ((), False)
    return done.operation


async def numbers(store: Store) -> list[object]:
    return [row["number"] for row in await rows_of(store, "work_order")]


def made(n: int, *, seq: int) -> Operation:
    return operation(
        n,
        kind=Kind.create,
        work_order=MADE,
        seq=seq,
        state=State.applied,
        body={},
        target_code=None,
        occurred_at=None,
        attempts=1,
        finished_at=LATER,
        answer_status=201,
        answer_body='{"state":"applied"}',
    )


async def test_until_then_the_create_waits_in_a_queue_that_bears_its_own_id(store: Store) -> None:
    await sending(store, 1)
    assert await numbers(store) == [op_id(1)]
    assert await store.read(orders.list_orders(BACKEND, OrderFilter(), most=10)) == []


async def test_the_operation_moves_to_the_order_that_it_made_and_its_own_queue_goes(store: Store) -> None:
    after = await settled(store, 1)
    assert (after.work_order, after.state) == (MADE, State.applied)
    assert await store.read(operations.find(op_id(1))) == made(1, seq=0)
    assert await numbers(store) == [MADE]
    order = await order_row(store, MADE)
    assert (order["open_count"], order["last_seq"], order["ready_at"], order["observed_at"]) == (0, 0, None, None)


async def test_the_order_that_was_read_before_the_settling_stays_as_it_was_read(store: Store) -> None:
    claim, sent = await sending(store, 1)
    await store.write(orders.observe(BACKEND, [shown(MADE)], source="delivery", now=NOW))
    before = await order_row(store, MADE)
    await store.settle(replace(settlement(claim, sent, State.applied, ending=APPLIED), number=MADE))
    assert await order_row(store, MADE) == {**before, "event_seq": int(str(before["event_seq"])) + 1}
    [listed] = await store.read(orders.list_orders(BACKEND, OrderFilter(), most=10))
    assert listed.view.number == MADE


async def test_the_create_stands_before_every_other_write_of_its_order(store: Store) -> None:
    claim, sent = await sending(store, 1)
    await queued(store, 2, number=MADE)
    await queued(store, 3, number=MADE, code="12")
    await store.settle(replace(settlement(claim, sent, State.applied, ending=APPLIED), number=MADE))
    found = [row for row in await rows_of(store, "operation") if row["work_order"] == MADE]
    assert sorted((row["seq"], row["id"]) for row in found) == [(0, op_id(1)), (1, op_id(2)), (2, op_id(3))]
    order = await order_row(store, MADE)
    assert (order["open_count"], order["last_seq"], order["projected_operation"]) == (2, 2, op_id(3))
    [lane] = await claimed(store)
    head = await store.read(lanes.head(lane))
    assert (lane.number, head is not None and head.id) == (MADE, op_id(2))


async def test_what_waits_for_the_order_keeps_its_lease_and_its_fence(store: Store) -> None:
    claim, sent = await sending(store, 1)
    await queued(store, 2, number=MADE)
    [lane] = [one for one in await claimed(store, owner="there") if one.number == MADE]
    before = await order_row(store, MADE)
    await store.settle(replace(settlement(claim, sent, State.applied, ending=APPLIED), number=MADE))
    assert await order_row(store, MADE) == {**before, "event_seq": int(str(before["event_seq"])) + 1}
    await store.write(lanes.put_back(lane, ready_at=LATER))
    assert (await order_row(store, MADE))["ready_at"] == LATER


@pytest.mark.parametrize("lost", [False, True])
async def test_what_took_the_create_s_id_for_a_number_goes_on_at_once_when_the_create_has_ended(
    store: Store, lost: bool
) -> None:
    claim, sent = await sending(store, 1)
    await queued(store, 2, number=op_id(1))
    if lost:
        await store.settle(settlement(claim, sent, State.unknown, ready_at=NOW))
        [claim] = await claimed(store)
        unknown = replace(sent, state=State.unknown)
        sent = await store.write(lanes.verify(claim, unknown, lease=lease(), now=NOW))
    await store.settle(replace(settlement(claim, sent, State.applied, ending=APPLIED), number=MADE))
    left = await order_row(store, op_id(1))
    assert (left["open_count"], left["held"], left["blocked_by"], left["lease_owner"]) == (1, 0, None, None)
    [lane] = await claimed(store, owner="there", now=LATER)
    assert (lane.number, await store.read(lanes.head(lane))) == (op_id(1), operation(2, work_order=op_id(1), seq=2))


async def test_a_second_create_that_the_vendor_gave_the_same_number_stands_before_the_first(store: Store) -> None:
    """A vendor may number anew after an order is gone: both stay, and each has a place of its own."""
    await settled(store, 1)
    await settled(store, 2)
    found = [row for row in await rows_of(store, "operation") if row["work_order"] == MADE]
    assert sorted((row["seq"], row["id"]) for row in found) == [(-1, op_id(2)), (0, op_id(1))]
    assert await numbers(store) == [MADE]


async def test_the_event_of_the_create_is_told(store: Store) -> None:
    await settled(store, 1)
    [event] = await rows_of(store, "event")
    assert (event["type"], event["operation_id"], event["tenant"]) == ("operation.applied", op_id(1), "acme")
    assert json.loads(str(event["data"]))["was"] == "sending"


async def test_the_event_of_the_create_is_told_of_the_order_that_it_made(store: Store) -> None:
    """Who follows the events of an order finds the one that made it; the queue's own name means nothing to anybody."""
    await settled(store, 1)
    [event] = await rows_of(store, "event")
    assert event["work_order"] == MADE


async def test_a_queue_that_another_has_taken_over_is_not_moved(store: Store, peer: Store) -> None:
    claim, sent = await sending(store, 1)
    [_] = await claimed(peer, owner="there", now=NOW + 60 * SECOND)
    before = await everything(store)
    with pytest.raises(Fenced):
        await store.settle(replace(settlement(claim, sent, State.applied, ending=APPLIED), number=MADE))
    assert await everything(store) == before


async def test_a_crash_in_the_middle_of_the_move_leaves_nothing_of_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, sent = await sending(store, 1)
    before = await everything(store)

    def crashes(made_by: Operation, queue: str, number_is: str, *, now: int) -> Unit[None]:
        yield ADD_ORDER, new_order(made_by.backend, number_is, now=now)
        yield moved(made_by, number_is)
        raise Crash

    monkeypatch.setattr("app.ledger.settle.numbered", crashes)
    settle = replace(settlement(claim, sent, State.applied, ending=APPLIED), number=MADE)
    with pytest.raises(Crash):
        await store.settle(settle)
    assert await everything(store) == before
    monkeypatch.undo()
    assert (await store.settle(settle)).operation.work_order == MADE
    assert await numbers(store) == [MADE]


class Crash(Exception):
    """What ends the transaction."""


def moved(made_by: Operation, number_is: str) -> Step:
    statement: Sql = NUMBERED
    values: Params = {"of_id": made_by.id, "of_backend": made_by.backend, "new_number": number_is}
    return statement, values


async def test_orders_of_another_backend_with_the_same_number_are_left_alone(store: Store) -> None:
    elsewhere = Observation(
        key=OrderKey(number=MADE),
        code="10",
        status_at=None,
        late=False,
        target_at=None,
        fields={},
        record={},
        as_of=shown(MADE).as_of,
    )
    await store.write(orders.observe("another", [elsewhere], source="poll", now=NOW))
    await settled(store, 1)
    both = [(row["backend"], row["number"]) for row in await rows_of(store, "work_order")]
    assert sorted(both) == [("another", MADE), (BACKEND, MADE)]
