"""What each of the vendor's error codes means, by the step that gives it, and what an HTTP status alone proves.

Known: the general codes, IA001_001 and IA001_002, and that an odd code is "does not exist" (dossier §4.5); the codes of
the private cancellation (§4.4). Vendor document 004 leaves its steps' codes out: those are assumed, so a code that is not here is
never read as a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.errors import BackendMisconfigured, BackendUnavailable, VendorRejectedData, WorkOrderNotFound
from app.domain.ports import Outcome
from app.vendors import meanings
from app.vendors.overit.tables import SLUG


@dataclass(frozen=True, kw_only=True)
class Meaning(meanings.Meaning):
    """What an answer proves, and where the document's sequence of steps stopped.

    `at`: the member that a refusal is about, as a pointer. `of_operations`: the member of an operation; "" is the whole
    operation. `step`: the document's name of what stopped.
    """

    step: str = ""
    at: str | None = None
    of_operations: str | None = None
    after_update: bool = False
    """Step 9 came before: what was asked of the order itself may have been applied."""


@dataclass(frozen=True, kw_only=True)
class VendorCall:
    """One of the calls, what its error codes mean, and by HTTP status what a problem without a code means."""

    name: str
    method: str
    problems: Mapping[str, Meaning]
    uncoded: Mapping[int, Meaning] = field(default_factory=dict)


def _refused(step: str, detail: str, *, at: str | None = None, operations: str | None = None) -> Meaning:
    return Meaning(
        outcome=Outcome.refused,
        detail=detail,
        step=step,
        error=VendorRejectedData,
        at=at,
        of_operations=operations,
    )


def _later(step: str, detail: str) -> Meaning:
    return Meaning(
        outcome=Outcome.refused,
        detail=detail,
        step=step,
        error=VendorRejectedData,
        of_operations="" if step != "STEP 11" else "address",
        after_update=True,
    )


def _not_ours(detail: str, step: str = "") -> Meaning:
    return Meaning(outcome=Outcome.not_applied, detail=detail, step=step, trouble=BackendMisconfigured)


def _unknown(detail: str) -> Meaning:
    return Meaning(outcome=Outcome.unknown, detail=detail)


def _rights(*names: str) -> Meaning:
    """IA000_002 is "unauthorized (400, not 401 or 403)": it does not tell the token from what its user may do."""
    return _not_ours(
        "NextGen FSM does not accept our access_token, or the token's user lacks a right there; "
        f"this call needs {', '.join(names)}."
    )


EDIT = "fsm.core.workorder.edit"
PATCH_RIGHTS = (EDIT, "fsm.core.workorder.configuration.view", "fsm.core.technicalobject.facility.view")
CANCEL_RIGHTS = (EDIT,)
READ_RIGHTS = ("fsm.core.workorder.view",)
"""Assumed: the private read's page is not among our sources."""

VALIDATION, UNAUTHORIZED, UNEXPECTED, PRIVATE = "IA000_001", "IA000_002", "IA000_003", "IA000_004"
NO_ORDER = "IA005_001"

# dossier §4.5, general codes, and the pair of step 1: "does not exist", the document's response example, and "not unique".
GENERAL: Mapping[str, Meaning] = {
    VALIDATION:  _refused("validation", "NextGen FSM found the request itself not valid."),
    UNEXPECTED:  _unknown("NextGen FSM met an unexpected error, at a step that it does not tell."),
    PRIVATE:     _unknown("A private API of NextGen FSM failed, at a step that it does not tell."),
    "IA001_001": _not_ours("NextGen FSM has no active external system of our external_system_code.", "STEP 1"),
    "IA001_002": _not_ours("NextGen FSM has more than one external system of our external_system_code.", "STEP 1"),
    NO_ORDER:    Meaning(outcome=Outcome.refused, step="STEP 2", error=WorkOrderNotFound,
                         detail="NextGen FSM has no such work order."),
}  # fmt: skip

