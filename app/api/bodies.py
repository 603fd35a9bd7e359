"""Request bodies as OpenAPI shows them. They refuse what they do not know; pointers are these names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.api.parameters import Moment
from app.domain.admission import Wanted
from app.domain.errors import StatusUnknown
from app.domain.holds import Action
from app.domain.statuses import Status

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A code or reason of a backend."""


def _known(word: object) -> object:
    """Pydantic would call an unknown status an invalid one; our code for it says where to look."""
    if isinstance(word, str) and word not in Status.__members__:
        raise PydanticCustomError(
            StatusUnknown.code, "There is no such status; GET .../statuses lists those that there are."
        )
    return word


StatusWord = Annotated[Status, BeforeValidator(_known)]


class Input(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusUpdateIn(Input):
    """A status that a work order has reached: `status`, or `vendor_code` to choose one of several codes behind a status."""

    status: StatusWord | None = Field(default=None, description="What the contractor says of the order.")
    vendor_code: Word | None = Field(default=None, description="The vendor's own code, as GET .../statuses lists it.")
    occurred_at: Moment = Field(description="When it happened: RFC 3339 with an offset; answered in UTC.")
    comments: str | None = Field(default=None, max_length=4000, description="Shown to the client's own staff.")
    reason_code: Word | None = Field(default=None, description="One of GET .../reasons of kind reason_code.")
    late_reason: Word | None = Field(default=None, description="One of GET .../reasons of kind late_reason.")
    client_reference: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        default=None, description="Your own reference for this change; it may be used once."
    )

    @model_validator(mode="after")
    def _enough_and_not_both(self) -> StatusUpdateIn:
        if self.status is None and self.vendor_code is None:
            raise PydanticCustomError("required", "Give status or vendor_code.")
        if self.reason_code is not None and self.late_reason is not None:
            raise PydanticCustomError("exclusive", "Give reason_code or late_reason, not both.")
        return self

    def wanted(self, *, tenant: str) -> Wanted:
        """The update as the checks take it."""
        return Wanted(
            tenant=tenant,
            status=self.status,
            vendor_code=self.vendor_code,
            occurred_at=self.occurred_at,
            reason_code=self.reason_code,
            late_reason=self.late_reason,
        )


class HoldResolutionIn(Input):
    """How the order of a hold goes on: an action, and why. `body` comes with replace, `evidence` with mark_applied."""

    action: Action = Field(
        description="retry: send it again. skip: leave it out. replace: send `body` in its place. mark_applied: the vendor "
        "has it. cancel: end it and everything queued behind it."
    )
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] = Field(
        description="Why; it is kept with your client's name."
    )
    body: dict[str, Any] | None = Field(default=None, description="With replace: what the write carries instead.")
    evidence: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] | None = Field(
        default=None, description="With mark_applied: how you know, for example what the vendor's screen shows."
    )
    work_order: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="With mark_applied of a create that the vendor numbers: the number it gave."
    )


class PreviewIn(Input):
    """A write to show without sending it."""

    kind: Literal["status_update", "create", "patch", "replace", "delete"]
    work_order: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="The order; left out only for a create that lets the vendor number it."
    )
    body: dict[str, Any] = Field(default_factory=dict, description="What the write itself would carry.")
    replace: list[Word] = Field(default_factory=list, description="As the query `replace` of a PATCH.")
    if_match: str | None = Field(default=None, max_length=1000, description="As the If-Match header of the write.")
    if_none_match: str | None = Field(
        default=None, max_length=1000, description="As the If-None-Match header of a PUT."
    )
