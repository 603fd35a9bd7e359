"""What is known of NextGen FSM's work orders, as data: capabilities, status codes and which may follow which."""

from __future__ import annotations

from app.domain.ports import Capability
from app.domain.statuses import PHASE, Basis, Onward, Status, StatusCode, Workflow

SLUG = "overit"
TITLE = "OverIT NextGen FSM"
CAPABILITIES = frozenset({Capability.read, Capability.status_update, Capability.patch})
SETTLE_S = 5.0
"""Our assumption: the vendor applies a request within its own call, or drops it."""
KEPT_HERE = ("occurred_at", "comments", "reason_code", "late_reason")
"""A cancellation carries nothing but the order's code."""

CANCELLED = "CANCELLED"
EXTERNAL = "ext:"
"""Before an external code, where a caller names an order by that."""

_ASSUMED = Basis.assumed


def _code(code: str, label: str, status: Status, *, default: bool = False) -> StatusCode:
    return StatusCode(code=code, label=label, status=status, phase=PHASE[status], default=default, basis=_ASSUMED)


# The vocabulary of the private cancellation, suspension and closure pages (dossier §4.4); the meanings are assumed.
STATUSES = (
    _code("DRAFT",                "Draft",                Status.draft, default=True),
    _code("PROPOSAL",             "Proposal",             Status.draft),
    _code("SUBMITTED",            "Submitted",            Status.issued),
    _code("OPEN",                 "Open",                 Status.issued, default=True),
    _code("RELEASED",             "Released",             Status.issued),
    _code("PLANNED",              "Planned",              Status.scheduled),
    _code("IN_CHARGE",            "In charge",            Status.accepted),
    _code("TO_RESCHEDULE",        "To reschedule",        Status.incomplete),
    _code("PARTIALLY_ACCOUNTED",  "Partially accounted",  Status.in_progress),
    _code("LOCKED",               "Locked",               Status.on_hold),
    _code("TECHNICALLY_CLOSED",   "Technically closed",   Status.complete),
    _code("CLOSED",               "Closed",               Status.closed),
    _code(CANCELLED,              "Cancelled",            Status.cancelled),
)  # fmt: skip


def _row(*steps: str) -> Onward:
    return Onward(next=dict.fromkeys(steps, _ASSUMED), others=_ASSUMED)


# "Allowed from" of the private cancellation, suspension and closure (dossier §4.4). Assumed throughout: those pages are
# not the integration API's, so the vendor decides.
WORKFLOW = Workflow(
    steps={
        "DRAFT":               _row(CANCELLED),
        "PROPOSAL":            _row(CANCELLED),
        "SUBMITTED":           _row(CANCELLED),
        "OPEN":                _row(CANCELLED, "LOCKED"),
        "RELEASED":            _row(CANCELLED, "LOCKED"),
        "PLANNED":             _row(CANCELLED, "LOCKED"),
        "IN_CHARGE":           _row(CANCELLED),
        "TO_RESCHEDULE":       _row(CANCELLED, "LOCKED"),
        "PARTIALLY_ACCOUNTED": _row(CANCELLED, "LOCKED"),
        "LOCKED":              _row(CANCELLED),
        "TECHNICALLY_CLOSED":  _row("CLOSED"),
        "CLOSED":              _row(),
        CANCELLED:             _row(),
    },
    terminal=frozenset({CANCELLED, "CLOSED"}),
    within=_ASSUMED,
    same_code_refused=False,  # no document of the vendor's calls it an error
    settable=frozenset({CANCELLED}),  # the PATCH has no status; the cancellation is a call of its own
)  # fmt: skip
