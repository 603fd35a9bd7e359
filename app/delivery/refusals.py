"""Why did the vendor refuse? Texts are the client's language, so the order is read and the answer comes from its state."""

from __future__ import annotations

from datetime import datetime

from app.domain.admission import Rules, allowed, late_reason_required
from app.domain.errors import (
    GatewayError,
    OrderEnded,
    StatusUnchanged,
    TransitionNotAllowed,
    VendorRefused,
    VendorSaid,
)
from app.domain.json import JsonObject
from app.domain.statuses import StatusCode
from app.domain.times import rfc3339
from app.domain.work_orders import Observation, status_of


def explain(
    to: StatusCode | None, *, seen: Observation | None, said: VendorSaid, at: datetime, has_reason: bool, rules: Rules
) -> GatewayError:
    """The precise error where the state read after the refusal tells it; else VendorRefused, with what was read."""
    error: GatewayError = VendorRefused("The vendor refused the update.", outcome="refused")
    if seen is not None and to is not None:
        error = _from_state(to, seen, at=at, has_reason=has_reason, rules=rules)
    error.vendor = said
    return with_current(error, seen, rules)


def with_current(error: GatewayError, seen: Observation | None, rules: Rules) -> GatewayError:
    """The refusal with the order as it stands, as far as it could be read."""
    if seen is not None:
        error.members = {**error.members, "current": current(seen, rules)}
    return error


def _from_state(to: StatusCode, seen: Observation, *, at: datetime, has_reason: bool, rules: Rules) -> GatewayError:
    table = rules.table
    was = table.by_code.get(seen.code or "")
    if was is not None and table.ended(was):
        return OrderEnded(f"The order is now {was.label!r} in the vendor's system.", outcome="refused")
    if seen.code == to.code:
        return StatusUnchanged(f"The order is already {to.label!r}.", outcome="refused")
    if was is not None and not table.verdict(was, to).allowed:
        return TransitionNotAllowed(
            f"{to.label!r} may not follow {was.label!r}.",
            pointer="/status",
            outcome="refused",
            allowed=allowed(table, was, at=at),
        )
    if seen.is_late(was, occurred_at=at) and not has_reason:
        return late_reason_required(rules.late_reasons, outcome="refused")
    return VendorRefused("The vendor refused the update; nothing in the order's state explains it.", outcome="refused")


def current(seen: Observation, rules: Rules) -> JsonObject:
    """The order as it stands, as a problem tells it."""
    row = rules.table.by_code.get(seen.code or "")
    return {
        "status": status_of(row),
        "vendor_code": seen.code,
        "operation_id": None,
        "since": None if seen.status_at is None else rfc3339(seen.status_at),
        "source": "vendor",
        "late": seen.is_late(row),
    }
