"""What an answer of a vendor, or the lack of one, comes to: for a write an outcome, for a read an error."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import (
    BackendMisconfigured,
    BackendTimeout,
    BackendUnavailable,
    FieldFault,
    GatewayError,
    VendorSaid,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.ports import Answer, Outcome
from app.vendors.exchange import NotSent, Unanswered
from app.vendors.replies import whole
from app.vendors.tokens import NotApplied

AGAIN_S = 30
"""When to ask again for an order that could not be read."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an answer proves, and what a person reads about it; the vendors' tables are made of these.

    `error` is the code of a refusal where the answer tells it, `trouble` what is wrong where nothing was processed.
    """

    outcome: Outcome
    detail: str
    error: type[GatewayError] | None = None
    trouble: type[VendorTrouble] | None = None


def refused(error: type[GatewayError], detail: str) -> Meaning:
    return Meaning(outcome=Outcome.refused, error=error, detail=detail)


def misconfigured(detail: str) -> Meaning:
    """Nothing was processed, and will not be until somebody changes a setting or a right."""
    return Meaning(outcome=Outcome.not_applied, trouble=BackendMisconfigured, detail=detail)


def slow_down(vendor: str) -> Meaning:
    detail = f"{vendor} asks us to slow down (HTTP 429)."
    return Meaning(outcome=Outcome.not_applied, trouble=BackendUnavailable, detail=detail)


def answer_of(
    meaning: Meaning, said: VendorSaid, retry_after_s: float | None, faults: tuple[FieldFault, ...] = ()
) -> Answer:
    """The outcome of a write that was answered."""
    return Answer(
        outcome=meaning.outcome,
        detail=meaning.detail,
        said=said,
        error=meaning.error,
        trouble=meaning.trouble,
        retry_after_s=retry_after_s,
        faults=faults,
    )


def unsent_answer(fault: NotSent) -> Answer:
    """The outcome of a write that did not get there."""
    return Answer(
        outcome=Outcome.not_applied if isinstance(fault, NotApplied) else Outcome.not_sent,
        detail=fault.detail,
        said=fault.said,
        trouble=fault.trouble,
        retry_after_s=fault.retry_after_s,
    )


def error_answer(error: GatewayError) -> Answer:
    """The outcome of a write that failed here, before it was sent."""
    if isinstance(error, VendorTrouble):
        return Answer(
            outcome=Outcome.not_sent,
            detail=error.detail,
            said=error.vendor,
            trouble=type(error) if error.of_all else None,
            retry_after_s=error.after_s,
        )
    return Answer(
        outcome=Outcome.refused, detail=error.detail, said=error.vendor, error=type(error), faults=error.faults
    )


def read_error(meaning: Meaning, said: VendorSaid, retry_after_s: float | None) -> VendorTrouble | WorkOrderNotFound:
    """The error of a read that was answered without the order."""
    if meaning.error is WorkOrderNotFound:
        return WorkOrderNotFound(meaning.detail, vendor=said)
    if meaning.trouble is None and meaning.outcome is not Outcome.refused:
        return lost(meaning.detail, said, retry_after_s)
    error = (meaning.trouble or BackendUnavailable)(meaning.detail, vendor=said, after_s=whole(retry_after_s))
    error.one_order = meaning.outcome is Outcome.refused  # it will not take this number; other orders can be read
    return error


def lost(detail: str, said: VendorSaid | None = None, retry_after_s: float | None = None) -> BackendUnavailable:
    """The error of a read whose answer is none. One that asks us to wait is meant for every call."""
    error = BackendUnavailable(detail, vendor=said, after_s=whole(retry_after_s))
    error.one_call = retry_after_s is None
    return error


def transport_error(fault: NotSent | Unanswered) -> VendorTrouble:
    """The error of a read that was not answered."""
    if isinstance(fault, NotSent):
        return fault.trouble(fault.detail, vendor=fault.said, after_s=whole(fault.retry_after_s))
    error = (BackendTimeout if fault.late else BackendUnavailable)(fault.detail)
    error.one_call = True
    return error


def unreadable(why: str) -> BackendUnavailable:
    """The trouble with one order: the vendor answered, and no other order waits for this one."""
    error = BackendUnavailable(why, after_s=AGAIN_S)
    error.one_order = True
    return error
