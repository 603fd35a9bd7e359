"""May this status update be sent? The checks of docs/delivery.md, run at acceptance and again just before sending.

Pure: it sees the order as the ledger knows it, and either names the vendor code to send, refuses, or asks for a read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain import lateness
from app.domain.errors import (
    CapabilityMissing,
    GatewayError,
    LateReasonRequired,
    OrderBlocked,
    OrderEnded,
    ReasonUnknown,
    StatusUnchanged,
    TransitionNotAllowed,
)
from app.domain.json import JsonObject, JsonValue
from app.domain.record import record
from app.domain.statuses import Basis, Status, StatusCode, StatusTable
from app.domain.times import SECOND, ahead, rfc3339_micros, to_micros
from app.domain.work_orders import status_of

MOST_OPEN = 100
"""How many writes of one order may be open, the one on its way included; more are refused until some have been settled."""


@record(frozen=True, kw_only=True, slots=True)
class OrderView:
    """What the ledger knows of one order when a write for it arrives. Times are microseconds since 1970."""

    number: str
    reference: str | None
    vendor_ids: Mapping[str, str]
    code: str | None
    """The vendor's code as last observed, or as our own confirmed write left it."""
    code_since: int | None
    code_operation: str | None
    """Our operation that set the code, where it was ours."""
    code_tenant: str | None
    late: bool
    target_at: int | None
    observed_at: int | None
    """When the vendor last showed us the order; None: never."""
    projected_code: str | None
    """What the last open update will make of it."""
    projected_operation: str | None
    projected_tenant: str | None
    open_count: int
    blocked_by: str | None
    blocked_tenant: str | None
    held: bool
    recheck: bool
    """A hold was released: the vendor is read before anything is sent."""
    version: int
    fence: int
    lease_until: int


class ReadFirst(Exception):
    """What is known of the order is too old to refuse from, or nothing is known: read the vendor, then ask again."""


@record(frozen=True, kw_only=True)
class Rules:
    """What the checks of one backend stand on."""

    table: StatusTable
    reasons: Mapping[str, str]
    late_reasons: Mapping[str, str]
    fresh_s: float
    rejects_on_hold: bool = False
    """Whether a write for an order that is held is refused, and not kept behind the hold."""
    capabilities: tuple[str, ...] = ()
    """What the backend can do, for a refusal of what it cannot."""


@record(frozen=True, kw_only=True)
class Wanted:
    """A status update as the caller asked for it."""

    tenant: str
    status: Status | None
    vendor_code: str | None
    occurred_at: datetime
    reason_code: str | None
    late_reason: str | None


def chosen_code(wanted: Wanted, rules: Rules) -> StatusCode:
    """The vendor code that the caller means; raises what the status table and the reasons have against it."""
    code = rules.table.choose(status=wanted.status, vendor_code=wanted.vendor_code, at=wanted.occurred_at)
    if not rules.table.settable(code):
        settable = {
            row.status.value for row in rules.table.rows if row.status is not None and rules.table.settable(row)
        }
        raise CapabilityMissing(
            f"This vendor's interface cannot set {code.label!r}.",
            pointer="/status" if wanted.status is not None else "/vendor_code",
            statuses=sorted(settable),
            capabilities=list(rules.capabilities),
        )
    for pointer, word, known in (
        ("/reason_code", wanted.reason_code, rules.reasons),
        ("/late_reason", wanted.late_reason, rules.late_reasons),
    ):
        if word is not None and word not in known:
            raise ReasonUnknown("This backend has no such reason.", pointer=pointer, reasons=sorted(known))
    return code


def refuse_if_held(tenant: str, order: OrderView, rules: Rules) -> None:
    """Raise OrderBlocked for an order that is held, where the backend's setting wants that."""
    if order.held and rules.rejects_on_hold:
        raise _blocked(tenant, order)


def admit(wanted: Wanted, to: StatusCode, order: OrderView, rules: Rules, *, now: int, readable: bool) -> None:
    """Refuse an update that cannot succeed, by what would be true once the updates ahead of it are applied.

    `readable` is False when a read was just tried and failed: then the vendor decides. Raises a GatewayError or ReadFirst.
    """
    refuse_if_held(wanted.tenant, order, rules)
    if order.held:
        return  # what the order will be is not known: the checks are run when the hold is released
    if order.observed_at is None and order.projected_code is None:
        if readable:
            raise ReadFirst
        return
    refusal = _by_status(wanted, to, order, rules)
    if refusal is not None:
        _refuse(
            refusal, sure=order.projected_code is not None or _status_is_known(order, rules, now), readable=readable
        )
    elif _late_without_reason(wanted, order, rules, now):
        # Lateness is the vendor's to know, whoever set the status: only a fresh observation refuses for it.
        _refuse(late_reason_required(rules.late_reasons), sure=_fresh(order, rules, now), readable=readable)