# [assumed] The numbers of steps 3 to 13; where each points is the document's "Input".
PATCH_PROBLEMS: Mapping[str, Meaning] = {
    **GENERAL,
    UNAUTHORIZED: _rights(*PATCH_RIGHTS),
    "IA005_003":  _refused("STEP 3", "There is no such parent work order.", at="/parent_number"),
    "IA005_005":  _refused("STEP 4", "There is no such active work order type.", at="/type"),
    "IA005_007":  _refused("STEP 5", "There is no such active urgency.", at="/priority"),
    "IA003_001":  _refused("STEP 6", "There is no such active work center.", at="/work_center"),
    "IA005_009":  _refused("STEP 7", "There is no such cardinality.", at=f"/extensions/{SLUG}/aggregateCardinalityCode"),
    "IA005_011":  _refused("STEP 7a", "There is no such cardinality of an operation.", operations="cardinality"),
    "IA004_001":  _refused("STEP 8b", "There is no such account.", operations="account_number"),
    "IA002_001":  _refused("STEP 8c", "The account has no address.", operations="account_number"),
    "IA005_013":  _refused("STEP 8d", "There is no such active operation type.", operations="type"),
    "IA004_003":  _refused("STEP 8e", "There is no such asset.", operations="asset_number"),
    "IA002_003":  _refused("STEP 8f", "The asset has no address.", operations="asset_number"),
    "IA005_015":  _refused("STEP 9", "The work order could not be updated."),
    "IA002_005":  _later("STEP 11", "The address of an operation could not be created."),
    "IA005_017":  _later("STEP 12", "The operations could not be created."),
    "IA005_019":  _later("STEP 13", "The operations could not be updated."),
}  # fmt: skip

_NOT_NOW = Meaning(outcome=Outcome.refused, step="cancellation", detail="NextGen FSM refused the cancellation.")
CANCEL_PROBLEMS: Mapping[str, Meaning] = {
    **GENERAL,
    UNAUTHORIZED: _rights(*CANCEL_RIGHTS),
    "NOT_FOUND":  GENERAL[NO_ORDER],
    **dict.fromkeys(
        ("C270_1328", "C270_0206", "ODL005", "ODL006", "ODL007", "ODL008", "ODL010", "ODL017"), _NOT_NOW
    ),
}  # fmt: skip
READ_PROBLEMS: Mapping[str, Meaning] = {**GENERAL, UNAUTHORIZED: _rights(*READ_RIGHTS)}
READ_UNCODED: Mapping[int, Meaning] = {403: READ_PROBLEMS[UNAUTHORIZED]}
"""A read has no effect of which it could have had a part. A 404 may be of the order or of the address: it stays unknown."""

PATCH = VendorCall(name="patch", method="PATCH", problems=PATCH_PROBLEMS)
CANCEL = VendorCall(name="cancellation", method="POST", problems=CANCEL_PROBLEMS)
READ = VendorCall(name="read", method="GET", problems=READ_PROBLEMS, uncoded=READ_UNCODED)

REFUSALS = frozenset({400, 404, 409, 422})
"""The HTTP statuses with which a problem's code counts; the document prints 404, dossier §4.5 has 400 and 404."""

ANY_BODY: Mapping[int, Meaning] = {
    401: _not_ours("NextGen FSM does not accept our access_token (HTTP 401)."),
    405: _not_ours("The address, or a network on the way, does not take this method (HTTP 405)."),
    415: _not_ours("The address does not take JSON (HTTP 415)."),
    429: Meaning(outcome=Outcome.not_applied, trouble=BackendUnavailable,
                 detail="NextGen FSM asks us to slow down (HTTP 429)."),
}  # fmt: skip
"""What these statuses prove, whatever comes with them: the elaboration did not begin."""

NO_PROBLEM: Mapping[int, Meaning] = {
    403: _not_ours("A web server in front of NextGen FSM does not let us in (HTTP 403)."),
    404: _not_ours("There is no such API at this address (HTTP 404)."),
}
"""What these prove where the answer is no problem: what gave it is not the elaboration. A problem may be that of a private
API, to which the document leaves the errors of steps 9 and 11 to 13, and need have no code."""
