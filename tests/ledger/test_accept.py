"""Accepting a write: what is stored, in which order, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.admission import ReadFirst
from app.domain.errors import GatewayError, OrderEnded
from app.domain.operations import State
from app.domain.ports import Kind
from app.domain.times import SECOND
from app.ledger import operations
from app.ledger.records import Accepted, Claim
from app.ledger.rows import unseen_order
from app.ledger.store import Store
from tests.ledger.scenes import (
    BACKEND,
    BLANK_ORDER,
    NOW,
    NUMBER,
    OCCURRED,
    begun,
    draft,
    everything,
    lease,
    op_id,
    operation,
    order_row,
    passes,
    queued,
    raises,
    rows_of,
    settlement,
)


async def test_a_write_with_nothing_ahead_begins_as_it_is_accepted(store: Store) -> None:
    accepted = await store.accept(draft(1), passes(), lease())
    assert accepted == Accepted(
        operation=operation(1, state=State.sending, attempts=1),
        claim=Claim(backend=BACKEND, number=NUMBER, fence=1),
        order=unseen_order(NUMBER),
        deadline_at=NOW + 20 * SECOND,
    )
    assert await store.read(operations.find(op_id(1))) == accepted.operation


async def test_the_intent_is_stored_before_anything_is_sent(store: Store) -> None:
    await store.accept(draft(1), passes(), lease())
    intent = {
        "operation_id": op_id(1),
        "n": 1,
        "fence": 1,
        "started_at": NOW,
        "deadline_at": NOW + 20 * SECOND,
        "code_since": None,
    }
    unknown_yet = dict.fromkeys(
        ("before", "ended_at", "outcome", "detail", "vendor_status", "vendor_code", "vendor_message", "disproved_at")
    )
    assert await rows_of(store, "attempt") == [{**intent, **unknown_yet}]
    assert await order_row(store) == {
        **BLANK_ORDER,
        "projected_code": "11",
        "projected_operation": op_id(1),
        "projected_tenant": "acme",
        "version": 1,
        "last_seq": 1,
        "open_count": 1,
        "ready_at": NOW,
        "lease_owner": "here",
        "lease_until": NOW + 35 * SECOND,
        "fence": 1,
    }


async def test_without_a_lease_a_write_waits_for_a_worker(store: Store) -> None:
    accepted = await store.accept(draft(1), passes(), None)
    assert accepted == Accepted(operation=operation(1), claim=None, order=unseen_order(NUMBER))
    assert await rows_of(store, "attempt") == []
    assert await order_row(store) == {
        **BLANK_ORDER,
        "projected_code": "11",
        "projected_operation": op_id(1),
        "projected_tenant": "acme",
        "version": 1,
        "last_seq": 1,
        "open_count": 1,
        "ready_at": NOW,
    }


async def test_the_operation_is_stored_as_it_was_asked(store: Store) -> None:
    await store.accept(
        replace(draft(1, reference="visit-7"), body='{"status":"on_site","comments":"é"}'), passes(), None
    )
    blank = dict.fromkeys(
        (
            "previous_code",
            "terms",
            "request_id",
            "probe_evidence",
            "problem",
            "result",
            "answer_status",
            "answer_body",
            "finished_at",
        )
    )
    assert await rows_of(store, "operation") == [
        {
            **blank,
            "id": op_id(1),
            "tenant": "acme",
            "client_id": "acme-app",
            "backend": BACKEND,
            "work_order": NUMBER,
            "seq": 1,
            "kind": "status_update",
            "state": "queued",
            "body": '{"status":"on_site","comments":"é"}',
            "target_code": "11",
            "occurred_at": OCCURRED,
            "client_reference": "visit-7",
            "attempts": 0,
            "probes": 0,
            "accepted_at": NOW,
        }
    ]


async def test_writes_of_one_order_get_their_places_in_the_order_of_acceptance(store: Store) -> None:
    places = []
    for n in range(1, 4):
        accepted = await store.accept(draft(n), passes(f"1{n}"), lease())
        assert isinstance(accepted, Accepted)
        places.append((accepted.operation.seq, accepted.operation.state, accepted.claim is not None))
    assert places == [(1, State.sending, True), (2, State.queued, False), (3, State.queued, False)]
    order = await order_row(store)
    assert (order["last_seq"], order["open_count"], order["projected_code"]) == (3, 3, "13")


async def test_the_checks_see_what_the_writes_ahead_will_make_of_the_order(store: Store) -> None:
    await queued(store, 1, code="11")
    accepted = await store.accept(draft(2), passes("12"), None)
    assert isinstance(accepted, Accepted)
    assert accepted.order == replace(
        unseen_order(NUMBER),
        projected_code="11",
        projected_operation=op_id(1),
        projected_tenant="acme",
        open_count=1,
        version=1,
    )


async def test_a_write_that_sets_no_status_leaves_what_the_one_ahead_will_make_of_the_order(store: Store) -> None:
    await queued(store, 1, code="11")
    await store.accept(draft(2, kind=Kind.patch), passes(None), None)
    order = await order_row(store)
    assert (order["projected_code"], order["projected_operation"]) == ("11", op_id(1))


async def test_a_write_that_may_only_name_the_status_foretells_none(store: Store) -> None:
    await queued(store, 1, code="11")
    named = replace(draft(2, kind=Kind.replace), terms='{"keeps_status":true}')
    accepted = await store.accept(named, passes("10"), None)
    assert isinstance(accepted, Accepted)
    order = await order_row(store)
    assert (order["projected_code"], order["projected_operation"]) == ("11", op_id(1))
    assert accepted.operation.target_code == "10"


async def test_orders_do_not_wait_for_each_other(store: Store) -> None:
    for n, number in enumerate(("1", "2", "3"), start=1):
        accepted = await begun(store, n, number=number)
        assert accepted.operation == operation(n, work_order=number, seq=1, state=State.sending, attempts=1)


@pytest.mark.parametrize("error", [ReadFirst(), OrderEnded("It is closed.")], ids=["read first", "refused unkept"])
async def test_what_the_checks_raise_leaves_nothing_behind(store: Store, error: Exception) -> None:
    with pytest.raises((ReadFirst, GatewayError)):
        await store.accept(draft(1), raises(error), lease())
    assert not any((await everything(store)).values())


async def test_while_the_queue_is_leased_a_write_only_joins_it(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.queued, ready_at=NOW + 9 * SECOND))
    accepted = await store.accept(draft(2), passes(), lease())
    assert isinstance(accepted, Accepted)
    assert (accepted.claim, accepted.operation.seq, accepted.operation.state) == (None, 2, State.queued)
    assert (await order_row(store))["ready_at"] == NOW + 9 * SECOND


async def test_behind_an_unknown_a_write_waits_for_the_proof_and_names_what_it_waits_for(store: Store) -> None:
    first = await begun(store, 1)
    await store.settle(settlement(first.claim, first.operation, State.unknown, ready_at=NOW + 5 * SECOND))
    mine = await store.accept(draft(2), passes(), lease())
    theirs = await store.accept(draft(3, tenant="other", client="other-app"), passes(), lease())
    assert isinstance(mine, Accepted)
    assert isinstance(theirs, Accepted)
    assert (mine.claim, mine.operation) == (None, operation(2, blocked_by=op_id(1)))
    assert (theirs.claim, theirs.operation.blocked_by) == (None, None)
    assert (await order_row(store))["ready_at"] == NOW + 5 * SECOND


async def test_behind_a_hold_a_write_is_kept_and_nobody_is_woken(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await store.settle(settlement(first.claim, first.operation, State.refused, hold_id="hold_1"))
    accepted = await store.accept(draft(3), passes(), lease())
    assert isinstance(accepted, Accepted)
    assert accepted.operation == operation(3, blocked_by="hold_1")
    order = await order_row(store)
    assert (order["ready_at"], order["held"], order["open_count"]) == (None, 1, 2)
