"""Idempotency keys and client references: what replays, what is refused, and whose they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.errors import ClientReferenceUsed, IdempotencyKeyReused
from app.domain.operations import State
from app.domain.times import SECOND
from app.ledger import operations
from app.ledger.records import Accepted, Refused, Replayed
from app.ledger.store import Store
from tests.ledger.scenes import (
    APPLIED,
    NOW,
    begun,
    draft,
    everything,
    lease,
    op_id,
    passes,
    queued,
    raises,
    refuses,
    rows_of,
    settlement,
)

KEY = "2f4c9b1e-7a55-4f0e"


async def test_the_same_request_again_replays_the_operation_as_it_stands(store: Store) -> None:
    asked = draft(1, key=KEY)
    accepted = await store.accept(asked, passes(), lease())
    assert isinstance(accepted, Accepted)
    before = await everything(store)
    again = await store.accept(replace(asked, id=op_id(2), now=NOW + SECOND), raises(AssertionError()), lease())
    assert again == Replayed(operation=accepted.operation, answer_status=None, answer_body=None)
    assert await everything(store) == before


async def test_a_replay_after_the_end_carries_the_kept_answer(store: Store) -> None:
    first = await begun(store, 1)
    settled = await store.settle(settlement(first.claim, first.operation, State.applied, ending=APPLIED))
    again = await store.accept(draft(1), passes(), lease())
    assert again == Replayed(operation=settled.operation, answer_status=None, answer_body=None)
    assert (settled.operation.answer_status, settled.operation.answer_body) == (201, '{"state":"applied"}')


async def test_another_request_with_the_same_key_is_refused_and_leaves_nothing(store: Store) -> None:
    await store.accept(draft(1, key=KEY), passes(), lease())
    before = await everything(store)
    with pytest.raises(IdempotencyKeyReused):
        await store.accept(draft(2, key=KEY, number="999"), passes(), lease())
    assert await everything(store) == before


async def test_a_key_belongs_to_its_client(store: Store) -> None:
    mine = await store.accept(draft(1, key=KEY), passes(), None)
    theirs = await store.accept(draft(2, key=KEY, tenant="other", client="other-app"), passes(), None)
    sisters = await store.accept(draft(3, key=KEY, client="acme-van"), passes(), None)
    assert [type(each) for each in (mine, theirs, sisters)] == [Accepted, Accepted, Accepted]
    assert [(row["client_id"], row["key"], row["operation_id"]) for row in await rows_of(store, "idempotency_key")] == [
        ("acme-app", KEY, op_id(1)),
        ("acme-van", KEY, op_id(3)),
        ("other-app", KEY, op_id(2)),
    ]


async def test_a_refusal_is_kept_and_replayed_byte_for_byte(store: Store) -> None:
    body = '{"code":"status-unchanged","detail":"Déjà\\u00a0là"}'
    first = await store.accept(draft(1, key=KEY), refuses(body), lease())
    assert first == Refused(answer_status=409, answer_body=body)
    assert {name: rows for name, rows in (await everything(store)).items() if rows} == {
        "idempotency_key": [
            {
                "client_id": "acme-app",
                "key": KEY,
                "tenant": "acme",
                "fingerprint": "fingerprint-1",
                "operation_id": None,
                "answer_status": 409,
                "answer_body": body,
                "created_at": NOW,
            }
        ],
    }
    again = await store.accept(draft(1, key=KEY), passes(), lease())
    assert again == Replayed(operation=None, answer_status=409, answer_body=body)
    with pytest.raises(IdempotencyKeyReused):
        await store.accept(draft(2, key=KEY), passes(), lease())


async def test_without_a_key_every_request_is_a_new_write(store: Store) -> None:
    await store.accept(draft(1, key=None), passes(), None)
    await store.accept(draft(2, key=None), passes(), None)
    refused = await store.accept(draft(3, key=None), refuses("{}"), None)
    assert refused == Refused(answer_status=409, answer_body="{}")
    assert await rows_of(store, "idempotency_key") == []
    assert [row["seq"] for row in await rows_of(store, "operation")] == [1, 2]


async def test_a_client_reference_is_used_once_in_a_tenant(store: Store) -> None:
    await store.accept(draft(1, reference="visit-7"), passes(), None)
    before = await everything(store)
    with pytest.raises(ClientReferenceUsed) as refusal:
        await store.accept(draft(2, number="999", client="acme-van", reference="visit-7"), passes(), None)
    assert (refusal.value.operation_id, [fault.pointer for fault in refusal.value.faults]) == (
        op_id(1),
        ["/client_reference"],
    )
    assert await everything(store) == before


async def test_another_tenant_may_use_the_same_client_reference(store: Store) -> None:
    await store.accept(draft(1, reference="visit-7"), passes(), None)
    theirs = await store.accept(draft(2, reference="visit-7", tenant="other", client="other-app"), passes(), None)
    assert isinstance(theirs, Accepted)


async def test_a_repeat_with_its_key_is_a_replay_even_where_it_has_a_client_reference(store: Store) -> None:
    await store.accept(draft(1, key=KEY, reference="visit-7"), passes(), None)
    again = await store.accept(draft(1, key=KEY, reference="visit-7"), passes(), None)
    assert again == Replayed(
        operation=await store.read(operations.find(op_id(1))), answer_status=None, answer_body=None
    )


async def test_a_replay_of_a_waiting_write_names_what_it_waits_for(store: Store) -> None:
    first = await begun(store, 1)
    await queued(store, 2)
    await store.settle(settlement(first.claim, first.operation, State.refused, hold_id="hold_1"))
    again = await store.accept(draft(2), passes(), lease())
    assert isinstance(again, Replayed)
    assert again.operation is not None
    assert (again.operation.state, again.operation.blocked_by) == (State.queued, "hold_1")
