"""Request and response bodies as OpenAPI shows them. Inputs refuse what they do not know; pointers are these names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.domain.operations import State
from app.domain.ports import Capability, Kind
from app.domain.statuses import Basis, Phase, Status

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A code or reason of a backend."""
Moment = Annotated[AwareDatetime, Field(description="RFC 3339 with an offset; answered in UTC.")]


class Input(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """What we answer."""

    model_config = ConfigDict(frozen=True)


class StatusUpdateIn(Input):
    """A status that a work order has reached: `status`, or `vendor_code` to choose one of several codes behind a status."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"status": "on_site", "occurred_at": "2026-11-20T20:40:00Z", "comments": "Engineer on site"},
            ]
        }
    )

    status: Status | None = Field(default=None, description="What the contractor says of the order.")
    vendor_code: Word | None = Field(default=None, description="The vendor's own code, as GET .../statuses lists it.")
    occurred_at: Moment
    comments: str | None = Field(default=None, max_length=4000, description="Shown to the client's own staff.")
    reason_code: Word | None = Field(default=None, description="One of GET .../reasons of kind reason_code.")
    late_reason: Word | None = Field(default=None, description="One of GET .../reasons of kind late_reason.")
    client_reference: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        default=None, description="Your own reference for this change; it may be used once."
    )

    @model_validator(mode="after")
    def _enough_and_not_both(self) -> StatusUpdateIn:
        if self.status is None and self.vendor_code is None:
            raise ValueError("give status or vendor_code")
        if self.reason_code is not None and self.late_reason is not None:
            raise ValueError("give reason_code or late_reason, not both")
        return self


class PreviewIn(Input):
    """A write to show without sending it."""

    kind: Literal["status_update", "create", "patch", "replace", "delete"]
    work_order: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="The order; left out only for a create that lets the vendor number it."
    )
    body: dict[str, Any] = Field(description="What the write itself would carry.")


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
        description="How we know: vendor_accepted (its answer), read_back (read afterwards), operator (a person's word)."
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
    """RFC 9457. Further members depend on `code`; its page under /problems says which."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    outcome: Literal["not_sent", "refused"]
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
    work_order: str
    client_reference: str | None
    accepted_at: datetime
    finished_at: datetime | None
    attempts: int
    blocked_by: str | None = Field(description="The operation or hold that this one waits behind.")
    waiting_for: WaitingFor | None = Field(description="Why the whole backend waits, and until when.")
    problem: Problem | None
    result: dict[str, Any] | None


class Health(Output):
    state: Literal["ok", "paused"]
    code: str | None
    since: datetime | None
    next_try: datetime | None


class BackendOut(Output):
    backend: str
    title: str
    vendor: str
    capabilities: list[Capability]
    writable_fields: list[str]
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


class Transitions(Output):
    items: list[Transition]
    next: None = None
    work_order: str
    current: dict[str, Any]
    as_of: datetime | None


class DeliveryOut(Output):
    state: Literal["settled", "pending", "held"]
    pending: int = Field(description="How many accepted writes are not finished.")
    hold_id: str | None


class WorkOrder(Output):
    """A work order as the vendor's system shows it. Members that the vendor does not have are left out."""

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str
    number: str
    external_reference: str | None
    status: Status | None
    phase: Phase | None
    vendor_status: VendorStatus | None
    delivery: DeliveryOut
    as_of: datetime
    vendor_ids: dict[str, str]


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