def _refuse(refusal: GatewayError, *, sure: bool, readable: bool) -> None:
    """Refuse from what is known if that is sure; else ask for a read; and if that cannot be had, leave it to the vendor."""
    if sure:
        raise refusal
    if readable:
        raise ReadFirst


def _status_is_known(order: OrderView, rules: Rules, now: int) -> bool:
    """A status may refuse when it was seen lately, or when it is our own confirmed write."""
    return order.code_operation is not None or _fresh(order, rules, now)


def _fresh(order: OrderView, rules: Rules, now: int) -> bool:
    seen_at = order.observed_at
    return seen_at is not None and now - seen_at <= rules.fresh_s * SECOND and not ahead(seen_at, now=now)


def _by_status(wanted: Wanted, to: StatusCode, order: OrderView, rules: Rules) -> GatewayError | None:
    table = rules.table
    code, was = order.projected_code or order.code, present(order, table)
    planned = order.projected_code is not None
    if code == to.code and table.workflow.same_code_refused:
        how = "will be, by an earlier update," if planned else "is already"
        return StatusUnchanged(
            f"The order {how} {to.label!r} (vendor code {to.code}).",
            current=current(order, table, tenant=wanted.tenant),
        )
    if was is not None and table.ended(was):
        how = "will be, by an earlier update," if planned else "is"
        return OrderEnded(
            f"The order {how} {was.label!r} in the vendor's system, and takes no further update.",
            current=current(order, table, tenant=wanted.tenant),
        )
    verdict = table.verdict(was, to)
    if was is not None and not verdict.allowed and verdict.basis is not Basis.assumed:
        return TransitionNotAllowed(
            f"{to.label!r} may not follow {was.label!r}.",
            pointer="/status" if wanted.status is not None else "/vendor_code",
            allowed=allowed(table, was, at=wanted.occurred_at),
            current=current(order, table, tenant=wanted.tenant),
        )
    return None


def _late_without_reason(wanted: Wanted, order: OrderView, rules: Rules, now: int) -> bool:
    """Whether the vendor would miss a late reason; without any configured there is none to ask for."""
    if wanted.late_reason is not None or wanted.reason_code is not None or not rules.late_reasons:
        return False
    return is_late(order, rules.table, now=now, occurred_at=to_micros(wanted.occurred_at))


def present(order: OrderView, table: StatusTable) -> StatusCode | None:
    """The status that the next update finds: what the open ones will leave, or else what was last seen."""
    return table.by_code.get(order.projected_code or order.code or "")


def is_late(order: OrderView, table: StatusTable, *, now: int, occurred_at: int | None = None) -> bool:
    """Whether the order is late now, for an update if one is meant."""
    return lateness.is_late(
        marked=order.late,
        target_at=order.target_at,
        present=present(order, table),
        now=now,
        occurred_at=occurred_at,
    )


def late_reason_required(known: Mapping[str, str], *, outcome: str = "not_sent") -> LateReasonRequired:
    """The refusal that names the late reasons a caller may give."""
    return LateReasonRequired(
        "The order is past its target date; give one of the late reasons.",
        pointer="/late_reason",
        outcome=outcome,
        late_reasons=sorted(known),
    )


def allowed(table: StatusTable, was: StatusCode | None, *, at: datetime) -> list[JsonValue]:
    """The codes that may follow `was`, as a problem lists them."""
    return [
        {"status": status_of(row), "vendor_code": row.code, "label": row.label}
        for row, verdict in table.onward(was, at=at)
        if verdict.allowed
    ]


def current(order: OrderView, table: StatusTable, *, tenant: str) -> JsonObject:
    """Where the order stands, since when, and by whom; another tenant's operation is not named."""
    projected = order.projected_code is not None
    code = order.projected_code if projected else order.code
    operation = order.projected_operation if projected else order.code_operation
    mine = operation is not None and (order.projected_tenant if projected else order.code_tenant) == tenant
    row = table.by_code.get(code) if code is not None else None
    return {
        "status": status_of(row),
        "vendor_code": code,
        "operation_id": operation if mine else None,
        "since": None if projected else rfc3339_micros(order.code_since),
        "source": "operation" if mine else "vendor",
    }


def _blocked(tenant: str, order: OrderView) -> OrderBlocked:
    mine = order.blocked_by if order.blocked_tenant in (tenant, None) else None
    return OrderBlocked("The order is held until a person resolves its hold.", blocked_by=mine)
