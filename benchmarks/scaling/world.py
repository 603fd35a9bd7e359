"""What is asked of a large installation: how many backends, orders and updates, when in the day, and how vendors answer."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Self

DAY_S = 86_400.0
HOUR_S = 3_600.0
STEPS = 2_048
"""Into so many equally likely values a distribution of answer times is cut."""
DAY = (
    0.4, 0.3, 0.2, 0.2, 0.3, 0.8, 3.0, 6.5, 9.0, 8.0, 7.5, 7.2,
    6.5, 7.0, 7.2, 7.4, 7.0, 5.5, 4.0, 3.0, 2.5, 2.0, 1.5, 1.0,
)  # fmt: skip
"""How a day's updates lie over its hours: tradespeople begin at eight."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerTime:
    """How long vendors of one kind take for a call, as equally likely `values` in seconds; `share` of all backends have it.

    Model and simulation use the same values, so that both mean the same.
    """

    title: str
    share: float
    values: tuple[float, ...]

    @cached_property
    def mean_s(self) -> float:
        return math.fsum(self.values) / len(self.values)

    @cached_property
    def square_s2(self) -> float:
        """The mean of the squares."""
        return math.fsum(value * value for value in self.values) / len(self.values)

    @classmethod
    def log_normal(cls, title: str, *, share: float, median_s: float, sigma: float) -> Self:
        """As answer times are: few are much longer than most."""
        normal = NormalDist()
        values = (median_s * math.exp(sigma * normal.inv_cdf((n + 0.5) / STEPS)) for n in range(STEPS))
        return cls(title=title, share=share, values=tuple(values))


ANSWERS = (
    AnswerTime.log_normal("quick", share=0.3, median_s=0.12, sigma=0.6),
    AnswerTime.log_normal("usual", share=0.5, median_s=0.35, sigma=0.6),
    AnswerTime.log_normal("slow", share=0.2, median_s=0.8, sigma=0.7),
)
"""Assumed: nobody has measured the vendors' systems here."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """A day. `skew` is the exponent of a Zipf distribution of updates over backends; orders lie over them alike."""

    backends: int = 10_000
    orders: int = 1_000_000
    updates_per_day: float = 50_000_000
    skew: float = 0.6
    day: tuple[float, ...] = DAY
    answers: tuple[AnswerTime, ...] = ANSWERS
    burst_share: float = 0.05
    """So many times the app was without a network, and sends what it had kept:"""
    burst: int = 4
    """so many updates of one order at once."""
    outage_share: float = 0.01
    """Of the backends: those whose vendor is down once in the time that is looked at, for `outage_s`."""
    outage_s: float = HOUR_S
    poll_s: float = 60.0
    wait_s: float = 8.0
    seed: int = 1

    @property
    def per_request(self) -> float:
        """Updates that come at once, on average."""
        return 1 + self.burst_share * (self.burst - 1)

    @property
    def follow(self) -> float:
        """The share of updates that come with others of their order before them."""
        return 1 - 1 / self.per_request

    def per_s(self, hour: int) -> float:
        """Updates in a second of that hour."""
        return self.updates_per_day * self.day[hour] / math.fsum(self.day) / HOUR_S

    def over_day(self, each_s: Callable[[float], float]) -> float:
        """What comes of a day, from what a second has at a rate of updates."""
        return math.fsum(HOUR_S * each_s(self.per_s(hour)) for hour in range(24))

    def shown_per_s(self, per_s: float) -> float:
        """Orders that polling shows as updates of ours left them: each once in a round, however many updates it had."""
        looks_per_s = self.orders / self.poll_s
        return -math.expm1(-per_s / self.per_request / looks_per_s) * looks_per_s

    @property
    def peak_hour(self) -> int:
        return max(range(24), key=self.day.__getitem__)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The part of the day that is looked at, in seconds from midnight."""

    start_s: float = 0.0
    length_s: float = DAY_S

    def slices(self, demand: Demand) -> list[tuple[float, float]]:
        """(seconds, updates per second) of each piece in which the rate stays the same."""
        pieces: list[tuple[float, float]] = []
        at, end = self.start_s, self.start_s + self.length_s
        while at < end - 1e-9:
            until = min(end, (at // HOUR_S + 1) * HOUR_S)
            pieces.append((until - at, demand.per_s(int(at // HOUR_S) % 24)))
            at = until
        return pieces

    @classmethod
    def peak(cls, demand: Demand, *, length_s: float) -> Window:
        """The first part of the busiest hour."""
        return cls(start_s=demand.peak_hour * HOUR_S, length_s=length_s)


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The backends: each one's share of all updates, how many orders it has, and how its vendor answers."""

    shares: Sequence[float]
    orders: Sequence[int]
    kinds: Sequence[AnswerTime]

    @classmethod
    def of(cls, demand: Demand, *, every: int = 1) -> Fleet:
        """All backends, or each `every`-th by size: a sample in which each backend is as busy as among all."""
        weights = [rank**-demand.skew for rank in range(1, demand.backends + 1)]
        whole = math.fsum(weights)
        lots = random.Random(demand.seed)
        kinds = lots.choices(demand.answers, [one.share for one in demand.answers], k=demand.backends)
        chosen = range(every // 2, demand.backends, every)
        return cls(
            shares=[weights[n] / whole for n in chosen],
            orders=[max(1, round(demand.orders * weights[n] / whole)) for n in chosen],
            kinds=[kinds[n] for n in chosen],
        )

    def part_of(self, demand: Demand) -> Demand:
        """What is asked of these backends alone."""
        share = math.fsum(self.shares)
        return replace(
            demand, backends=len(self), orders=sum(self.orders), updates_per_day=demand.updates_per_day * share
        )

    def __len__(self) -> int:
        return len(self.shares)
