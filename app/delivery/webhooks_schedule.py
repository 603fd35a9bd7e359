"""When a message that was not taken is sent again, and when an endpoint that takes nothing is given up: one table."""

from __future__ import annotations

import random
from dataclasses import dataclass

from app.domain.times import SECOND

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

AGAIN_S = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""After the first try, which is made at once: how long each further one waits. In all, a little more than three days."""
ASK_LATER = frozenset({429, 503})
"""Answers whose Retry-After counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """The table, and its bounds; seconds. Tests run with a shorter one."""

    again_s: tuple[float, ...] = AGAIN_S
    jitter: float = 0.2
    """A wait is longer by up to this part of itself, so that what failed together does not return together."""
    timeout_s: float = 20.0
    """For a whole try: look-up, connection, TLS, request and answer."""
    longest_s: float = DAY
    """Of a Retry-After, for the message that was answered so."""
    pause_s: float = HOUR
    """Of a Retry-After, for the endpoint's other messages."""
    patience_s: float = 5 * DAY
    """How long an endpoint may fail without one success before it is disabled."""

    def next_at(self, *, tries: int, now: int, asked_s: float | None) -> int | None:
        """When to try again after this many tries, microseconds; None when it is enough. `asked_s`: its Retry-After."""
        if tries > len(self.again_s):
            return None
        wait = self.again_s[tries - 1] * (1 + random.random() * self.jitter)
        if asked_s is not None:
            wait = max(wait, min(asked_s, self.longest_s))
        return now + round(wait * SECOND)

    def pause_until(self, *, now: int, asked_s: float | None) -> int:
        """Until when the endpoint is sent nothing at all; 0 where it did not ask."""
        return 0 if asked_s is None else now + round(min(asked_s, self.pause_s) * SECOND)
