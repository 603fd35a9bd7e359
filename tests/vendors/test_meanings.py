"""What an answer comes to, or the lack of one: outcomes of writes, errors of reads."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    FieldFault,
    GatewayError,
    InvalidRequest,
    VendorRejectedData,
    VendorSaid,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.ports import Answer, Outcome
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.meanings import (
    Meaning,
    answer_of,
    error_answer,
    misconfigured,
    read_error,
    refused,
    slow_down,
    transport_error,
    unreadable,
    unsent_answer,
)
from app.vendors.tokens import NotApplied

SAID = VendorSaid(code="7", message="no", status=400)
FAULT = FieldFault(pointer="/title", code="invalid", message="is too long")
MAYBE = Meaning(outcome=Outcome.unknown, detail="Nobody knows.")


def test_an_answer_says_what_its_meaning_says() -> None:
    assert answer_of(refused(VendorRejectedData, "It is wrong."), SAID, 7.0, (FAULT,)) == Answer(
        outcome=Outcome.refused,
        detail="It is wrong.",
        said=SAID,
        error=VendorRejectedData,
        retry_after_s=7.0,
        faults=(FAULT,),
    )


@pytest.mark.parametrize(("fault", "outcome"), [(NotSent, Outcome.not_sent), (NotApplied, Outcome.not_applied)])
def test_a_write_that_did_not_get_there_keeps_what_the_vendor_said(fault: type[NotSent], outcome: Outcome) -> None:
    met = fault(BackendUnavailable, "It was busy.", said=SAID, retry_after_s=7.0)
    assert unsent_answer(met) == Answer(
        outcome=outcome, detail="It was busy.", said=SAID, trouble=BackendUnavailable, retry_after_s=7.0
    )


def test_a_write_that_cannot_be_put_into_the_vendors_words_is_refused() -> None:
    assert error_answer(InvalidRequest("It is wrong.", faults=(FAULT,))) == Answer(
        outcome=Outcome.refused, detail="It is wrong.", error=InvalidRequest, faults=(FAULT,)
    )


def test_a_write_before_which_the_vendor_failed_was_not_sent() -> None:
    trouble = BackendUnavailable("It is down.", vendor=SAID, after_s=7)
    assert error_answer(trouble) == Answer(
        outcome=Outcome.not_sent, detail="It is down.", said=SAID, trouble=BackendUnavailable, retry_after_s=7
    )


def test_no_other_write_waits_for_one_order_that_cannot_be_read() -> None:
    assert error_answer(unreadable("It has no number.")) == Answer(
        outcome=Outcome.not_sent, detail="It has no number.", retry_after_s=30
    )


@dataclass(frozen=True, kw_only=True)
class Read:
    id: str
    meaning: Meaning
    error: type[GatewayError]
    one_order: bool = False


READS = [
    Read(id="no such order", meaning=refused(WorkOrderNotFound, "None."), error=WorkOrderNotFound),
    Read(id="another refusal", meaning=refused(VendorRejectedData, "No."), error=BackendUnavailable, one_order=True),
    Read(id="not let in", meaning=misconfigured("No."), error=BackendMisconfigured),
    Read(id="slow down", meaning=slow_down("Acme"), error=BackendUnavailable),
    Read(id="unclear", meaning=MAYBE, error=BackendUnavailable),
]


@pytest.mark.parametrize("case", READS, ids=lambda case: case.id)
def test_a_read_that_was_answered_without_the_order(case: Read) -> None:
    error = read_error(case.meaning, SAID, 6.5)
    assert (type(error), error.detail, error.vendor) == (case.error, case.meaning.detail, SAID)
    if isinstance(error, VendorTrouble):
        assert (error.one_order, error.one_call, error.after_s) == (case.one_order, False, 7)


def test_an_unclear_answer_to_a_read_says_little_of_others_unless_it_asks_us_to_wait() -> None:
    answered = [read_error(MAYBE, SAID, after_s) for after_s in (None, 6.5)]
    assert [(one.one_call, one.of_all) for one in answered if isinstance(one, VendorTrouble)] == [
        (True, False),
        (False, True),
    ]


def test_a_write_whose_read_before_had_no_answer_pauses_nothing_else() -> None:
    assert error_answer(transport_error(Unanswered("No."))) == Answer(outcome=Outcome.not_sent, detail="No.")


@pytest.mark.parametrize(
    ("fault", "error", "after_s"),
    [
        (NotSent(BackendMisconfigured, "No.", said=SAID, retry_after_s=6.5), BackendMisconfigured, 7),
        (Unanswered("No."), BackendUnavailable, None),
        (Unanswered("No.", late=True), BackendTimeout, None),
    ],
    ids=["not sent", "no answer", "too late"],
)
def test_a_read_that_was_not_answered(
    fault: NotSent | Unanswered, error: type[VendorTrouble], after_s: int | None
) -> None:
    met = transport_error(fault)
    assert (type(met), met.detail, met.after_s) == (error, "No.", after_s)
    assert met.one_call is isinstance(fault, Unanswered)
    assert met.vendor == (SAID if isinstance(fault, NotSent) else None)
