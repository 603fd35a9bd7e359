"""What a read-back proves of a change whose answer was lost: each kind, by what is seen now and what was there before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from app.domain.json import JsonObject
from app.domain.ports import Kind, Proof, Write
from app.domain.proof import prove_change
from app.domain.statuses import PHASE, Status, StatusCode
from app.domain.terms import NO_TERMS, Terms
from app.domain.work_orders import Observation, OrderKey

AT = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
APPLIED, NOT_APPLIED, INCONCLUSIVE = Proof.applied, Proof.not_applied, Proof.inconclusive
WAS: JsonObject = {"title": "Old", "type": "1", "assets": {"1": {"name": "a"}, "2": {"name": "b"}}}
ASKED: JsonObject = {"title": "New"}
NEW: JsonObject = {**WAS, "title": "New"}
THIRD: JsonObject = {**WAS, "title": "Third"}
NEW_AND_MORE: JsonObject = {**NEW, "priority": "by another"}
OLD_AND_MORE: JsonObject = {**WAS, "priority": "by another"}
PARKED = StatusCode(code="P", label="Parked", status=Status.on_hold, phase=PHASE[Status.on_hold])


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    kind: Kind
    proof: Proof
    seen: JsonObject | None
    before: JsonObject | None = None
    body: JsonObject | None = None
    code: str | None = "N"
    was: str | None = "N"
    status: StatusCode | None = None
    ended: str | None = None
    replaced: tuple[str, ...] = ()


CREATE, PATCH, REPLACE, DELETE = Kind.create, Kind.patch, Kind.replace, Kind.delete
CASES = [
    Case(id="create: absent", kind=CREATE, seen=None, proof=NOT_APPLIED),
    Case(id="create: there as asked", kind=CREATE, seen=NEW, proof=APPLIED),
    Case(id="create: there otherwise", kind=CREATE, seen=THIRD, proof=INCONCLUSIVE),
    Case(id="create: an empty order", kind=CREATE, seen={}, proof=INCONCLUSIVE),
    Case(id="create: another status", kind=CREATE, seen=NEW, status=PARKED, proof=INCONCLUSIVE),
    Case(id="create: the status asked for", kind=CREATE, seen=NEW, status=PARKED, code="P", proof=APPLIED),
    Case(id="patch: as it was", kind=PATCH, seen=WAS, before=WAS, proof=NOT_APPLIED),
    Case(id="patch: as asked", kind=PATCH, seen=NEW, before=WAS, proof=APPLIED),
    Case(id="patch: as asked, and more", kind=PATCH, seen=NEW_AND_MORE, before=WAS, proof=APPLIED),
    Case(id="patch: neither", kind=PATCH, seen=THIRD, before=WAS, proof=INCONCLUSIVE),
    Case(id="patch: another has changed something", kind=PATCH, seen=OLD_AND_MORE, before=WAS, proof=INCONCLUSIVE),
    Case(id="patch: gone", kind=PATCH, seen=None, before=WAS, proof=INCONCLUSIVE),
    Case(
        id="patch: half of it", kind=PATCH, seen=NEW, before=WAS, body={"title": "New", "type": "2"}, proof=INCONCLUSIVE
    ),
    Case(id="patch: a removal made", kind=PATCH, seen={"type": "1"}, before=WAS, body={"title": None}, proof=APPLIED),
    Case(id="patch: a removal not made", kind=PATCH, seen=WAS, before=WAS, body={"title": None}, proof=NOT_APPLIED),
    Case(
        id="patch: an element removed",
        kind=PATCH,
        seen={"assets": {"2": {}}},
        before=WAS,
        body={"assets": {"1": None}},
        proof=APPLIED,
    ),
    Case(
        id="patch: a collection not replaced",
        kind=PATCH,
        seen=WAS,
        before=WAS,
        body={"assets": {"1": {"name": "a"}}},
        replaced=("assets",),
        proof=NOT_APPLIED,
    ),
    Case(
        id="patch: a collection replaced",
        kind=PATCH,
        seen={**WAS, "assets": {"1": {"name": "a"}}},
        before=WAS,
        body={"assets": {"1": {"name": "a"}}},
        replaced=("assets",),
        proof=APPLIED,
    ),
    Case(
        id="patch: a replaced collection that loses members of an element only, not made",
        kind=PATCH,
        seen={"assets": {"1": {"name": "a", "type": "old"}}},
        before={"assets": {"1": {"name": "a", "type": "old"}}},
        body={"assets": {"1": {"name": "a"}}},
        replaced=("assets",),
        proof=NOT_APPLIED,
    ),
    Case(
        id="patch: members of ours do not count",
        kind=PATCH,
        seen=NEW,
        before=WAS,
        body={"title": "New", "number": "9", "backend": "x"},
        proof=APPLIED,
    ),
    Case(
        id="patch: a member of the vendor's own that was not shown, and is not",
        kind=PATCH,
        seen=WAS,
        before=WAS,
        body={"extensions": {"acme": {"Colour": "red"}}},
        proof=INCONCLUSIVE,
    ),
    Case(
        id="patch: such a member beside one that would show",
        kind=PATCH,
        seen=WAS,
        before=WAS,
        body={"title": "New", "extensions": {"acme": {"Colour": "red"}}},
        proof=NOT_APPLIED,
    ),
    Case(
        id="patch: a member of the vendor's own that was shown, and is as it was",
        kind=PATCH,
        seen={"extensions": {"acme": {"Colour": "blue"}}},
        before={"extensions": {"acme": {"Colour": "blue"}}},
        body={"extensions": {"acme": {"Colour": "red"}}},
        proof=NOT_APPLIED,
    ),
    Case(id="patch: spaces more", kind=PATCH, seen=WAS, before=WAS, body={"title": "Old "}, proof=INCONCLUSIVE),
    Case(id="patch: a blank", kind=PATCH, seen=WAS, before=WAS, body={"notes": ""}, proof=INCONCLUSIVE),
    Case(
        id="patch: a time where a date is kept",
        kind=PATCH,
        seen={"dates": {"raised": "2026-01-01"}},
        before={"dates": {"raised": "2026-01-01"}},
        body={"dates": {"raised": "2026-01-01T10:00:00Z"}},
        proof=INCONCLUSIVE,
    ),
    Case(
        id="replace: as it was, but for the status",
        kind=REPLACE,
        seen={"title": "New"},
        before={"title": "New"},
        status=PARKED,
        proof=NOT_APPLIED,
    ),
    Case(
        id="patch: nothing that would show, and something else has changed",
        kind=PATCH,
        seen=OLD_AND_MORE,
        before=WAS,
        body={"extensions": {"acme": {"Colour": "red"}}},
        proof=INCONCLUSIVE,
    ),
    Case(
        id="patch: the same moment, where it is a text",
        kind=PATCH,
        seen={"title": "2026-01-01T00:00:00Z"},
        before={"title": "2026-01-01T00:00:00Z"},
        body={"title": "2026-01-01T01:00:00+01:00"},
        proof=NOT_APPLIED,
    ),
    Case(id="replace: a new one, absent", kind=REPLACE, seen=None, proof=NOT_APPLIED),
    Case(id="replace: a new one, there", kind=REPLACE, seen=NEW, proof=APPLIED),
    Case(id="replace: as it was", kind=REPLACE, seen=WAS, before=WAS, proof=NOT_APPLIED),
    Case(id="replace: as asked", kind=REPLACE, seen={"title": "New"}, before=WAS, proof=APPLIED),
    Case(id="replace: gone", kind=REPLACE, seen=None, before=WAS, proof=INCONCLUSIVE),
    Case(id="replace: neither", kind=REPLACE, seen=THIRD, before=WAS, proof=INCONCLUSIVE),
    Case(
        id="replace: one that only removes, not made",
        kind=REPLACE,
        seen=WAS,
        before=WAS,
        body={"title": "Old"},
        proof=NOT_APPLIED,
    ),
    Case(
        id="replace: one that only removes, made",
        kind=REPLACE,
        seen={"title": "Old"},
        before=WAS,
        body={"title": "Old"},
        proof=APPLIED,
    ),
    Case(id="delete: gone", kind=DELETE, seen=None, before=WAS, proof=APPLIED),
    Case(id="delete: there, as it was", kind=DELETE, seen=WAS, before=WAS, proof=NOT_APPLIED),
    Case(id="delete: there, at another status", kind=DELETE, seen=WAS, before=WAS, code="P", proof=INCONCLUSIVE),
    Case(id="delete: closed", kind=DELETE, seen=WAS, before=WAS, code="C", ended="C", proof=APPLIED),
    Case(id="delete: not closed", kind=DELETE, seen=WAS, before=WAS, ended="C", proof=NOT_APPLIED),
    Case(
        id="delete: neither closed nor as it was",
        kind=DELETE,
        seen=WAS,
        before=WAS,
        code="P",
        ended="C",
        proof=INCONCLUSIVE,
    ),
    Case(id="delete: gone where it is only closed", kind=DELETE, seen=None, before=WAS, ended="C", proof=INCONCLUSIVE),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_was_read_back_proves_this(case: Case) -> None:
    write = Write(
        operation_id="op_1",
        kind=case.kind,
        order=OrderKey(number="1"),
        body={} if case.kind is Kind.delete else ASKED if case.body is None else case.body,
        status=case.status,
        previous_code=case.was,
        before=case.before,
        terms=Terms(replace=case.replaced) if case.replaced else NO_TERMS,
    )
    seen = None if case.seen is None else observed(case.seen, code=case.code)
    assert prove_change(write, seen, ended_code=case.ended) is case.proof


def observed(fields: JsonObject, *, code: str | None) -> Observation:
    return Observation(
        key=OrderKey(number="1"),
        code=code,
        status_at=None,
        late=False,
        target_at=None,
        fields=fields,
        record=fields,
        as_of=AT,
    )
