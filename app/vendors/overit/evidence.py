"""What an order read back says of a PATCH whose answer was lost. Pure."""

from __future__ import annotations

from dataclasses import replace

from app.domain.json import JsonObject
from app.domain.merge_patch import Difference
from app.domain.ports import Proof, Write
from app.domain.proof import hardly_told, prove_change
from app.domain.work_orders import Observation
from app.vendors.overit.clearing import clears_unseen
from app.vendors.overit.fields import OPERATIONS
from app.vendors.overit.translate import asked_of, asked_operations


def proof_of(write: Write, seen: Observation | None) -> Proof:
    """By the order as it shows: a PATCH that stopped half way proves neither, nor does a null of what never showed."""
    there = asked_operations(write.before or {})
    proof = prove_change(
        replace(write, body=asked_of(write.body)), seen, untold=lambda change: _untold(change, operations=there)
    )
    if proof is Proof.applied and seen is not None and clears_unseen(seen, write):
        return Proof.inconclusive
    return proof


def _untold(change: Difference, *, operations: JsonObject) -> bool:
    """What the order did not show may never show: no document says what a read holds. A new operation is one more."""
    top, *below = change.path
    if top == OPERATIONS and below and below[0] not in operations:
        return False
    return not change.there or hardly_told(change)
