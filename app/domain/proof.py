"""What an order that was read back proves about a create, a patch, a replacement or a removal whose answer was lost."""

from __future__ import annotations

from app.domain.merge_patch import same, shows
from app.domain.order_body import contents
from app.domain.ports import Kind, Proof, Write
from app.domain.work_orders import Observation


def prove_change(write: Write, seen: Observation | None, *, ended_code: str | None = None) -> Proof:
    """Whether `write` took effect. `ended_code`: the vendor code of a closed order, where a removal only closes it."""
    if write.kind is Kind.delete:
        return _removed(write, seen, ended_code)
    if seen is None:
        return Proof.not_applied if write.before is None else Proof.inconclusive
    asked = contents(write.body)
    status_set = write.status is None or seen.code == write.status.code
    if status_set and shows(seen.fields, asked, replaced=write.terms.replace):
        return Proof.applied
    if write.before is not None and same(seen.fields, write.before):
        return Proof.not_applied
    return Proof.inconclusive


def _removed(write: Write, seen: Observation | None, ended_code: str | None) -> Proof:
    if seen is None:
        return Proof.applied if ended_code is None else Proof.inconclusive
    if ended_code is not None and seen.code == ended_code:
        return Proof.applied
    return Proof.not_applied if seen.code == write.previous_code else Proof.inconclusive
