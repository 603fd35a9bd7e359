"""How long work that is done in parts on the event loop stays out of everybody's way."""

from __future__ import annotations

RESTS = 4
"""A rest is so many times as long as the part before it: the work has a fifth of the loop's time, however slow the machine."""
LEAST_S = 0.001
MOST_S = 0.25
"""A part that took much longer was no work: the process stood still in it, or the machine slept."""


def rest_s(took_s: float) -> float:
    """How long to rest after a part that took so long."""
    return min(max(RESTS * took_s, LEAST_S), MOST_S)
