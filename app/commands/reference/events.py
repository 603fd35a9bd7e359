"""docs/events.md: the types of events, with when each is written down and what its `data` holds."""

from __future__ import annotations

from collections.abc import Mapping

from app.commands.reference.markdown import table
from app.domain.events import TYPES

_MOVED = "`previous_state`, `previous_status`, and the `status` and `vendor_status` asked for"
TEXTS: Mapping[str, tuple[str, str]] = {
    "operation.queued":    ("it is certain that the vendor did not apply the write: it is in its queue again", _MOVED),
    "operation.verifying": ("the order is being read to find out", _MOVED),
    "operation.unknown":   ("the vendor's answer was lost", _MOVED),
    "operation.held":      ("a person has to say what became of it", _MOVED),
    "operation.applied":   ("the vendor has it", f"{_MOVED}, `evidence`"),
    "operation.refused":   ("the vendor refused it, or our own checks just before sending did", f"{_MOVED}, `problem`"),
    "operation.skipped":   ("a person left it out", _MOVED),
    "operation.replaced":  ("a person sent another write in its place", _MOVED),
    "operation.cancelled": ("the order ended, or a person cancelled what waited", f"{_MOVED}, `problem`"),
    "work_order.changed":  (
        "the vendor's system shows something new",
        "`was` and `now`: the members that differ; an order seen for the first time has an empty `was`",
    ),
    "work_order.deleted":  ("a write of ours removed the order", "nothing"),
    "work_order.missing":  (
        "the vendor shows an open order no longer, in its list or by its number",
        "`status`, `vendor_status` and `last_seen_at`: what was seen last",
    ),
    "hold.opened":         ("the order's queue stopped", "`hold_id`, `cause`, `detail`"),
    "hold.closed":         (
        "a person said how it goes on",
        "`hold_id`, `resolution`, `reason`, `by`, `evidence`, `made_operation`",
    ),
}  # fmt: skip


def types() -> str:
    """One row for each type that is recorded today."""
    return table(["type", "when", "`data`"], [[f"`{name}`", *TEXTS[name]] for name in TYPES])
