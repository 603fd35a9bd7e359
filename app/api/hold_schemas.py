"""Holds as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.api.schemas import Output
from app.domain.holds import Action, Cause


class HoldOut(Output):
    """An order whose queue stopped until a person says how it goes on."""

    hold_id: str
    state: Literal["open", "resolved"]
    cause: Cause
    detail: str | None = Field(description="What is known, in a sentence.")
    backend: str
    work_order: str | None = Field(description="The order's number; null while the vendor has not numbered it.")
    operation_id: str | None = Field(description="The write that is the cause, if it is yours.")
    opened_at: datetime
    actions: list[Action] = Field(description="By which actions it can be resolved.")
    resolution: Action | None
    reason: str | None
    evidence: str | None
    resolved_by: str | None = Field(description="The client or operator who resolved it.")
    resolved_at: datetime | None
    made_operation: str | None = Field(description="The write that a retry or a replacement put in its place.")


class HoldList(Output):
    items: list[HoldOut]
    next: str | None
