"""Answers as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import ERRORS
from app.domain.evidence import Evidence
from app.domain.operations import State
from app.domain.ports import Capability, Kind
from app.domain.statuses import Basis, Phase, Status


class Output(BaseModel):
    """What we answer. Pydantic builds each schema at its first use, which for most is the documentation."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class VendorStatus(Output):
    code: str = Field(description="The vendor's code, as text.")
    label: str | None
    master: str | None = Field(description="The vendor's own workflow step, where it has one.")


class StatusUpdate(Output):
    """A status update that the vendor has applied."""

    operation_id: str
    state: State
    backend: str
    work_order: str
    previous_status: Status | None
    status: Status | None
    vendor_status: VendorStatus | None
    occurred_at: datetime
    received_at: datetime
    applied_at: datetime | None
    evidence: str | None = Field(
        description=f"How we know: {Evidence.vendor_accepted} (its answer), {Evidence.read_back} (read afterwards), "
        f"{Evidence.operator} (a person's word)."
    )
    kept_here: list[str] = Field(
        default_factory=list,
        description="Members of your update that the vendor's system has no place for; they stand in our record alone.",
    )


class StatusUpdateEntry(StatusUpdate):
    """A status update in an order's history, whatever became of it."""

    comments: str | None
    reason_code: str | None
    late_reason: str | None
    client_reference: str | None
    problem: Problem | None


class NextStep(Output):
    action: Literal["retry", "fix_request", "wait", "resolve_hold", "contact_operator", "none"]
    after_s: int | None


class VendorWords(Output):
    code: str | None
    message: str | None
    status: int | None


class FieldFaultOut(Output):
    pointer: str
    code: str
    message: str


class Problem(Output):
    """RFC 9457. A member that says nothing is left out. Further members depend on `code`; its page under /problems says which."""

    # What is left out must not come back as null: routes that carry a problem answer with `response_model_exclude_unset`.
    model_config = ConfigDict(extra="allow", frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(
        description="Stable; act on this, not on the texts. Codes may be added.",
        json_schema_extra={"x-extensible-enum": [*ERRORS]},
    )
    outcome: Literal["not_sent", "refused", "unknown"] = Field(
        description="Whether the vendor has seen the request, and refused it. `unknown`: after a fault of ours, "
        "whoever answers cannot tell; a repeat with the same key does. In a refused operation: an earlier attempt of it may have "
        "taken effect."
    )
    retryable: bool
    next: NextStep
    request_id: str
    operation_id: str | None = None
    backend: str | None = None
    vendor: VendorWords | None = None
    errors: list[FieldFaultOut] | None = None


class WaitingFor(Output):
    code: str
    detail: str
    since: datetime
    next_try: datetime


class Operation(Output):
    """A write that we accepted, and where it stands."""

    operation_id: str
    kind: Kind
    state: State
    backend: str
    work_order: str | None = Field(description="Null until the vendor has numbered the order that this creates.")
    client_reference: str | None
    accepted_at: datetime
    finished_at: datetime | None
    attempts: int
    blocked_by: str | None = Field(description="The operation or hold that this one waits behind.")
    waiting_for: WaitingFor | None = Field(
        description="Why it waits, where the vendor's system, or reading this one order, is why; and until when."
    )
    problem: Problem | None
    result: dict[str, Any] | None = Field(
        description="The answer of the write, once it is applied; or how a person ended it."
    )


class Window(Output):
    starts: datetime
    ends: datetime


class Health(Output):
    state: Literal["ok", "paused", "maintenance"]
    code: str | None
    detail: str | None = Field(description="Why it is not asked now, in words.")
    since: datetime | None
    next_try: datetime | None
    until: datetime | None = Field(description="When the maintenance ends in which the backend is now.")
    next_window: Window | None = Field(description="The next maintenance, if one is configured for the next two weeks.")


class BackendOut(Output):
    backend: str
    title: str
    vendor: str
    capabilities: list[Capability]
    writable_fields: list[str] = Field(description="Members of an order that PATCH can change there.")
    replaceable_fields: list[str] = Field(description="Collections that `PATCH ?replace=` can replace whole.")
    delete_effect: Literal["closed", "deleted"] | None = Field(description="What DELETE of an order does there.")
    health: Health


class StatusRow(Output):
    status: Status | None
    vendor_code: str
    label: str
    master: str | None
    phase: Phase | None
    effective_from: datetime | None
    effective_to: datetime | None
    default: bool = Field(description="Chosen when several codes share the status.")
    settable: bool = Field(description="Whether the vendor's interface can set it; other codes are only ever seen.")
    terminal: bool = Field(description="Whether the order takes no update any more once it has this code.")
    basis: Basis


class ReasonRow(Output):
    kind: Literal["reason_code", "late_reason"]
    code: str
    vendor_code: str


class Blocked(Output):
    code: str
    detail: str


class Transition(Output):
    status: Status | None
    vendor_code: str
    label: str
    master: str | None
    allowed: bool
    certain: bool = Field(description="False where we only assume, and the vendor decides.")
    basis: Basis
    requires: list[str] = Field(description="Members that the update must carry.")
    blocked: Blocked | None


class Current(Output):
    """Where an order stands, counting the updates that were accepted and are not finished."""

    status: Status | None
    vendor_code: str | None
    operation_id: str | None = Field(description="The operation of yours that set it, or will.")
    since: datetime | None
    source: Literal["operation", "vendor"]


class Transitions(Output):
    items: list[Transition]
    next: str | None
    work_order: str
    current: Current
    as_of: datetime | None = Field(description="When the order was last seen at the vendor.")


class DeliveryOut(Output):
    state: Literal["settled", "pending", "held"]
    pending: int = Field(description="How many accepted writes are not finished.")
    hold_id: str | None


class WorkOrder(Output):
    """A work order as the vendor's system shows it. Members that the vendor does not have are left out."""

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str
    number: str = Field(description="The order's number at the vendor.")
    external_reference: str | None
    status: Status | None = Field(description="Null for a vendor code that the status table does not know.")
    phase: Phase | None
    vendor_status: VendorStatus | None
    delivery: DeliveryOut
    not_shown: list[str] = Field(
        default_factory=list,
        description="In the answer to a write: pointers of what you asked for and the vendor's record does not show.",
    )
    as_of: datetime
    vendor_ids: dict[str, str]


class Effect(Output):
    """What a DELETE did: it depends on the vendor."""

    effect: Literal["closed", "deleted"]


class VendorRequestOut(Output):
    method: str
    url: str
    headers: dict[str, str]
    body: str


class Preview(Output):
    """The requests that the write would send, without secrets, in their order."""

    requests: list[VendorRequestOut]


class BackendList(Output):
    items: list[BackendOut]
    next: str | None


class StatusList(Output):
    items: list[StatusRow]
    next: str | None


class ReasonList(Output):
    items: list[ReasonRow]
    next: str | None


class WorkOrderList(Output):
    items: list[WorkOrder]
    next: str | None


class StatusUpdateList(Output):
    items: list[StatusUpdateEntry]
    next: str | None


class OperationList(Output):
    items: list[Operation]
    next: str | None
