"""What is said of a window of the day, by the model before it and by the simulation after it, and how far they may differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """Shares are of one; times in seconds. A delay is from an update's acceptance to the beginning of its call."""

    updates: float
    calls: float
    """Calls to vendors under way at a time, on average."""
    gateway_busy: float
    """How busy a gateway process is, on average."""
    db_busy: float
    """How busy the database's cores are."""
    commit_s: float
    """Until a commit is durable, on average."""
    delay_mean_s: float
    delay_p90_s: float
    delay_p99_s: float
    delay_p999_s: float
    within_wait: float
    """The share that is applied within `wait_s`, and so answered 201."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tolerance:
    """How far two numbers may be apart: so much of the larger one, or so much in their own unit."""

    relative: float = 0.0
    absolute: float = 0.0

    def allows(self, one: float, other: float) -> bool:
        return abs(one - other) <= max(self.absolute, self.relative * max(abs(one), abs(other)))


TOLERANCES = {
    "updates": Tolerance(relative=0.02),
    "calls": Tolerance(relative=0.05),
    "gateway_busy": Tolerance(relative=0.03),
    "db_busy": Tolerance(relative=0.03),
    "commit_s": Tolerance(relative=0.10),
    "delay_mean_s": Tolerance(relative=0.20, absolute=0.005),
    "delay_p90_s": Tolerance(relative=0.15, absolute=0.020),
    "delay_p99_s": Tolerance(relative=0.20, absolute=0.050),
    "delay_p999_s": Tolerance(relative=0.35, absolute=0.200),
    "within_wait": Tolerance(absolute=0.005),
}
"""Sums and means agree closely; the rarer a delay, the more it depends on the few busiest backends and on chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One number of both, and whether they agree."""

    name: str
    predicted: float
    found: float
    agrees: bool


def differences(predicted: Outlook, found: Outlook) -> Iterator[Difference]:
    """Every number of the outlook, side by side."""
    for each in fields(Outlook):
        one, other = getattr(predicted, each.name), getattr(found, each.name)
        agrees = TOLERANCES[each.name].allows(one, other)
        yield Difference(name=each.name, predicted=one, found=other, agrees=agrees)
