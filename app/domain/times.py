"""Points in time: UTC in our API and our store, the client's own time zone on the vendor's side.

The store keeps microseconds since 1970 as integers, which read the same from SQLite and PostgreSQL.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
"""One second in the store's unit."""
CLOCKS_APART = 60 * SECOND
"""By how much the clocks of two gateways may differ."""


def now_micros() -> int:
    """This host's clock."""
    return time.time_ns() // 1000


def utc_now() -> datetime:
    """The same as an aware datetime."""
    return from_micros(now_micros())


def to_micros(at: datetime) -> int:
    """An aware datetime as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Microseconds since 1970 as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def ahead(stored: int, *, now: int) -> bool:
    """Whether a stored time lies ahead of the clock: it was written before the clock was set back, and says nothing now."""
    return stored > now + CLOCKS_APART


def rfc3339(at: datetime) -> str:
    """An aware datetime as our API writes it: UTC, a trailing Z, fractions only when there are any."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat().removesuffix("+00:00") + "Z"


def rfc3339_micros(micros: int | None) -> str | None:
    """A stored time as our API writes it."""
    if micros is None:
        return None
    seconds, fraction = divmod(micros, SECOND)
    return f"{_whole_second(seconds)}.{fraction:06d}Z" if fraction else f"{_whole_second(seconds)}Z"


@lru_cache(maxsize=4096)
def _whole_second(seconds: int) -> str:
    """Most times that are written lie in the few seconds just past."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat().removesuffix("+00:00")
