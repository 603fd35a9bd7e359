"""What an order that was read back proves about a create, a patch, a replacement or a removal whose answer was lost."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.json import JsonObject
from app.domain.merge_patch import besides, same, shows
from app.domain.order_body import contents
from app.domain.ports import Kind, Proof, Write
from app.domain.work_orders import Observation


def prove_change(write: Write, seen: Observation | None, *, ended_code: str | None = None) -> Proof:
    """Whether `write` took effect. `ended_code`: the vendor code of a closed order, where a removal only closes it."""
    if write.kind is Kind.delete:
        return _removed(write, seen, ended_code)
    if seen is None:
        return Proof.not_applied if write.before is None else Proof.inconclusive
    asked = asked_of(write)
    shown = write.status is None or seen.code == write.status.code
    shown = shown and shows(seen.fields, asked, replaced=write.terms.replace)
    if shown and not _more_than_asked(write, asked, seen):
        return Proof.applied
    if write.before is not None and same(seen.fields, write.before):
        return Proof.not_applied
    return Proof.applied if shown else Proof.inconclusive


def asked_of(write: Write) -> JsonObject:
    """The members that a write asks for. A null removes in a patch; in a whole order it says nothing."""
    asked = contents(write.body)
    return asked if write.kind is Kind.patch else _without_nulls(asked)


def _without_nulls(value: JsonObject) -> JsonObject:
    return {
        name: _without_nulls(one) if isinstance(one, Mapping) else one for name, one in value.items() if one is not None
    }


def _more_than_asked(write: Write, asked: JsonObject, seen: Observation) -> bool:
    """Whether what was to be replaced whole still shows more: what the vendor completed, or what should have gone."""
    if write.kind is Kind.replace:
        return besides(seen.fields, asked)
    shown, wanted = ({name: all_of.get(name) for name in write.terms.replace} for all_of in (seen.fields, asked))
    return besides(shown, wanted)


def _removed(write: Write, seen: Observation | None, ended_code: str | None) -> Proof:
    if seen is None:
        return Proof.applied if ended_code is None else Proof.inconclusive
    if ended_code is not None and seen.code == ended_code:
        return Proof.applied
    return Proof.not_applied if seen.code == write.previous_code else Proof.inconclusive
