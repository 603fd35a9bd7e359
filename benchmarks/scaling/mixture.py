"""Delays of many kinds of updates mixed: how many wait longer than a time, and the time that so many do not exceed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist

from benchmarks.scaling.theory import Wait

_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """A sum of log-normal times, taken as log-normal with the same mean and variance (Fenton and Wilkinson)."""

    mean_s: float
    variance_s2: float

    def beyond(self, seconds: float) -> float:
        if seconds <= 0:
            return 1.0
        spread = math.log1p(self.variance_s2 / self.mean_s**2)
        centre = math.log(self.mean_s) - spread / 2
        return 1 - _NORMAL.cdf((math.log(seconds) - centre) / math.sqrt(spread))


@dataclass(frozen=True, kw_only=True, slots=True)
class Between:
    """Any time between two, equally likely."""

    low_s: float
    high_s: float

    @property
    def mean_s(self) -> float:
        return (self.low_s + self.high_s) / 2

    def beyond(self, seconds: float) -> float:
        if self.high_s <= self.low_s:
            return float(seconds < self.low_s)
        return min(1.0, max(0.0, (self.high_s - seconds) / (self.high_s - self.low_s)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """So many updates that wait for a place, and then for those ahead of them in their own order's queue."""

    updates: float
    place: Wait | Between
    behind: Sum | None = None

    @property
    def mean_s(self) -> float:
        place = self.place.share * self.place.mean_s if isinstance(self.place, Wait) else self.place.mean_s
        return place + (self.behind.mean_s if self.behind is not None else 0.0)

    def beyond(self, seconds: float) -> float:
        """The longer of the two stands for their sum: both are seldom long at once."""
        place = self.place.beyond(seconds)
        behind = 0.0 if self.behind is None else self.behind.beyond(seconds)
        return place + behind - place * behind


NEVER = 1e-5
"""A share that is as good as none."""


@dataclass(kw_only=True)
class Mixture:
    """Parts, added one by one; those that find a place at once are gathered by what is ahead of them."""

    updates: float = 0.0
    waited_s: float = 0.0
    _waiting: list[Part] = field(default_factory=list)
    _alike: dict[Sum | None, float] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        self.updates += part.updates
        self.waited_s += part.updates * part.mean_s
        if part.place.beyond(0.0) > NEVER:
            self._waiting.append(part)
        else:
            self._alike[part.behind] = self._alike.get(part.behind, 0.0) + part.updates

    def take_in(self, other: Mixture) -> None:
        """All of another mixture."""
        self.updates += other.updates
        self.waited_s += other.waited_s
        self._waiting += other._waiting
        for ahead, count in other._alike.items():
            self._alike[ahead] = self._alike.get(ahead, 0.0) + count

    @property
    def mean_s(self) -> float:
        return self.waited_s / self.updates

    def beyond(self, seconds: float) -> float:
        """The share of all updates that wait longer."""
        waiting = math.fsum(part.updates * part.beyond(seconds) for part in self._waiting)
        behind = math.fsum(count * ahead.beyond(seconds) for ahead, count in self._alike.items() if ahead is not None)
        return (waiting + behind) / self.updates

    def quantile(self, share: float) -> float:
        """The time that this share of all updates does not exceed, to a thousandth of itself."""
        low, high = 0.0, 1e-3
        if self.beyond(0.0) <= 1 - share:
            return 0.0
        while self.beyond(high) > 1 - share:
            low, high = high, 2 * high
        while high - low > high / 1_000:
            middle = (low + high) / 2
            low, high = (middle, high) if self.beyond(middle) > 1 - share else (low, middle)
        return high
