"""Many acceptances at once, from one process and from two: one effect for one key, and no gap in any queue."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from app.domain.errors import ClientReferenceUsed, IdempotencyKeyReused
from app.ledger.records import Acceptance, Accepted, Refused, Replayed
from app.ledger.store import Store
from tests.ledger.scenes import draft, everything, lease, op_id, passes, refuses, rows_of

KEY = "2f4c9b1e-7a55-4f0e"


@pytest.fixture
def gateways(store: Store, peer: Store) -> list[Store]:
    """Two gateways on one database; on SQLite the second is an admin command beside it."""
    return [store, peer]


def kinds(outcomes: list[Acceptance | BaseException]) -> Counter[type]:
    return Counter(type(each) for each in outcomes)


async def test_fifty_identical_requests_become_one_operation(gateways: list[Store]) -> None:
    outcomes = await asyncio.gather(
        *[
            gateways[n % 2].accept(draft(n, key=KEY, fingerprint="same"), passes(), lease(f"gateway {n % 2}"))
            for n in range(1, 51)
        ]
    )
    assert kinds([*outcomes]) == {Accepted: 1, Replayed: 49}
    found = {each.operation.id for each in outcomes if not isinstance(each, Refused) and each.operation is not None}
    stored = await everything(gateways[0])
    assert [row["id"] for row in stored["operation"]] == [*found]
    assert [row["operation_id"] for row in stored["idempotency_key"]] == [*found]
    assert [row["operation_id"] for row in stored["attempt"]] == [*found]
    assert [(row["last_seq"], row["open_count"], row["fence"]) for row in stored["work_order"]] == [(1, 1, 1)]


async def test_fifty_identical_refusals_are_kept_once(gateways: list[Store]) -> None:
    outcomes = await asyncio.gather(
        *[
            gateways[n % 2].accept(draft(n, key=KEY, fingerprint="same"), refuses(f'{{"n":{n}}}'), lease())
            for n in range(1, 51)
        ]
    )
    assert kinds([*outcomes]) == {Refused: 1, Replayed: 49}
    assert len({each.answer_body for each in outcomes if not isinstance(each, Accepted)}) == 1


async def test_fifty_writes_of_one_order_get_fifty_places_without_a_gap(gateways: list[Store]) -> None:
    outcomes = await asyncio.gather(
        *[gateways[n % 2].accept(draft(n), passes(f"{n}"), lease(f"gateway {n % 2}")) for n in range(1, 51)]
    )
    assert kinds([*outcomes]) == {Accepted: 50}
    accepted = [each for each in outcomes if isinstance(each, Accepted)]
    assert sorted(each.operation.seq for each in accepted) == list(range(1, 51))
    assert [each.operation.seq for each in accepted if each.claim is not None] == [1]
    stored = await everything(gateways[0])
    assert {(row["id"], row["seq"]) for row in stored["operation"]} == {
        (each.operation.id, each.operation.seq) for each in accepted
    }
    last = max(accepted, key=lambda each: each.operation.seq).operation
    assert [
        (row["last_seq"], row["open_count"], row["projected_code"], row["fence"]) for row in stored["work_order"]
    ] == [(50, 50, last.target_code, 1)]


async def test_each_check_saw_the_order_as_the_write_before_it_left_it(gateways: list[Store]) -> None:
    outcomes = await asyncio.gather(*[gateways[n % 2].accept(draft(n), passes(f"{n}"), None) for n in range(1, 51)])
    chain = sorted(
        (each.operation.seq, each.operation.target_code, each.order.projected_code)
        for each in outcomes
        if isinstance(each, Accepted)
    )
    assert [seen for _, _, seen in chain] == [None, *[code for _, code, _ in chain[:-1]]]


@pytest.mark.parametrize("first", [0, 1])
async def test_of_two_orders_that_claim_one_key_at_once_one_gets_it_and_nothing_is_left_of_the_other(
    gateways: list[Store], first: int
) -> None:
    for round_ in range(10):
        key = f"{KEY}-{round_}"
        both = [draft(2 * round_ + side, number=f"{round_}-{side}", key=key) for side in (0, 1)]
        outcomes = await asyncio.gather(
            *[gateways[side ^ first].accept(both[side], passes(), lease()) for side in (0, 1)], return_exceptions=True
        )
        assert kinds(outcomes) == {Accepted: 1, IdempotencyKeyReused: 1}
    stored = await everything(gateways[0])
    assert {name: len(rows) for name, rows in stored.items() if rows} == {
        "idempotency_key": 10,
        "operation": 10,
        "attempt": 10,
        "work_order": 10,
    }


async def test_of_twenty_writes_with_one_client_reference_one_is_accepted(gateways: list[Store]) -> None:
    outcomes = await asyncio.gather(
        *[
            gateways[n % 2].accept(draft(n, number=f"{n % 4}", reference="visit-7"), passes(), None)
            for n in range(1, 21)
        ],
        return_exceptions=True,
    )
    assert kinds(outcomes) == {Accepted: 1, ClientReferenceUsed: 19}
    [operation] = await rows_of(gateways[0], "operation")
    assert {each.operation_id for each in outcomes if isinstance(each, ClientReferenceUsed)} == {operation["id"]}
    assert operation["id"] in {op_id(n) for n in range(1, 21)}
    assert [(row["number"], row["open_count"]) for row in await rows_of(gateways[0], "work_order")] == [
        (operation["work_order"], 1)
    ]
