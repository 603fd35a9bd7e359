"""What is known of Civica Cx, as data: the master workflow, the meaning of each answer, the names of its elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import VendorRejectedData
from app.domain.ports import Capability
from app.domain.statuses import Basis, Onward, Status, Workflow
from app.vendors.meanings import Meaning, misconfigured, refused, slow_down

SLUG = "civica_cx"
TITLE = "Civica Cx"
CAPABILITIES = frozenset({Capability.read, Capability.list, Capability.status_update})
HOMES = (
    ("WorkOrderId", "number"),
    ("WorkOrderReference", "external_reference"),
    ("WorkOrderUid", "vendor_ids.work_order_uid"),
    ("Description", "description"),
    ("Notes", "notes"),
    ("TradeCode", "type"),
    ("PriorityCode", "priority"),
    ("RepairStatusCodeId", "vendor_status.code"),
    ("RaisedDate", "dates.raised"),
    ("TargetDate", "dates.target"),
    ("CompletedDate", "dates.actual_end"),
    ("AppointmentStart", "appointment.start"),
    ("AppointmentEnd", "appointment.end"),
    ("PropertyReference", "location.number"),
    ("AddressLine1", "location.address.line_1"),
    ("AddressLine2", "location.address.line_2"),
    ("AddressLine3", "location.address.line_3"),
    ("AddressLine4", "location.address.line_4"),
    ("PostCode", "location.address.postcode"),
)
"""Members of a RepairWorkOrder with a name of ours; the others stand in `extensions.civica_cx`."""
SETTLE_S = 5.0
"""Our assumption: Cx applies an update within its own call, or drops it."""

_DOCUMENTED, _ASSUMED = Basis.documented, Basis.assumed


def _row(*documented: str, assumed: tuple[str, ...] = (), others: Basis = _DOCUMENTED) -> Onward:
    return Onward(next={**dict.fromkeys(documented, _DOCUMENTED), **dict.fromkeys(assumed, _ASSUMED)}, others=others)


# The table of the in-product help, "To update the repair order status" (dossier §1.2); its unknown rows are assumed.
WORKFLOW = Workflow(
    steps={
        "Entered": _row("Issued", "On Hold", "Awaiting Authorisation", "Awaiting Pre Inspection", "Cancelled"),
        "Awaiting Authorisation": _row("Issued", "On Hold", "Cancelled"),
        "Awaiting Variation Authorisation": _row("On Hold", "Varied", "Cancelled"),
        "Issued": _row("On Hold", "Work In Progress", "Awaiting Variation Authorisation", "Awaiting Pre Inspection",
                       "Varied", "Complete", "Cancelled"),
        "Work In Progress": _row("On Hold", "Awaiting Variation Authorisation", "Awaiting Pre Inspection", "Varied",
                                 "Partially Complete", "Complete", "Cancelled"),
        "On Hold": _row("Issued", assumed=("Work In Progress", "Complete", "Cancelled"), others=_ASSUMED),
        "Varied": _row(assumed=("Issued", "Work In Progress", "On Hold", "Complete", "Cancelled"), others=_ASSUMED),
        "Partially Complete": _row(assumed=("Work In Progress", "On Hold", "Complete", "Cancelled"), others=_ASSUMED),
        "Awaiting Pre Inspection": _row(assumed=("Issued", "Work In Progress", "On Hold", "Cancelled"),
                                        others=_ASSUMED),
        "Open": _row(assumed=("Issued", "Work In Progress", "On Hold", "Cancelled"), others=_ASSUMED),
        "Complete": _row(assumed=("Fully Invoiced",), others=_ASSUMED),
        "Cancelled": _row(),
        "Fully Invoiced": _row(),
    },
    terminal=frozenset({"Cancelled", "Fully Invoiced"}),
    within=_ASSUMED,           # from one Work In Progress code to another: dossier §1.3, inferred
    same_code_refused=True,    # "Cx will not allow you to move an order from one status to the same status"
)  # fmt: skip

# What a code stands for when the client's table does not say (cx-assumed-contract.md, "The status table's CSV").
MASTER_STATUS: dict[str, Status] = {
    "Entered":                          Status.draft,
    "Open":                             Status.draft,
    "Awaiting Authorisation":           Status.draft,
    "Issued":                           Status.issued,
    "Work In Progress":                 Status.in_progress,
    "On Hold":                          Status.on_hold,
    "Awaiting Variation Authorisation": Status.on_hold,
    "Awaiting Pre Inspection":          Status.on_hold,
    "Partially Complete":               Status.incomplete,
    "Varied":                           Status.incomplete,
    "Complete":                         Status.complete,
    "Cancelled":                        Status.cancelled,
    "Fully Invoiced":                   Status.closed,
}  # fmt: skip

# Where several masters have one status: the one whose default code a caller means who says only the status.
PREFERRED_MASTER: dict[Status, str] = {
    Status.draft:      "Entered",
    Status.on_hold:    "On Hold",
    Status.incomplete: "Partially Complete",
}  # fmt: skip


INVALID_TOKEN = ("Client", "invalid token")
"""`s:Client` with "Access denied – Invalid token": the fault's code and a part of its text, whatever the dash."""

