"""Statuses and phases, and how a vendor's tables answer 'which code is that?' and 'may this follow?'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from app.domain.errors import StatusNotEffective, StatusTableMissing, StatusUnknown, VendorCodeRequired
from app.domain.record import record


class Phase(StrEnum):
    """Where a work order stands, in the coarse; it follows the vendor's own master where there is one."""

    open = "open"
    in_progress = "in_progress"
    on_hold = "on_hold"
    incomplete = "incomplete"
    complete = "complete"
    ended = "ended"


class Status(StrEnum):
    """What a contractor says of a work order."""

    draft = "draft"
    issued = "issued"
    accepted = "accepted"
    scheduled = "scheduled"
    en_route = "en_route"
    on_site = "on_site"
    in_progress = "in_progress"
    awaiting_materials = "awaiting_materials"
    delayed = "delayed"
    no_access = "no_access"
    practically_complete = "practically_complete"
    on_hold = "on_hold"
    incomplete = "incomplete"
    rejected = "rejected"
    complete = "complete"
    cancelled = "cancelled"
    closed = "closed"


PHASE: dict[Status, Phase] = {
    Status.draft:                Phase.open,
    Status.issued:               Phase.open,
    Status.accepted:             Phase.open,
    Status.scheduled:            Phase.open,
    Status.en_route:             Phase.in_progress,
    Status.on_site:              Phase.in_progress,
    Status.in_progress:          Phase.in_progress,
    Status.awaiting_materials:   Phase.in_progress,
    Status.delayed:              Phase.in_progress,
    Status.no_access:            Phase.in_progress,
    Status.practically_complete: Phase.in_progress,
    Status.on_hold:              Phase.on_hold,
    Status.incomplete:           Phase.incomplete,
    Status.rejected:             Phase.incomplete,
    Status.complete:             Phase.complete,
    Status.cancelled:            Phase.ended,
    Status.closed:               Phase.ended,
}  # fmt: skip


class Basis(StrEnum):
    """How we know a row of a table. Only the first two refuse a caller before the vendor is asked."""

    documented = "documented"
    configured = "configured"
    assumed = "assumed"


@record(frozen=True, kw_only=True)
class StatusCode:
    """One row of a backend's status table: a vendor code and what it means here."""

    code: str
    label: str
    status: Status | None
    phase: Phase | None
    master: str | None = None
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    """The last moment at which the code may be used; both ends are inclusive."""
    default: bool = False
    """Chosen when several codes share the status."""
    basis: Basis = Basis.assumed

    @property
    def step(self) -> str:
        """The row of the workflow that this code stands in: its master, or the code itself."""
        return self.master or self.code

    def effective_on(self, at: datetime) -> bool:
        return (self.effective_from is None or self.effective_from <= at) and (
            self.effective_to is None or at <= self.effective_to
        )


@record(frozen=True, kw_only=True)
class Onward:
    """Where one step of a workflow may go: each next step with its basis, and the basis for refusing every other."""

    next: Mapping[str, Basis]
    others: Basis


@record(frozen=True, kw_only=True)
class Verdict:
    """Whether one status may follow another, and how sure we are."""

    allowed: bool
    basis: Basis

    @property
    def certain(self) -> bool:
        return self.basis is not Basis.assumed


@record(frozen=True, kw_only=True)
class Workflow:
    """Which step may follow which, as the vendor's documents and the client's configuration say.

    `within` is the basis for moving between two codes of one step. `terminal` steps end the order for the contractor.
    `settable` are the steps that we can set at all; None: every one.
    """

    steps: Mapping[str, Onward]
    terminal: frozenset[str]
    within: Basis
    same_code_refused: bool
    settable: frozenset[str] | None = None

    def verdict(self, was: StatusCode, to: StatusCode) -> Verdict:
        row = self.steps.get(was.step)
        if row is None:
            return Verdict(allowed=True, basis=Basis.assumed)
        if was.code != to.code and was.step == to.step and was.step not in self.terminal:
            return Verdict(allowed=True, basis=self.within)
        basis = row.next.get(to.step)
        if basis is not None:
            return Verdict(allowed=True, basis=basis)
        return Verdict(allowed=False, basis=row.others)

    def with_configured(self, moves: Mapping[str, Iterable[str]]) -> Workflow:
        """The same workflow with the client's own rows, which replace ours whole."""
        rows = {
            step: Onward(next=dict.fromkeys(allowed, Basis.configured), others=Basis.configured)
            for step, allowed in moves.items()
        }
        return Workflow(
            steps={**self.steps, **rows},
            terminal=self.terminal,
            within=self.within,
            same_code_refused=self.same_code_refused,
            settable=self.settable,
        )


