"""What an answer of NextGen FSM proves: for a write an outcome, for a read an error. The tables are in `steps.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.domain.errors import FieldFault
from app.domain.json import JsonObject
from app.domain.order_body import contents
from app.domain.ports import Answer, Outcome
from app.vendors.meanings import answer_of
from app.vendors.overit.answers import Document, Empty, Heard, Problem, Unclear
from app.vendors.overit.fields import OPERATIONS
from app.vendors.overit.steps import ANY_BODY, NO_PROBLEM, REFUSALS, Meaning, VendorCall
from app.vendors.overit.translate import asked_operations

OPERATIONS_AT = f"/{OPERATIONS}"
MAY_HAVE_APPLIED = "What was asked of the order itself may have been applied before that (step 9 comes first)."


def write_answer(heard: Heard, call: VendorCall, body: JsonObject) -> Answer:
    """The outcome of a write whose caller's body is `body`."""
    if accepted(heard):
        return Answer(outcome=Outcome.applied, detail="NextGen FSM accepted the write.", said=heard.said)
    found = meaning(heard, call)
    asked = contents(body)
    detail = f"{found.detail} ({found.step})" if found.step else found.detail
    if found.after_update and asked.keys() - {OPERATIONS}:
        detail = f"{detail} {MAY_HAVE_APPLIED}"
    after_s = heard.retry_after_s if found.trouble is not None else None
    return answer_of(replace(found, detail=detail), heard.said, after_s, _faults(found, heard, asked))


def accepted(heard: Heard) -> bool:
    """204, or 200 with a JSON object that is no problem (both assumed)."""
    if heard.status == 204:
        return isinstance(heard.reading, Empty)
    return heard.status == 200 and isinstance(heard.reading, Document)


def says_too_little(heard: Heard) -> bool:
    """Whether an answer is a success that its body does not confirm: then the order tells."""
    return heard.status == 200 and not accepted(heard) and not isinstance(heard.reading, Unclear)


def meaning(heard: Heard, call: VendorCall) -> Meaning:
    """What an answer proves that is no success."""
    found = ANY_BODY.get(heard.status)
    if found is None and isinstance(heard.reading, Problem) and heard.reading.code:
        if heard.reading.stands and heard.status in REFUSALS:
            found = call.problems.get(heard.reading.code)
    elif found is None:
        found = (call.uncoded if heard.of_problem else NO_PROBLEM).get(heard.status)
    return found or Meaning(outcome=Outcome.unknown, detail=_unclear(heard))


def _faults(found: Meaning, heard: Heard, asked: JsonObject) -> tuple[FieldFault, ...]:
    """The member that the vendor means. Of operations it names none: it is the one that has the member, if only one has."""
    at = found.at
    if found.of_operations is not None:
        member = found.of_operations
        having = [
            key
            for key, one in asked_operations(asked).items()
            if isinstance(one, Mapping) and (not member or member in one)
        ]
        at = OPERATIONS_AT
        if len(having) == 1:
            at = f"{OPERATIONS_AT}/{having[0]}" + (f"/{member}" if member else "")
    if at is None:
        return ()
    return (FieldFault(pointer=at, code="invalid", message=heard.said.message or found.detail),)


def _unclear(heard: Heard) -> str:
    match heard.reading:
        case Problem(code=code):
            what = code or "a problem without a code"
            return f"NextGen FSM answered with {what} (HTTP {heard.status}), which does not say how far it had come."
        case Document():
            return f"The answer is JSON, but neither a success nor a problem that we know (HTTP {heard.status})."
        case Empty():
            return f"The answer is empty (HTTP {heard.status})."
        case Unclear(why=why):
            return f"{why} (HTTP {heard.status})"
