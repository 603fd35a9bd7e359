"""What is known of NexusFS, as data: its calls, its status codes, and the meaning of each of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import (
    BackendMisconfigured,
    BackendUnavailable,
    GatewayError,
    VendorRefused,
    VendorRejectedData,
    VendorTrouble,
    WorkOrderNotFound,
)
from app.domain.ports import Capability, Outcome
from app.domain.statuses import PHASE, Basis, Status, StatusCode, Workflow

SLUG = "nexusfs"
TITLE = "NexusFS"
CAPABILITIES = frozenset(set(Capability) - {Capability.list})
"""The document has no call that lists work orders."""
SETTLE_S = 5.0
"""Our assumption: NexusFS makes a change within its own call, or drops it."""

WORK_ORDERS = "/seiapi/v3/trans/WorkOrder/"
LOGIN = "/createjwt"
TOKEN_HEADER = "x-access-token"
OVERRIDE_HEADER = "X-HTTP-Method-Override"

# --- statuses: OrderStatus (category 10, fixed codes), and beside 1 the DispatchStatus (category 12); dossier 3.5

NEW = "1"
"""The only OrderStatus beside which DispatchStatus tells statuses of ours apart; an absent one counts as 0."""


def _code(code: str, label: str, status: Status, *, default: bool = False) -> StatusCode:
    return StatusCode(
        code=code, label=label, status=status, phase=PHASE[status], default=default, basis=Basis.assumed
    )  # the codes are the vendor's; which status of ours each stands for is our assumption


STATUSES = (
    _code("1/0",  "New",               Status.issued),
    _code("1/1",  "Scheduled",         Status.scheduled),
    _code("1/2",  "Assigned",          Status.scheduled),
    _code("1/3",  "Dispatched",        Status.scheduled, default=True),
    _code("6",    "En Route",          Status.en_route),
    _code("7",    "Onsite",            Status.on_site),
    _code("8",    "Travel complete",   Status.in_progress),
    _code("9",    "Pending",           Status.accepted),
    _code("1001", "Rejected",          Status.rejected),
    _code("4096", "Closed Complete",   Status.complete),
    _code("4097", "Closed Incomplete", Status.incomplete),
)  # fmt: skip

WORKFLOW = Workflow(
    steps={},                  # the vendor publishes no rule of which status may follow which: it decides
    terminal=frozenset(),      # nor does it say that an order ends with 4096 or 4097
    within=Basis.assumed,
    same_code_refused=True,
)  # fmt: skip

# --- answers


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an answer proves, and what a person reads about it."""

    outcome: Outcome
    detail: str
    error: type[GatewayError] | None = None
    trouble: type[VendorTrouble] | None = None


def _refused(error: type[GatewayError], detail: str) -> Meaning:
    return Meaning(outcome=Outcome.refused, error=error, detail=detail)


def _not_applied(trouble: type[VendorTrouble], detail: str) -> Meaning:
    return Meaning(outcome=Outcome.not_applied, trouble=trouble, detail=detail)


# A standard response object with an error in it (dossier 3.3), by its HTTP status.
STANDARD: Mapping[int, Meaning] = {
    400: _refused(VendorRejectedData, "NexusFS found the data wrong."),
    404: _refused(WorkOrderNotFound, "NexusFS has no such work order."),
    409: _refused(VendorRefused, "NexusFS refused the change."),
    410: _refused(WorkOrderNotFound, "NexusFS has no such work order."),
}  # fmt: skip

# The same to a PUT, which inserts what is not there: then it is something else that does not exist.
STANDARD_TO_PUT: Mapping[int, Meaning] = {
    **STANDARD,
    404: _refused(VendorRefused, "NexusFS refused the order: something that it names does not exist."),
    410: _refused(VendorRefused, "NexusFS refused the order: something that it names does not exist."),
}  # fmt: skip

# An HTTP status that proves by itself that nothing was processed, whatever the body; any other one proves nothing.
HTTP_STATUSES: Mapping[int, Meaning] = {
    401: _not_applied(BackendMisconfigured, "NexusFS does not accept our access token (HTTP 401)."),
    403: _not_applied(BackendMisconfigured, "Our NexusFS user lacks the permission for this call (HTTP 403)."),
    404: _not_applied(BackendMisconfigured, "There is no NexusFS work order API at this address (HTTP 404)."),
    405: _not_applied(BackendMisconfigured, "The address does not take this HTTP method (HTTP 405); if a network "
                                            "forbids PATCH, set method_override."),
    429: _not_applied(BackendUnavailable, "NexusFS asks us to slow down (HTTP 429)."),
}  # fmt: skip
