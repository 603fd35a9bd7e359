"""What an order read back says of a write: whether it shows what was asked, and nothing else. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.domain.field_table import EXTENSIONS, own_members
from app.domain.json import JsonObject
from app.domain.merge_patch import Difference, applied, same, shows
from app.domain.order_body import contents
from app.domain.ports import Answer, Kind, Outcome, Proof, Write
from app.domain.proof import hardly_told, prove_change
from app.domain.work_orders import Observation
from app.vendors.status_proof import prove_status
from app.vendors.unit4_erpx.fields import COMPLETED, CUSTOMER, OWN_RELATIONS, related_ids
from app.vendors.unit4_erpx.json_patch import without_nulls
from app.vendors.unit4_erpx.tables import CLOSED, SLUG

VALUES = "related_values"
WHOLE_ORDER = ("workOrderId", "workOrderName", "status")
"""Without these, an answer's record may be a part of the order."""


def proof_of(write: Write, seen: Observation | None) -> Proof:
    """Of a status update, the code tells; ERPx keeps no time with it."""
    if write.kind is not Kind.status_update:
        return prove_change(asked_for(write), seen, ended_code=CLOSED, untold=_untold)
    return prove_status(write, seen)


def _untold(change: Difference) -> bool:
    """Whether ERPx may take a change without a trace: what it fills in again where it was removed."""
    if change.asked in (None, ""):
        if change.path[0] == VALUES and len(change.path) == 2:
            ids = related_ids(change.path[1])
            return ids is not None and ids["relationId"] in OWN_RELATIONS
        path = [*change.path]
        if path[0] == VALUES and len(path) > 1:
            path[:2] = [VALUES + "{}"]
        return ".".join(path) in COMPLETED or hardly_told(change)
    return hardly_told(change)


def done_besides(write: Write, seen: Observation) -> str | None:
    """ERPx finds related values by their index: what was sent for one may have met another that moved meanwhile."""
    if write.kind is Kind.create and write.order.number not in {"", seen.key.number}:
        return f"ERPx gave the order another number than the one asked for: {seen.key.number}."
    differing = values_that_differ(write, seen.fields) if write.kind is Kind.patch else []
    if not differing:
        return None
    return f"The related values are not as this patch should have left them: {', '.join(differing)}."


def with_record(write: Write, answer: Answer, seen: Observation) -> Answer:
    """An accepted write with the record that came with it; one of another order or status proves nothing."""
    if write.kind is Kind.create:
        answer = replace(answer, number=seen.key.number)
    elif seen.key.number.casefold() != write.order.number.casefold():
        return replace(answer, outcome=Outcome.unknown, detail="ERPx answered with another order.")
    elif write.status is not None and seen.code is not None and seen.code != write.status.code:
        return replace(answer, outcome=Outcome.unknown, detail="ERPx answered with another status than was set.")
    return replace(answer, seen=seen) if all(name in seen.record for name in WHOLE_ORDER) else answer


def confirmed(write: Write, answer: Answer, seen: Observation) -> Answer:
    """A success that said nothing of the order: applied where the order, just read, shows what was asked."""
    code = CLOSED if write.kind is Kind.delete else None if write.status is None else write.status.code
    shown = code is None or seen.code == code
    if write.kind in (Kind.create, Kind.patch):
        shown = shown and shows(seen.fields, contents(asked_for(write).body))
    if not shown:
        return replace(answer, detail=f"{answer.detail} The order does not show what was asked.")
    return replace(
        answer,
        outcome=Outcome.applied,
        detail="ERPx accepted the write, as the order shows.",
        number=seen.key.number if write.kind is Kind.create else None,
        seen=seen,
    )


def with_each_named(write: Write) -> Write:
    """The same patch, two nulls said of each thing that is there: `related_values: null`, since ERPx removes elements and
    leaves an empty list, and that of the customer's own members, in whose object the account stands as well."""
    body, before = dict(write.body), write.before or {}
    if VALUES in body and body[VALUES] is None:
        body[VALUES] = dict.fromkeys(values_of(before) or {})
    own, there = own_members(body, SLUG), own_members(before, SLUG).get(CUSTOMER, {})
    if CUSTOMER in own and own[CUSTOMER] is None and isinstance(there, Mapping):
        extensions = body[EXTENSIONS]
        assert isinstance(extensions, Mapping)
        body[EXTENSIONS] = {**extensions, SLUG: {**own, CUSTOMER: dict.fromkeys(there)}}
    return replace(write, body=body)


def asked_for(write: Write) -> Write:
    """The write as an order read back can show it."""
    if write.kind is Kind.create:
        body = without_nulls(write.body)
        return replace(write, body=body) if isinstance(body, Mapping) else write
    return with_each_named(write)


def values_that_differ(write: Write, seen: JsonObject) -> list[str]:
    """The keys of related values that are not as the patch should have left them, those it did not name included.

    ERPx may complete what is empty: members of a new one that were not given, members that were removed.
    """
    patch = with_each_named(write).body.get(VALUES)
    if not isinstance(patch, Mapping):
        return []
    before, after = values_of(write.before or {}) or {}, values_of(seen) or {}
    expected = applied(patch, before)
    differing = []
    for key in sorted(before.keys() | patch.keys() | after.keys()):
        asked, wanted, there = patch.get(key), expected.get(key), after.get(key)
        if isinstance(asked, Mapping) and isinstance(wanted, Mapping) and isinstance(there, Mapping):
            removed = {name for name, value in asked.items() if value is None}
            completed = {name for name in there if name in removed or (key not in before and name not in wanted)}
            there = {name: value for name, value in there.items() if name not in completed}
        if not same(wanted, there):
            differing.append(key)
    return differing


def values_of(order: JsonObject) -> JsonObject | None:
    values = order.get(VALUES)
    return values if isinstance(values, Mapping) else None
