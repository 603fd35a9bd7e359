"""Holds: why a queue stopped, and the words by which a person lets it go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Cause(Enum):
    """Why the queue of an order stopped."""

    vendor_refused = "vendor-refused"
    """The vendor refused a write, and others were queued behind it."""
    outcome_unknown = "outcome-unknown"
    """Reading the vendor did not settle whether a write took effect."""
    side_effect = "side-effect"
    """The vendor accepted a write, and it did more or other than was asked."""
    contradiction = "contradiction"
    """The vendor shows an order that had ended as open again."""


class Action(Enum):
    """How a person resolves a hold."""

    retry = "retry"
    """Send the write again, in its place."""
    skip = "skip"
    """Leave the write out, and go on with what is queued behind it."""
    replace = "replace"
    """Send another body in its place."""
    mark_applied = "mark_applied"
    """The vendor has it, as the evidence says; go on."""
    cancel = "cancel"
    """End the write and everything queued behind it."""


ACTIONS: Mapping[Cause, frozenset[Action]] = {
    Cause.vendor_refused:  frozenset(Action),
    Cause.outcome_unknown: frozenset(Action),
    Cause.side_effect:     frozenset(Action),
    Cause.contradiction:   frozenset({Action.skip, Action.cancel}),
}  # fmt: skip
"""Which words make sense for which cause. Of an order that is open again, `skip` takes the vendor's word and goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """One hold, open or resolved. Times are microseconds since 1970; `tenant` is None where no tenant's write is the cause."""

    id: str
    tenant: str | None
    backend: str
    work_order: str
    operation_id: str | None
    cause: Cause
    detail: str | None
    version: int
    opened_at: int
    closed_at: int | None
    closed_by: str | None
    resolution: Action | None
    reason: str | None
    evidence: str | None
    made_operation: str | None

    @property
    def tag(self) -> str:
        """Its ETag."""
        return f'"{self.id}.{self.version}"'
