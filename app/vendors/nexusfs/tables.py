"""What is known of NexusFS, as data: its calls, its status codes, and the meaning of each of its answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.domain.errors import VendorRefused, VendorRejectedData, WorkOrderNotFound
from app.domain.ports import Capability
from app.domain.statuses import PHASE, Basis, Status, StatusCode, Workflow
from app.vendors.meanings import Meaning, misconfigured, refused, slow_down

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
CODE = re.compile(rf"{NEW}/(?P<dispatch>[0-9])|(?!{NEW}$)[^/]+")
"""A status code as we write it: an OrderStatus, and beside 1 its DispatchStatus."""


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
    same_code_refused=False,  # no document of the vendor's calls it an error
)  # fmt: skip

# --- answers


# A standard response object with an error in it (dossier 3.3), by its HTTP status.
STANDARD: Mapping[int, Meaning] = {
    400: refused(VendorRejectedData, "NexusFS found the data wrong."),
    404: refused(WorkOrderNotFound, "NexusFS has no such work order."),
    409: refused(VendorRefused, "NexusFS refused the change."),
    410: refused(WorkOrderNotFound, "NexusFS has no such work order."),
}  # fmt: skip

# The same to a PUT, which inserts what is not there: then it is something else that does not exist.
STANDARD_TO_PUT: Mapping[int, Meaning] = {
    **STANDARD,
    404: refused(VendorRefused, "NexusFS refused the order: something that it names does not exist."),
    410: refused(VendorRefused, "NexusFS refused the order: something that it names does not exist."),
}  # fmt: skip

# An HTTP status that proves by itself that nothing was processed, whatever the body; any other one proves nothing.
HTTP_STATUSES: Mapping[int, Meaning] = {
    401: misconfigured("NexusFS does not accept our access token (HTTP 401)."),
    403: misconfigured("Our NexusFS user lacks the permission for this call (HTTP 403)."),
    404: misconfigured("There is no NexusFS work order API at this address (HTTP 404)."),
    405: misconfigured("The address does not take this HTTP method (HTTP 405); if a network forbids PATCH, set "
                       "method_override."),
    415: misconfigured("The address does not take JSON (HTTP 415)."),
    429: slow_down("NexusFS"),
}  # fmt: skip
