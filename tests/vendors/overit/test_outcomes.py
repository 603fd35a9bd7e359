"""What each answer proves: every error code of the tables, every HTTP status, and nothing that is not matched."""

from __future__ import annotations

import json
from dataclasses import dataclass

import httpx
import pytest

from app.domain.errors import (
    BackendMisconfigured,
    BackendUnavailable,
    GatewayError,
    VendorRejectedData,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.json import JsonValue
from app.domain.ports import Answer, Outcome
from app.vendors.exchange import Reply
from app.vendors.meanings import read_error
from app.vendors.overit.answers import Heard, read_answer
from app.vendors.overit.outcomes import accepted, meaning, says_too_little, write_answer
from app.vendors.overit.steps import CANCEL, PATCH, READ, REFUSALS, VendorCall
from tests.vendors.overit.adapting import AT

JSON, PROBLEM = "application/json", "application/problem+json"


def heard(status: int, body: bytes, media_type: str = PROBLEM, **headers: str) -> Heard:
    named = {"content-type": media_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    reply = Reply(status=status, headers=httpx.Headers(named), body=body)
    return read_answer(reply, secret="sandbox-token", asked_at=AT, now=AT)


def problem(status: int, code: JsonValue, **members: JsonValue) -> bytes:
    """The document's response example, with this status and code."""
    path = "/integration/work-orders/r1/work-orders"
    base = {"type": "about:blank", "title": "T", "status": status, "detail": "as said", "instance": path, "code": code}
    return json.dumps({**base, **members}).encode()


def patched(answer: Heard, call: VendorCall = PATCH) -> Answer:
    return write_answer(answer, call, {"notes": "n", "operations": {"2": {"type": "opType1"}}})


# Vendor document 004's steps, dossier §4.5's general codes, and our assumed numbers (the assumption is in docs/vendors).
PATCH_CODES: dict[str, tuple[int, Outcome, type[GatewayError] | None]] = {
    "IA000_001": (400, Outcome.refused, VendorRejectedData),
    "IA000_002": (400, Outcome.not_applied, BackendMisconfigured),
    "IA000_003": (400, Outcome.unknown, None),
    "IA000_004": (502, Outcome.unknown, None),
    "IA001_001": (404, Outcome.not_applied, BackendMisconfigured),
    "IA001_002": (400, Outcome.not_applied, BackendMisconfigured),
    "IA005_001": (404, Outcome.refused, WorkOrderNotFound),
    "IA005_003": (404, Outcome.refused, VendorRejectedData),
    "IA005_005": (404, Outcome.refused, VendorRejectedData),
    "IA005_007": (404, Outcome.refused, VendorRejectedData),
    "IA003_001": (404, Outcome.refused, VendorRejectedData),
    "IA005_009": (404, Outcome.refused, VendorRejectedData),
    "IA005_011": (404, Outcome.refused, VendorRejectedData),
    "IA004_001": (404, Outcome.refused, VendorRejectedData),
    "IA002_001": (404, Outcome.refused, VendorRejectedData),
    "IA005_013": (404, Outcome.refused, VendorRejectedData),
    "IA004_003": (404, Outcome.refused, VendorRejectedData),
    "IA002_003": (404, Outcome.refused, VendorRejectedData),
    "IA005_015": (400, Outcome.refused, VendorRejectedData),
    "IA002_005": (400, Outcome.refused, VendorRejectedData),
    "IA005_017": (400, Outcome.refused, VendorRejectedData),
    "IA005_019": (400, Outcome.refused, VendorRejectedData),
}
CANCEL_CODES: dict[str, tuple[int, Outcome, type[GatewayError] | None]] = {
    **{
        code: PATCH_CODES[code]
        for code in ("IA000_001", "IA000_002", "IA000_003", "IA000_004", "IA001_001", "IA001_002", "IA005_001")
    },
    "NOT_FOUND": (404, Outcome.refused, WorkOrderNotFound),
    **dict.fromkeys(
        ("C270_1328", "C270_0206", "ODL005", "ODL006", "ODL007", "ODL008", "ODL010", "ODL017"),
        (400, Outcome.refused, None),
    ),
}  # fmt: skip
STEPS = {
    "validation", "STEP 1", "STEP 2", "STEP 3", "STEP 4", "STEP 5", "STEP 6", "STEP 7", "STEP 7a", "STEP 8b", "STEP 8c",
    "STEP 8d", "STEP 8e", "STEP 8f", "STEP 9", "STEP 11", "STEP 12", "STEP 13",
}  # fmt: skip
"""All but STEP 8, whose sub-steps answer, and STEP 10, both of whose outcomes go on."""


def test_every_step_that_can_fail_has_its_code() -> None:
    assert {row.step for row in PATCH.problems.values() if row.step} == STEPS
    assert set(PATCH.problems) == set(PATCH_CODES)
    assert set(CANCEL.problems) == set(CANCEL_CODES)


@pytest.mark.parametrize("media_type", [PROBLEM, JSON, "application/problem+json; charset=utf-8"])
@pytest.mark.parametrize(
    ("call", "code"),
    [*((PATCH, code) for code in PATCH_CODES), *((CANCEL, code) for code in CANCEL_CODES)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_code_of_the_vendors(call: VendorCall, code: str, media_type: str) -> None:
    status, outcome, error = (PATCH_CODES if call is PATCH else CANCEL_CODES)[code]
    answer = patched(heard(status, problem(status, code), media_type), call)
    assert (answer.outcome, answer.error or answer.trouble) == (outcome, error)
    assert answer.said is not None
    assert (answer.said.code, answer.said.message, answer.said.status) == (code, "as said", status)
    assert answer.detail


@pytest.mark.parametrize(
    ("status", "body", "media_type"),
    [
        (404, problem(404, "IA005_099"), PROBLEM),
        (400, problem(400, "ODL017"), PROBLEM),
        (400, problem(404, "IA005_005"), PROBLEM),
        (404, problem(404, 5), PROBLEM),
        (404, b'{"code": "IA005_005"}', "application/json"),
        (404, problem(404, "IA005_005"), "text/html"),
        (404, problem(404, "IA005_005")[:-9], PROBLEM),
        (410, problem(410, "IA005_001"), PROBLEM),
        (403, problem(403, "IA005_001"), PROBLEM),
        (500, problem(500, "IA005_005"), PROBLEM),
        (200, problem(404, "IA005_005"), PROBLEM),
        (200, problem(404, "IA005_005"), JSON),
    ],
)
def test_what_is_not_matched_whole_is_no_refusal(status: int, body: bytes, media_type: str) -> None:
    answer = patched(heard(status, body, media_type))
    assert answer.outcome in {Outcome.unknown, Outcome.not_applied}
    assert answer.error is None


@dataclass(frozen=True, kw_only=True)
class Met:
    """An answer without a code of the vendor's."""

    id: str
    status: int
    outcome: Outcome
    body: bytes = b"<html></html>"
    media_type: str = "text/html"
    trouble: type[VendorTrouble] | None = None


UNCODED = b'{"title": "T", "detail": "Operation 5 does not exist"}'
AT_PATH = b'{"type": "about:blank", "instance": "/integration/work-orders/r1/work-orders"}'
NOT_APPLIED, MAYBE = Outcome.not_applied, Outcome.unknown
MET = [
    Met(id="204", status=204, body=b"", outcome=Outcome.applied),
    Met(id="200 {}", status=200, body=b"{}", media_type=JSON, outcome=Outcome.applied),
    Met(id="200 with a status that is none", status=200, body=b'{"status": "OK"}', media_type=JSON,
        outcome=Outcome.applied),
    Met(id="200 empty", status=200, body=b" ", media_type=JSON, outcome=MAYBE),
    Met(id="200 with a code", status=200, body=b'{"code": "WO1"}', media_type=JSON, outcome=MAYBE),
    Met(id="200 with the status of an error", status=200, body=b'{"status": 400}', media_type=JSON, outcome=MAYBE),
    Met(id="200 with a problem's title and detail", status=200, body=UNCODED, media_type=JSON, outcome=MAYBE),
    Met(id="200 page", status=200, outcome=MAYBE),
    Met(id="200 list", status=200, body=b"[]", media_type=JSON, outcome=MAYBE),
    Met(id="200 NaN", status=200, body=b'{"a": NaN}', media_type=JSON, outcome=MAYBE),
    Met(id="200 not UTF-8", status=200, body=b'{"a": "\xff"}', media_type=JSON, outcome=MAYBE),
    Met(id="200 nested without end", status=200, body=b"[" * 100_000, media_type=JSON, outcome=MAYBE),
    Met(id="201", status=201, body=b"{}", media_type=JSON, outcome=MAYBE),
    Met(id="202", status=202, body=b"", outcome=MAYBE),
    Met(id="302", status=302, outcome=MAYBE),
    Met(id="400 without a code", status=400, body=b"{}", media_type=JSON, outcome=MAYBE),
    Met(id="401", status=401, outcome=NOT_APPLIED, trouble=BackendMisconfigured),
    Met(id="403", status=403, outcome=NOT_APPLIED, trouble=BackendMisconfigured),
    Met(id="404", status=404, outcome=NOT_APPLIED, trouble=BackendMisconfigured),
    Met(id="404 JSON without a code", status=404, body=b'{"error": "no route"}', media_type=JSON,
        outcome=NOT_APPLIED, trouble=BackendMisconfigured),
    Met(id="403 problem without a code", status=403, body=UNCODED, media_type=PROBLEM, outcome=MAYBE),
    Met(id="404 problem without a code", status=404, body=UNCODED, media_type=PROBLEM, outcome=MAYBE),
    *(
        Met(id=f"{status} problem in JSON: {body.decode()}", status=status, body=body, media_type=JSON, outcome=MAYBE)
        for status in (403, 404)
        for body in (
            UNCODED, AT_PATH, b'{"status": %d}' % status, b'{"status": 500}', problem(status, None), problem(status, 5001),
            b'{"code": "IA005_005"}', b'{"code": null}',
        )
    ),
    *(
        Met(id=f"404 JSON that is no problem: {body.decode()}", status=404, body=body, media_type=JSON,
            outcome=NOT_APPLIED, trouble=BackendMisconfigured)
        for body in (b'{"title": "T"}', b'{"detail": "no route"}', b'{"status": "404"}', b'{"status": 0}', b"{}", b"[]")
    ),
    Met(id="404 problem that is cut off", status=404, body=UNCODED[:-1], media_type=PROBLEM, outcome=MAYBE),
    Met(id="404 problem without a body", status=404, body=b"", media_type=PROBLEM, outcome=MAYBE),
    Met(id="200 problem without a code", status=200, body=b"{}", media_type=PROBLEM, outcome=MAYBE),
    Met(id="200 problem of status 200", status=200, body=b'{"status": 200}', media_type=PROBLEM, outcome=MAYBE),
    Met(id="405", status=405, outcome=NOT_APPLIED, trouble=BackendMisconfigured),
    Met(id="408", status=408, outcome=MAYBE),
    Met(id="409", status=409, outcome=MAYBE),
    Met(id="410", status=410, outcome=MAYBE),
    Met(id="415", status=415, outcome=NOT_APPLIED, trouble=BackendMisconfigured),
    Met(id="422", status=422, outcome=MAYBE),
    Met(id="429", status=429, outcome=NOT_APPLIED, trouble=BackendUnavailable),
    Met(id="500", status=500, outcome=MAYBE),
    Met(id="502", status=502, outcome=MAYBE),
    Met(id="503", status=503, outcome=MAYBE),
    Met(id="504", status=504, outcome=MAYBE),
]  # fmt: skip


@pytest.mark.parametrize("call", [PATCH, CANCEL], ids=lambda call: call.name)
@pytest.mark.parametrize("case", MET, ids=lambda case: case.id)
def test_an_answer_without_a_code(case: Met, call: VendorCall) -> None:
    met = heard(case.status, case.body, case.media_type)
    answer = patched(met, call)
    assert (answer.outcome, answer.trouble, answer.error) == (case.outcome, case.trouble, None)
    assert accepted(met) is (case.outcome is Outcome.applied)


@pytest.mark.parametrize("media_type", [PROBLEM, JSON])
def test_a_problem_without_a_code_is_told_in_its_own_words(media_type: str) -> None:
    """RFC 9457 has no code, and steps 9 and 11 to 13 answer with "Others - see link in Resource"."""
    answer = patched(heard(404, UNCODED, media_type))
    assert answer.said is not None
    assert (answer.said.code, answer.said.message) == (None, "Operation 5 does not exist")
    assert answer.detail == (
        "NextGen FSM answered with a problem without a code (HTTP 404), which does not say how far it had come."
    )


@pytest.mark.parametrize("status", range(100, 600))
def test_only_204_and_200_are_ever_a_success_and_only_four_statuses_a_refusal(status: int) -> None:
    for body in (b"", b"{}", problem(status, "IA005_005")):
        answer = patched(heard(status, body, JSON))
        assert answer.outcome is not Outcome.applied or status in {200, 204}
        assert answer.outcome is not Outcome.refused or status in REFUSALS
        assert says_too_little(heard(status, body, JSON)) is (status == 200 and body != b"{}")


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a read meets, and the error that it raises."""

    id: str
    status: int
    body: bytes
    error: type[GatewayError]
    media_type: str = PROBLEM
    one_order: bool = False


READS = [
    Read(id="no order", status=404, body=problem(404, "IA005_001"), error=WorkOrderNotFound),
    Read(id="no right", status=400, body=problem(400, "IA000_002"), error=BackendMisconfigured),
    Read(id="not valid", status=400, body=problem(400, "IA000_001"), error=BackendUnavailable, one_order=True),
    Read(id="unexpected", status=400, body=problem(400, "IA000_003"), error=BackendUnavailable),
    Read(id="private", status=502, body=problem(502, "IA000_004"), error=BackendUnavailable),
    Read(id="no external system", status=404, body=problem(404, "IA001_001"), error=BackendMisconfigured),
    Read(id="external system not unique", status=400, body=problem(400, "IA001_002"), error=BackendMisconfigured),
    Read(id="an unknown code", status=404, body=problem(404, "IA005_099"), error=BackendUnavailable),
    Read(id="no such API", status=404, body=b"", media_type="", error=BackendMisconfigured),
    Read(id="a problem without a code", status=404, body=UNCODED, error=BackendUnavailable),
    Read(id="a problem without a code in JSON", status=404, body=UNCODED, media_type=JSON, error=BackendUnavailable),
    Read(id="forbidden", status=403, body=UNCODED, error=BackendMisconfigured),
    Read(id="forbidden in JSON", status=403, body=problem(403, None), media_type=JSON, error=BackendMisconfigured),
    Read(id="forbidden, cut off", status=403, body=UNCODED[:-1], error=BackendMisconfigured),
    Read(id="forbidden without a body", status=403, body=b"", error=BackendMisconfigured),
    Read(id="403 with an unknown code", status=403, body=problem(403, "IA005_099"), error=BackendUnavailable),
    Read(id="token", status=401, body=b"", error=BackendMisconfigured),
    Read(id="firewall", status=403, body=b"<html>", media_type="text/html", error=BackendMisconfigured),
    Read(id="slow down", status=429, body=b"", error=BackendUnavailable),
    Read(id="page", status=200, body=b"<html>", media_type="text/html", error=BackendUnavailable),
    Read(id="down", status=503, body=b"", error=BackendUnavailable),
]


@pytest.mark.parametrize("case", READS, ids=lambda case: case.id)
def test_a_read_that_gave_no_orders(case: Read) -> None:
    met = heard(case.status, case.body, case.media_type, Retry_After="7")
    error = read_error(meaning(met, READ), met.said, met.retry_after_s)
    assert type(error) is case.error
    if isinstance(error, VendorTrouble):
        assert (error.one_order, error.after_s) == (case.one_order, 7)
