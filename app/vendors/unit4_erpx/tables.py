"""What is known of Unit4 ERPx, as data: what it can do, its status codes, the meaning of each answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from app.domain.errors import VendorRejectedData, WorkOrderNotFound
from app.domain.ports import Capability, Outcome
from app.domain.statuses import PHASE, Basis, Onward, Status, StatusCode, Workflow
from app.vendors.meanings import Meaning, misconfigured, refused, slow_down
from app.vendors.vendor import Removal

SLUG = "unit4_erpx"
TITLE = "Unit4 ERPx"
CAPABILITIES = frozenset(
    {Capability.read, Capability.status_update, Capability.create, Capability.patch, Capability.delete}
)
KEPT_HERE = ("occurred_at", "comments")
"""Members of a status update that ERPx has no place for: they stand in our record."""
SETTLE_S = 200.0
"""ERPx's gateway ends a call after 220 s (dossier §2.4), so one that we gave up after 20 s may still be applied in the rest."""

CLOSED = "C"
REMOVAL = Removal(effect="closed", code=CLOSED)


def _code(code: str, label: str, status: Status) -> StatusCode:
    return StatusCode(code=code, label=label, status=status, phase=PHASE[status], basis=Basis.assumed)


# The document shows N (POST sample) and C (PATCH sample), and says that DELETE sets "Closed"; the meanings are assumed.
STATUSES = (
    _code("N",    "Active",     Status.issued),
    _code("P",    "Parked",     Status.on_hold),
    _code(CLOSED, "Closed",     Status.closed),
    _code("T",    "Terminated", Status.cancelled),
)  # fmt: skip


def _onward(*codes: str) -> Onward:
    return Onward(next=dict.fromkeys(codes, Basis.assumed), others=Basis.assumed)


WORKFLOW = Workflow(
    steps={"N": _onward("P", "C", "T"), "P": _onward("N", "C", "T"), "C": _onward(), "T": _onward()},
    terminal=frozenset({CLOSED, "T"}),
    within=Basis.assumed,
    same_code_refused=False,  # no document of the vendor's calls it an error
)


class Call(Enum):
    """The four calls of the Work Orders API, by their HTTP methods."""

    create = "POST"
    read = "GET"
    patch = "PATCH"
    close = "DELETE"


class Shape(Enum):
    """What the body of an answer is."""

    order = auto()
    """A JSON object with a workOrderId."""
    no_order = auto()
    """JSON in the vendor's own shape that says that there is no such order."""
    words = auto()
    """JSON in the vendor's own shape that says something else."""
    gateway = auto()
    """JSON of the API manager in front of ERPx: it has a statusCode."""
    empty = auto()
    other = auto()
    """HTML, text, half of a JSON, or JSON that is none of the above."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Which answers a meaning is for: to these calls, with this HTTP status, with a body of one of these shapes."""

    calls: frozenset[Call]
    status: int
    shapes: frozenset[Shape]
    meaning: Meaning
    """In its detail, `{client}` and `{company}` are the settings' own."""


CALLS = frozenset(Call)
WRITES = CALLS - {Call.read}
ANY = frozenset(Shape)
SPOKEN = frozenset({Shape.no_order, Shape.words})
"""The vendor's own errors. Their members are undocumented, but for the message (dossier 2.3)."""


def _row(calls: frozenset[Call], status: int, shapes: frozenset[Shape], meaning: Meaning) -> Row:
    return Row(calls=calls, status=status, shapes=shapes, meaning=meaning)


_DONE = Meaning(outcome=Outcome.applied, detail="ERPx accepted the write.")
_FOUND = Meaning(outcome=Outcome.applied, detail="ERPx showed the order.")
IN_DOUBT = Meaning(outcome=Outcome.unknown, detail="ERPx answered without saying what the order is like now.")
"""The order itself may show that it was done after all."""
_REJECTED = refused(VendorRejectedData, "ERPx rejected the data.")
_NO_ORDER = refused(WorkOrderNotFound, "ERPx has no such work order in company {company}.")
TOKEN_REFUSED = 401

# Vendor document 002; the first row that fits holds. What fits none proves nothing. 400, 401 and 429: dossier 2.3.
ANSWERS: tuple[Row, ...] = (
    _row(frozenset({Call.create}), 201, frozenset({Shape.order}), _DONE),  # POST_007, POST_008
    _row(frozenset({Call.create}), 201, frozenset({Shape.empty}), IN_DOUBT),
    _row(frozenset({Call.read}), 200, frozenset({Shape.order}), _FOUND),  # GET_005
    _row(frozenset({Call.patch}), 200, frozenset({Shape.order}), _DONE),  # the document has no row for a success
    _row(frozenset({Call.patch}), 200, frozenset({Shape.empty}), IN_DOUBT),
    _row(frozenset({Call.patch}), 204, frozenset({Shape.empty}), IN_DOUBT),
    _row(frozenset({Call.close}), 200, frozenset({Shape.empty}), _DONE),  # DEL_004: "Empty message - no content"
    _row(frozenset({Call.close}), 204, frozenset({Shape.empty}), _DONE),
    _row(frozenset({Call.close}), 200, frozenset({Shape.order}), IN_DOUBT),
    _row(WRITES, 400, SPOKEN, _REJECTED),
    _row(WRITES, 422, SPOKEN, _REJECTED),  # POST_002 to 006, PATCH_002 to 004
    _row(CALLS - {Call.create}, 404, frozenset({Shape.no_order}), _NO_ORDER),  # GET_004, PATCH_006, DEL_003
    _row(CALLS, TOKEN_REFUSED, ANY, misconfigured("ERPx calls a token invalid that it has just given to {client}.")),
    _row(  # POST_001, GET_001 and 002, PATCH_001, DEL_001: "API is not reached"
        CALLS,
        403,
        ANY,
        misconfigured("The client {client} may not do this in ERPx, or company {company} does not exist (HTTP 403)."),
    ),
    _row(
        CALLS,
        404,
        ANY,
        misconfigured("There is no Work Orders API at this address (HTTP 404): url, work_orders_path."),
    ),
    _row(CALLS, 405, ANY, misconfigured("This address does not take the call (HTTP 405): work_orders_path.")),
    _row(CALLS, 415, ANY, misconfigured("This address does not take our media type (HTTP 415).")),
    _row(CALLS, 429, ANY, slow_down("ERPx")),
)

EXISTS = "already exists"
"""POST_005: "The work order already exists." Any other wording is a 422 like the others; the order is read anyway."""
NOT_FOUND = "was not found"
"""In all three texts of the document for a number that does not exist (GET_004, PATCH_006, DEL_003)."""
NOT_FOUND_CODE = "1040"
