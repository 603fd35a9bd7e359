"""A health after so many calls."""

from __future__ import annotations

from app.domain.health import Health
from app.domain.times import SECOND

NOW = 1_700_000_000 * SECOND


def calls(*, well: int = 0, failed: int = 0) -> Health:
    """A health after so many calls that all ended now, the good ones first."""
    health = Health()
    for _ in range(well):
        health.well(now=NOW)
    for _ in range(failed):
        health.failed("no answer", now=NOW)
    return health


def opened() -> Health:
    """A breaker that opened now."""
    return calls(failed=20)
