"""What an order read back proves of a status update, where the vendor keeps no more of it than its code."""

from __future__ import annotations

from app.domain.ports import Proof, Write
from app.domain.work_orders import Observation


def prove_status(write: Write, seen: Observation | None) -> Proof:
    """Whether the order shows the code that was set, the one that it had before, or another.

    This is weak evidence: where the order had the code already, it tells nothing.
    """
    if seen is None or seen.code is None or write.status is None or write.previous_code == write.status.code:
        return Proof.inconclusive
    if seen.code == write.status.code:
        return Proof.applied
    return Proof.not_applied if seen.code == write.previous_code else Proof.inconclusive