# A SOAP fault, which has HTTP 500, by the local name of its faultcode (dossier §1.6, §5.3); any other proves nothing.
FAULTS: Mapping[str, Meaning] = {
    "ActionNotSupported":    misconfigured("Cx does not know the SOAPAction; the WSDL in use is not this client's."),
    "DeserializationFailed": refused(VendorRejectedData, "Cx could not read the request, and did not begin it."),
}  # fmt: skip
TOKEN_REFUSED = misconfigured("Cx calls a token invalid that it has just given us.")

# An HTTP status without SOAP, where it proves that no operation ran; any other one proves nothing.
HTTP_STATUSES: Mapping[int, Meaning] = {
    401: misconfigured("The web server in front of Cx asks for credentials of its own (HTTP 401)."),
    403: misconfigured(
        "The web server in front of Cx does not let us in (HTTP 403); it may not know our network address."
    ),
    404: misconfigured("There is no Cx web service at this address (HTTP 404)."),
    405: misconfigured("The address does not take calls (HTTP 405)."),
    415: misconfigured("The address does not take SOAP 1.1 (HTTP 415)."),
    429: slow_down("Cx"),
}

TOKEN_SERVICE = "webservice/WSTokenService"
CONTRACTOR_SERVICE = "webservice/WSRepairContractorService"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One operation of the contract: its service's path, its request's members, its result's members."""

    service: str
    operation: str
    request: tuple[str, ...]
    result: tuple[str, ...] = ()


# Documented: the token's whole call, the update's request; the rest is cx-assumed-contract.md.
GET_TOKEN = Call(
    service=TOKEN_SERVICE,
    operation="GetUserWSToken",
    request=("Password", "UserName"),
    result=("InvalidReason", "IsValid", "Token", "TokenExpiry"),
)
UPDATE_STATUS = Call(
    service=CONTRACTOR_SERVICE,
    operation="UpdateRepairWorksOrderStatus",
    request=("Token", "NewStatus", "WorkOrderId", "WorkOrderUid"),
    result=("InvalidReason", "IsValid"),
)
LIST_ORDERS = Call(
    service=CONTRACTOR_SERVICE,
    operation="GetRepairWorkOrders",
    request=("Token", "FromDate"),
    result=("InvalidReason", "IsValid", "WorkOrders"),
)
READ_ORDER = Call(
    service=CONTRACTOR_SERVICE,
    operation="GetRepairWorkOrderDetails",
    request=("Token", "WorkOrderReference", "WorkOrderUid"),
    result=("InvalidReason", "IsValid", "WorkOrder"),
)
CALLS = (GET_TOKEN, UPDATE_STATUS, LIST_ORDERS, READ_ORDER)

NEW_STATUS = ("Comments", "StatusCodeId", "StatusDate", "StatusReasonId", "StatusSetByUserId", "StatusSetDate")
"""The members of NewStatus."""

ORDER = (
    "AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "AppointmentEnd", "AppointmentStart",
    "CompletedDate", "ContractorName", "Description", "IsLate", "IssuedDate", "Notes", "PostCode", "PriorityCode",
    "PropertyReference", "RaisedDate", "RepairMasterStatusCode", "RepairStatusCode", "RepairStatusCodeId",
    "StatusDate", "StatusReasonId", "TargetDate", "TradeCode", "WorkOrderId", "WorkOrderReference", "WorkOrderUid",
)  # fmt: skip
"""The members of a RepairWorkOrder."""

OWN_MEMBERS = tuple(name for name in ORDER if name not in dict(HOMES))

ELEMENTS = frozenset(
    {"request", "RepairWorkOrder", *NEW_STATUS, *ORDER}
    | {name for call in CALLS for name in (call.operation, *call.request, *call.result)}
)
"""Every name that `[backends.x.elements]` may rename."""
