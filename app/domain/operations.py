"""The life of a write: its states, the edges between them, and the record that our API shows."""

from __future__ import annotations

from enum import StrEnum

from app.domain.json import JsonObject
from app.domain.ports import Kind
from app.domain.record import record
from app.domain.terms import NO_TERMS, Terms


class State(StrEnum):
    """Where an operation stands."""

    queued = "queued"
    """Accepted and kept; not sent yet."""
    sending = "sending"
    """An attempt was begun: its intent is stored, and bytes may have left."""
    verifying = "verifying"
    """The answer was lost; the vendor is being read to find out."""
    applied = "applied"
    refused = "refused"
    unknown = "unknown"
    """The answer was lost; the next read-back has its time."""
    held = "held"
    """An unknown that ran out of read-backs, or a write that did more or other than asked: a person says which it is."""
    skipped = "skipped"
    replaced = "replaced"
    cancelled = "cancelled"


EDGES: dict[State, frozenset[State]] = {
    State.queued:    frozenset({State.sending, State.refused, State.cancelled, State.skipped, State.replaced}),
    State.sending:   frozenset({State.applied, State.refused, State.unknown, State.queued, State.held}),
    State.unknown:   frozenset({State.verifying, State.applied, State.queued, State.held}),
    State.verifying: frozenset({State.applied, State.queued, State.unknown, State.held}),
    State.held:      frozenset({State.applied, State.queued, State.skipped, State.replaced, State.cancelled}),
    State.applied:   frozenset(),
    State.refused:   frozenset(),
    State.skipped:   frozenset(),
    State.replaced:  frozenset(),
    State.cancelled: frozenset(),
}  # fmt: skip

FINAL = frozenset(state for state, onward in EDGES.items() if not onward)
UNRESOLVED = frozenset({State.unknown, State.verifying, State.held})
"""States in which nobody can say yet whether the vendor applied the write."""


class IllegalMove(Exception):
    """An operation was asked to move along an edge that does not exist."""

    def __init__(self, was: State, to: State) -> None:
        super().__init__(f"an operation does not go from {was} to {to}")


def move(was: State, to: State) -> State:
    """`to`, if the table lets it follow `was`."""
    if to not in EDGES[was]:
        raise IllegalMove(was, to)
    return to


def number_of(work_order: str, operation_id: str | None) -> str | None:
    """The number of the order that something is told of; None while there is none.

    Until the vendor has numbered the order that an operation creates, its queue bears the operation's own id.
    """
    return None if work_order == operation_id else work_order


@record(frozen=True, kw_only=True, slots=True)
class Operation:
    """One accepted write. Times are microseconds since 1970; `body` is the caller's, as accepted."""

    id: str
    tenant: str
    client_id: str
    backend: str
    work_order: str
    seq: int
    """Its place among the writes of this order; the vendor sees them in this order."""
    kind: Kind
    state: State
    body: JsonObject
    target_code: str | None
    occurred_at: int | None
    previous_code: str | None
    client_reference: str | None
    attempts: int
    accepted_at: int
    finished_at: int | None
    blocked_by: str | None
    problem: JsonObject | None
    result: JsonObject | None
    answer_status: int | None
    answer_body: str | None
    """The final answer, kept as it was first given."""
    probes: int
    probe_evidence: str | None
    """What the last read-back after the settle time showed, for comparing with the next."""
    terms: Terms = NO_TERMS
    request_id: str | None = None
    """The request that brought it, as our logs name it."""

    @property
    def number(self) -> str | None:
        """Its order's; None: only the vendor can number it, and has not done so."""
        return number_of(self.work_order, self.id)
