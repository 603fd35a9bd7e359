"""What a status update's order proves, where the vendor keeps its code and nothing else of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.ports import Kind, Proof, Write
from app.domain.statuses import Phase, Status, StatusCode
from app.domain.work_orders import Observation, OrderKey
from app.vendors.status_proof import prove_status

ON_SITE = StatusCode(code="7", label="Onsite", status=Status.on_site, phase=Phase.in_progress)
WRITE = Write(
    operation_id="op_1",
    kind=Kind.status_update,
    order=OrderKey(number="1"),
    body={},
    status=ON_SITE,
    previous_code="3",
)
SEEN = Observation(
    key=OrderKey(number="1"),
    code="7",
    status_at=None,
    late=False,
    target_at=None,
    fields={},
    record={},
    as_of=datetime(2026, 11, 20, 20, 40, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("code", "proof"),
    [("7", Proof.applied), ("3", Proof.not_applied), ("6", Proof.inconclusive), (None, Proof.inconclusive)],
)
def test_a_status_is_proved_by_its_code(code: str | None, proof: Proof) -> None:
    assert prove_status(WRITE, replace(SEEN, code=code)) is proof


def test_no_order_and_no_status_prove_nothing() -> None:
    assert prove_status(WRITE, None) is Proof.inconclusive
    assert prove_status(replace(WRITE, status=None), SEEN) is Proof.inconclusive


def test_a_code_that_was_there_before_proves_nothing() -> None:
    assert prove_status(replace(WRITE, previous_code="7"), SEEN) is Proof.inconclusive
