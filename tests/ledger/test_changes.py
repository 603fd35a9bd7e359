"""Writes other than status updates in the ledger: their terms, the order as it was before, and what they say of its status."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.domain.operations import State
from app.domain.ports import Kind
from app.domain.terms import NO_TERMS, Terms
from app.domain.times import SECOND
from app.ledger import lanes, operation_lists, operations
from app.ledger.operation_lists import OperationFilter
from app.ledger.records import Accepted, Claim, Draft, Fenced
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    BACKEND,
    NOW,
    OCCURRED,
    claimed,
    draft,
    everything,
    lease,
    op_id,
    operation,
    order_row,
    passes,
    rows_of,
    settlement,
)

TERMS = Terms(replace=("assets", "rules"), if_match=('"a"', 'W/"b"'))
BEFORE = '{"title":"Boiler","rules":null,"assets":{"1":{"name":"ä"}}}'
CHANGES = [kind for kind in Kind if kind is not Kind.status_update]


def change(n: int, kind: Kind, *, terms: Terms = NO_TERMS) -> Draft:
    said = terms.as_json()
    return replace(
        draft(n, kind=kind), body='{"title":"New"}', occurred_at=None, terms=None if said is None else json.dumps(said)
    )


async def accepted(store: Store, one: Draft, *, code: str | None = None) -> Accepted:
    found = await store.accept(one, passes(code), None)
    assert isinstance(found, Accepted)
    return found


async def began(store: Store, n: int, kind: Kind, *, code: str | None = None, before: str | None = BEFORE) -> Claim:
    """The nth write, whose order was read and whose attempt has begun."""
    queued = await accepted(store, change(n, kind), code=code)
    [claim] = await claimed(store)
    unit = lanes.begin(
        claim, queued.operation, target_code=code, previous_code="10", before=before, lease=lease(), now=NOW
    )
    await store.write(unit)
    return claim


@pytest.mark.parametrize("kind", CHANGES)
async def test_the_terms_of_a_write_are_kept_with_it(store: Store, kind: Kind) -> None:
    written = await accepted(store, change(1, kind, terms=TERMS))
    expected = operation(
        1, kind=kind, body={"title": "New"}, terms=TERMS, target_code=None, occurred_at=None, previous_code=None
    )
    assert written.operation == expected
    assert await store.read(operations.find(op_id(1))) == expected
    listed = OperationFilter(tenant="acme", backends=frozenset({BACKEND}), kind=kind)
    assert await store.read(operation_lists.list_operations(listed, most=10)) == [expected]
    [claim] = await claimed(store)
    assert await store.read(lanes.head(claim)) == expected


async def test_a_write_without_terms_keeps_none(store: Store) -> None:
    written = await accepted(store, change(1, Kind.patch))
    assert (written.operation.terms, (await rows_of(store, "operation"))[0]["terms"]) == (NO_TERMS, None)


async def test_a_replayed_write_has_the_terms_that_it_came_with(store: Store) -> None:
    await accepted(store, change(1, Kind.patch, terms=TERMS))
    again = replace(change(1, Kind.patch, terms=TERMS), id=op_id(2))
    replayed = await store.accept(again, passes(None), None)
    assert not isinstance(replayed, Accepted)
    assert getattr(replayed, "operation").terms == TERMS  # noqa: B009


async def test_the_order_as_it_was_before_an_attempt_is_kept_with_it(store: Store) -> None:
    claim = await began(store, 1, Kind.patch)
    assert await store.read(lanes.before(op_id(1))) == json.loads(BEFORE)
    [attempt] = await rows_of(store, "attempt")
    assert (attempt["n"], attempt["before"], attempt["fence"], attempt["code_since"]) == (1, BEFORE, claim.fence, None)
    found = await store.read(operations.find(op_id(1)))
    assert found is not None
    assert (found.state, found.attempts, found.previous_code) == (State.sending, 1, "10")


async def test_an_attempt_for_an_order_that_was_not_there_has_nothing_before_it(store: Store) -> None:
    await began(store, 1, Kind.create, before=None)
    assert await store.read(lanes.before(op_id(1))) is None


async def test_an_order_without_members_before_is_not_one_that_was_not_there(store: Store) -> None:
    await began(store, 1, Kind.patch, before="{}")
    assert await store.read(lanes.before(op_id(1))) == {}


async def test_an_operation_that_was_never_sent_has_nothing_before_it(store: Store) -> None:
    await accepted(store, change(1, Kind.patch))
    assert await store.read(lanes.before(op_id(1))) is None


async def test_what_was_before_the_latest_attempt_is_what_a_read_back_compares_with(store: Store) -> None:
    first = await began(store, 1, Kind.patch)
    sending = await store.read(lanes.head(first))
    assert sending is not None
    await store.settle(settlement(first, sending, State.queued, ready_at=NOW + SECOND))
    [claim] = await claimed(store, now=NOW + SECOND)
    back = await store.read(lanes.head(claim))
    assert back is not None
    again = lanes.begin(
        claim,
        back,
        target_code=None,
        previous_code="10",
        before='{"title":"Third"}',
        lease=lease(now=NOW + SECOND),
        now=NOW + SECOND,
    )
    await store.write(again)
    assert await store.read(lanes.before(op_id(1))) == {"title": "Third"}
    assert [row["before"] for row in await rows_of(store, "attempt")] == [BEFORE, '{"title":"Third"}']


async def test_an_attempt_whose_queue_is_another_s_by_now_stores_nothing(store: Store, peer: Store) -> None:
    queued = await accepted(store, change(1, Kind.patch))
    [claim] = await claimed(store)
    [_] = await claimed(peer, owner="there", now=NOW + 60 * SECOND)
    left = await everything(store)
    with pytest.raises(Fenced):
        await store.write(
            lanes.begin(
                claim, queued.operation, target_code=None, previous_code=None, before=BEFORE, lease=lease(), now=NOW
            )
        )
    assert await everything(store) == left


@pytest.mark.parametrize("kind", Kind)
async def test_only_a_status_update_and_a_removal_say_what_the_order_s_status_is_now(store: Store, kind: Kind) -> None:
    claim = await began(store, 1, kind, code="11")
    sending = await store.read(lanes.head(claim))
    assert sending is not None
    await store.settle(settlement(claim, sending, State.applied, ending=APPLIED))
    order = await order_row(store)
    names = ("code", "code_operation", "code_tenant", "confirmed_at")
    sets = kind in (Kind.status_update, Kind.delete)
    said: tuple[object, ...] = ("11", op_id(1), "acme", NOW + SECOND) if sets else (None, None, None, 0)
    assert tuple(order[name] for name in names) == said
    assert (order["projected_code"], order["projected_operation"], order["open_count"]) == (None, None, 0)


async def test_a_removal_that_sets_no_code_says_nothing_of_the_status(store: Store) -> None:
    claim = await began(store, 1, Kind.delete)
    sending = await store.read(lanes.head(claim))
    assert sending is not None
    await store.settle(settlement(claim, sending, State.applied, ending=APPLIED))
    assert ((await order_row(store))["code"], (await order_row(store))["confirmed_at"]) == (None, 0)


async def test_a_change_leaves_what_an_earlier_update_will_make_of_the_order(store: Store) -> None:
    await store.accept(draft(1), passes("11"), None)
    await accepted(store, change(2, Kind.patch))
    order = await order_row(store)
    assert (order["projected_code"], order["projected_operation"], order["open_count"]) == ("11", op_id(1), 2)


async def test_a_change_takes_its_place_among_the_updates_of_its_order(store: Store) -> None:
    for n, kind in enumerate((Kind.status_update, Kind.patch, Kind.delete, Kind.status_update), start=1):
        one = draft(n) if kind is Kind.status_update else change(n, kind)
        await store.accept(one, passes("11" if kind is Kind.status_update else None), None)
    seen = []
    [claim] = await claimed(store)
    while (head := await store.read(lanes.head(claim))) is not None:
        seen.append((head.seq, head.kind, head.occurred_at))
        begun = await store.write(
            lanes.begin(claim, head, target_code=head.target_code, previous_code=None, lease=lease(), now=NOW)
        )
        await store.settle(settlement(claim, begun, State.applied, ending=APPLIED))
    assert seen == [
        (1, Kind.status_update, OCCURRED),
        (2, Kind.patch, None),
        (3, Kind.delete, None),
        (4, Kind.status_update, OCCURRED),
    ]
