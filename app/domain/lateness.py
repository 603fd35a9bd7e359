"""Is an order late at the point at which it is updated? Then the vendor may want a late reason with the update."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from app.domain.statuses import Phase, StatusCode

At = TypeVar("At", int, datetime)
"""A point in time: as the store keeps it, or as an adapter reads it."""


def is_late(
    *, marked: bool, target_at: At | None, present: StatusCode | None, now: At, occurred_at: At | None = None
) -> bool:
    """`marked`: the vendor itself calls it late. `present`: the status that the update finds.

    An update that is told afterwards is late by the clock, however long ago it was; one that is told ahead, by its own time.
    """
    if marked:
        return True
    if target_at is None or (present is not None and present.phase is Phase.complete):
        return False  # of a finished order the vendor alone knows whether it was finished in time
    return target_at < (now if occurred_at is None else max(now, occurred_at))
