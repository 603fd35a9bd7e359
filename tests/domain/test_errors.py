"""Every way in which a call can fail: one class for each code of the contract, with its HTTP status."""

from __future__ import annotations

import pytest

from app.domain.errors import ERRORS, FieldFault, GatewayError, NextAction, StatusUnchanged, VendorSaid

CONTRACT = {
    400: ["idempotency-key-missing", "malformed-request"],
    401: ["unauthenticated"],
    403: ["scope-missing"],
    404: ["not-found", "work-order-not-found"],
    405: ["method-not-allowed"],
    409: [
        "status-unchanged",
        "transition-not-allowed",
        "order-ended",
        "vendor-refused",
        "work-order-exists",
        "client-reference-used",
        "order-queue-full",
        "order-blocked",
    ],
    412: ["precondition-failed"],
    413: ["body-too-large"],
    415: ["unsupported-media-type"],
    422: [
        "invalid-request",
        "idempotency-key-reused",
        "capability-missing",
        "status-unknown",
        "status-not-effective",
        "status-table-missing",
        "vendor-code-required",
        "reason-unknown",
        "late-reason-required",
        "vendor-rejected-data",
    ],
    429: ["rate-limited"],
    500: ["internal-error"],
    502: ["backend-misconfigured"],
    503: ["backend-unavailable", "overloaded"],
    504: ["backend-timeout"],
}


def every_class(of: type[GatewayError]) -> list[type[GatewayError]]:
    return [each for child in of.__subclasses__() for each in (child, *every_class(child))]


def test_the_codes_are_those_of_the_contract_with_their_statuses() -> None:
    assert {code: error.status for code, error in ERRORS.items()} == {
        code: status for status, codes in CONTRACT.items() for code in codes
    }


def test_no_two_classes_share_a_code() -> None:
    codes = [error.__dict__["code"] for error in every_class(GatewayError) if "code" in error.__dict__]
    assert sorted(codes) == sorted(ERRORS)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_every_code_has_a_title_and_says_what_to_do(error: type[GatewayError]) -> None:
    assert error.code == error.code.lower().replace(" ", "-")
    assert error.title[0].isupper()
    assert len(error.help().split()) >= 5
    assert error.action in NextAction
    assert error("detail").outcome in {"not_sent", "refused", "unknown"}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_what_is_worth_repeating_as_it_is_says_retry_or_whom_to_ask(error: type[GatewayError]) -> None:
    if error.retryable:
        assert error.action in {NextAction.retry, NextAction.wait, NextAction.resolve_hold}
    else:
        assert error.action is not NextAction.retry


def test_a_problem_carries_everything_that_is_known_and_nothing_that_is_not() -> None:
    error = StatusUnchanged(
        "The order is already 'On Site'.",
        pointer="/status",
        vendor=VendorSaid(code="5", message="Same status", status=200),
        backend="civica-cx",
        operation_id="op_1",
        outcome="refused",
        current={"status": "on_site"},
    )
    assert error.as_problem(public_url="https://gw.example", instance="/v1/x", request_id="req_1") == {
        "type": "https://gw.example/problems/status-unchanged",
        "title": "The order already has this status",
        "status": 409,
        "detail": "The order is already 'On Site'.",
        "instance": "/v1/x",
        "code": "status-unchanged",
        "outcome": "refused",
        "retryable": False,
        "next": {"action": "none", "after_s": None},
        "request_id": "req_1",
        "current": {"status": "on_site"},
        "operation_id": "op_1",
        "backend": "civica-cx",
        "vendor": {"code": "5", "message": "Same status", "status": 200},
        "errors": [{"pointer": "/status", "code": "status-unchanged", "message": "The order is already 'On Site'."}],
    }
    bare = StatusUnchanged("No.").as_problem(public_url="", instance="", request_id="")
    assert bare.keys() == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "outcome",
        "retryable",
        "next",
        "request_id",
    }


def test_several_faults_are_listed_each_with_its_pointer() -> None:
    faults = (
        FieldFault(pointer="/status", code="missing", message="needed"),
        FieldFault(pointer="/comments", code="too-long", message="at most 255"),
    )
    problem = ERRORS["invalid-request"]("Two fields are wrong.", faults=faults).as_problem(
        public_url="", instance="", request_id=""
    )
    assert problem["errors"] == [
        {"pointer": "/status", "code": "missing", "message": "needed"},
        {"pointer": "/comments", "code": "too-long", "message": "at most 255"},
    ]