@record(frozen=True, kw_only=True)
class StatusTable:
    """A backend's codes and workflow: the only place that turns our status into a vendor code and back."""

    rows: tuple[StatusCode, ...]
    workflow: Workflow
    by_code: Mapping[str, StatusCode] = field(init=False)
    ended_codes: frozenset[str] = field(init=False)
    """The codes at which an order takes no further update from a contractor."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {row.code: row for row in self.rows})
        object.__setattr__(self, "ended_codes", frozenset(row.code for row in self.rows if self.ended(row)))

    def choose(self, *, status: Status | None, vendor_code: str | None, at: datetime) -> StatusCode:
        """The row that a caller means, effective at `at`.

        Raises StatusTableMissing, StatusUnknown, StatusNotEffective or VendorCodeRequired.
        """
        if not self.rows:
            raise StatusTableMissing("This backend has no status table yet.")
        named = [row for row in self.rows if _matches(row, status=status, vendor_code=vendor_code)]
        if not named:
            raise _unknown(status=status, vendor_code=vendor_code)
        effective = [row for row in named if row.effective_on(at)]
        if not effective:
            raise StatusNotEffective(
                f"{named[0].label!r} (vendor code {named[0].code}) is not in effect at that time.",
                pointer="/occurred_at",
            )
        if len(effective) == 1:
            return effective[0]
        defaults = [row for row in effective if row.default]
        if len(defaults) == 1:
            return defaults[0]
        raise VendorCodeRequired(
            "Several vendor codes share this status and none of them is the default; name one in vendor_code.",
            pointer="/vendor_code",
            vendor_codes=[{"code": row.code, "label": row.label} for row in effective],
        )

    def onward(self, was: StatusCode | None, *, at: datetime) -> list[tuple[StatusCode, Verdict]]:
        """Every code that is in effect at `at`, with whether it may follow `was`."""
        return [(row, self.verdict(was, row)) for row in self.rows if row.effective_on(at)]

    def verdict(self, was: StatusCode | None, to: StatusCode) -> Verdict:
        """Whether `to` may follow `was`; a repeat of the same code only where the vendor takes one."""
        if was is None:
            return Verdict(allowed=True, basis=Basis.assumed)
        if was.code == to.code and was.step not in self.workflow.terminal:
            refused = self.workflow.same_code_refused
            return Verdict(allowed=not refused, basis=Basis.documented if refused else self.workflow.within)
        return self.workflow.verdict(was, to)

    def settable(self, code: StatusCode) -> bool:
        """Whether the vendor's interface can set this code; others are only ever seen."""
        return self.workflow.settable is None or code.step in self.workflow.settable

    def ended(self, code: StatusCode | None) -> bool:
        """Whether an order at this code takes no further update from a contractor."""
        return code is not None and code.step in self.workflow.terminal


def _matches(row: StatusCode, *, status: Status | None, vendor_code: str | None) -> bool:
    if vendor_code is not None and row.code != vendor_code:
        return False
    return status is None or row.status is status


def _unknown(*, status: Status | None, vendor_code: str | None) -> StatusUnknown:
    if vendor_code is None:
        return StatusUnknown(f"No vendor code of this backend stands for {status!s}.", pointer="/status")
    if status is None:
        return StatusUnknown("This backend's status table has no such vendor code.", pointer="/vendor_code")
    return StatusUnknown("That vendor code does not stand for that status.", pointer="/vendor_code")
