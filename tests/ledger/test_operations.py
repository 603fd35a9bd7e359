"""Operations, read and listed: each tenant sees its own, the newest first."""

from __future__ import annotations

import pytest

from app.domain.operations import State
from app.ledger import operation_lists, operations
from app.ledger.operation_lists import OperationFilter
from app.ledger.store import Store
from tests.ledger.scenes import BACKEND, NUMBER, begun, draft, op_id, operation, passes, queued, settlement

MINE = frozenset({BACKEND})


@pytest.fixture
async def six(store: Store) -> Store:
    """Four writes of ours on two orders, one of them applied, and two of another tenant."""
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.applied))
    await queued(store, 2)
    await queued(store, 3, tenant="other")
    await begun(store, 4, number="999")
    await queued(store, 5, number="999", tenant="other")
    await queued(store, 6, number="999")
    return store


async def page(store: Store, narrowed: OperationFilter, *, most: int = 100) -> list[str]:
    return [found.id for found in await store.read(operation_lists.list_operations(narrowed, most=most))]


async def test_an_operation_is_read_by_its_tenant_alone(six: Store) -> None:
    assert await six.read(operations.find_mine(op_id(2), tenant="acme", backends=MINE)) == operation(
        2, previous_code="11"
    )
    assert await six.read(operations.find_mine(op_id(2), tenant="other", backends=MINE)) is None
    assert await six.read(operations.find_mine(op_id(99), tenant="acme", backends=MINE)) is None
    assert await six.read(operations.find_mine(op_id(2), tenant="acme", backends=frozenset({"erp"}))) is None
    assert await six.read(operations.find(op_id(99))) is None


async def test_several_are_read_at_once_and_those_that_are_not_there_are_left_out(six: Store) -> None:
    alone = [await six.read(operations.find(op_id(n))) for n in (1, 2, 3, 5)]
    together = await six.read(operations.find_several([op_id(n) for n in (5, 99, 1, 2, 3)]))
    assert sorted(together, key=lambda one: one.id) == alone
    assert await six.read(operations.find_several([])) == []


async def test_a_tenant_lists_its_own_the_newest_first(six: Store) -> None:
    assert await page(six, OperationFilter(backends=MINE, tenant="acme")) == [op_id(n) for n in (6, 4, 2, 1)]
    assert await page(six, OperationFilter(backends=MINE, tenant="other")) == [op_id(5), op_id(3)]
    assert await page(six, OperationFilter(backends=MINE, tenant="nobody")) == []


async def test_the_list_is_narrowed_by_state_backend_and_order(six: Store) -> None:
    assert await page(six, OperationFilter(backends=MINE, tenant="acme", state=State.queued)) == [op_id(6), op_id(2)]
    assert await page(six, OperationFilter(backends=MINE, tenant="acme", work_order=NUMBER)) == [op_id(2), op_id(1)]
    assert await page(six, OperationFilter(backends=frozenset({"erp"}), tenant="acme")) == []
    narrow = OperationFilter(backends=MINE, tenant="acme", work_order="999", state=State.sending, before=op_id(6))
    assert await page(six, narrow) == [op_id(4)]


async def test_pages_go_on_where_the_last_one_ended_while_new_ones_arrive(six: Store) -> None:
    first = await page(six, OperationFilter(backends=MINE, tenant="acme"), most=2)
    await queued(six, 7)
    second = await page(six, OperationFilter(backends=MINE, tenant="acme", before=first[-1]), most=2)
    third = await page(six, OperationFilter(backends=MINE, tenant="acme", before=second[-1]), most=2)
    assert [first, second, third] == [[op_id(6), op_id(4)], [op_id(2), op_id(1)], []]


async def test_an_operator_lists_everyone_s(six: Store) -> None:
    listed = [
        await six.read(operation_lists.list_everyones(state=state, backend=backend, most=3))
        for state, backend in ((None, None), (State.sending, None), (State.queued, BACKEND), (None, "erp"))
    ]
    assert [[each.id for each in found] for found in listed] == [
        [op_id(n) for n in (6, 5, 4)],
        [op_id(4)],
        [op_id(n) for n in (6, 5, 3)],
        [],
    ]


async def test_what_blocks_an_operation_is_named_to_the_tenant_whose_it_is(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await queued(store, 3, tenant="other")
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=1))
    found = await store.read(operation_lists.list_operations(OperationFilter(backends=MINE, tenant="acme"), most=9))
    theirs = await store.read(operation_lists.list_operations(OperationFilter(backends=MINE, tenant="other"), most=9))
    assert [(each.id, each.blocked_by) for each in found + theirs] == [
        (op_id(2), op_id(1)),
        (op_id(1), None),
        (op_id(3), None),
    ]


async def test_a_write_of_another_tenant_is_accepted_behind_ours_and_hears_nothing_of_it(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=1))
    await store.accept(draft(2, tenant="other", client="other-app"), passes(), None)
    theirs = await store.read(operations.find_mine(op_id(2), tenant="other", backends=MINE))
    assert theirs is not None
    assert (theirs.state, theirs.blocked_by) == (State.queued, None)
