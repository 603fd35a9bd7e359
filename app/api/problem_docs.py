"""What is told of the problems: the facts of a code for its page, and how OpenAPI shows those of the public routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.documented import RETRY_AFTER
from app.api.problems import PROBLEM_JSON
from app.domain.errors import (
    CapabilityMissing,
    GatewayError,
    InternalError,
    MalformedRequest,
    NextAction,
    Overloaded,
    PreconditionFailed,
    ReasonUnknown,
    StatusNotEffective,
    StatusUnknown,
    VendorRefused,
    VendorRejectedData,
)

ACTIONS: dict[NextAction, str] = {
    NextAction.retry:            "Send the same request again, with the same Idempotency-Key, after the time in Retry-After.",
    NextAction.fix_request:      "Correct the request, and send it anew.",
    NextAction.wait:             "Wait; what is pending has to finish first.",
    NextAction.resolve_hold:     "Somebody resolves the hold (GET /v1/holds); then it goes on.",
    NextAction.contact_operator: "Only the operator of this gateway can put it right.",
    NextAction.none:             "Nothing is left to do with this request.",
}  # fmt: skip
OUTCOMES: dict[str, str] = {
    "not_sent": "Nothing was sent to the vendor.",
    "refused":  "The vendor was asked and refused. If `applied` is there, it lists the members that were changed nevertheless.",
    "unknown":  "Perhaps something: if a write was accepted, it goes on, and the same Idempotency-Key gets its answer.",
}  # fmt: skip
ALSO_REFUSED = "Mostly nothing. Where `outcome` is `refused`, the vendor was asked and refused."
"""In place of the outcome's text, for codes that both we and the vendor refuse with."""
IN_DOUBT = " Where `outcome` is `unknown`, an earlier attempt of the refused operation may have taken effect."
"""Added for codes with which an accepted write may be refused when it is sent again."""
_LATER = (
    CapabilityMissing,
    PreconditionFailed,
    ReasonUnknown,
    StatusNotEffective,
    StatusUnknown,
    VendorRefused,
    VendorRejectedData,
)

_CONTENT: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}


def facts(kind: type[GatewayError]) -> Mapping[str, str]:
    """The rows of the table on a code's page; `code` in backticks."""
    sent = ALSO_REFUSED if kind.also_refused else OUTCOMES[kind.outcome]
    return {
        "Status": str(kind.status),
        "Code": f"`{kind.code}`",
        "What was sent": sent + IN_DOUBT if kind.also_refused or kind in _LATER else sent,
        "May be repeated": "Yes, with the same Idempotency-Key." if kind.retryable else "Not as it is.",
        "Next": f"`{kind.action.value}`: {ACTIONS[kind.action]}",
    }


def problem_answers(*kinds: type[GatewayError], stored: bool = True) -> dict[int | str, dict[str, Any]]:
    """The problem answers of a route that anybody may call; `stored`: it asks the database."""
    always = (MalformedRequest, InternalError, Overloaded) if stored else (MalformedRequest, InternalError)
    return {kind.status: _answer(kind) for kind in sorted((*kinds, *always), key=lambda kind: kind.status)}


def _answer(kind: type[GatewayError]) -> dict[str, Any]:
    example = kind(f"{kind.title}.").as_problem(public_url="http://127.0.0.1:8000", instance="/", request_id="req_5f0c")
    headers = {"headers": RETRY_AFTER} if kind.status >= 429 and kind is not InternalError else {}
    return {
        "description": f"{kind.code}: {kind.title}",
        "content": {PROBLEM_JSON: {**_CONTENT, "example": example}},
        **headers,
    }
