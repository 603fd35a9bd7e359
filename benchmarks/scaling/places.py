"""One backend in the model: its orders' queues, its places, what they cannot take for a while, and its vendor's outage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.scaling.mixture import Between, Part, Sum
from benchmarks.scaling.theory import Wait, many_servers
from benchmarks.scaling.world import AnswerTime, Demand

STEADY = 0.98
"""A backend hardly gets to the long queues of one busier than this before its hour is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visits:
    """How long each step of an update takes at its gateway and in the database, with the queues there, in seconds."""

    accept_s: float
    begin_s: float
    settle_s: float
    commit_s: float
    gateway_busy: float
    db_busy: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A piece of the window in which updates come at one rate, from all backends together."""

    length_s: float
    per_s: float
    visits: Visits


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """How long a request holds a place: for one call, or for all of a burst, which are made one after the other."""

    mean_s: float
    square_s2: float

    @classmethod
    def of(cls, kind: AnswerTime, demand: Demand, visits: Visits) -> Hold:
        one = kind.mean_s + visits.settle_s
        variance = kind.square_s2 - kind.mean_s**2
        burst = demand.burst * one + (demand.burst - 1) * visits.begin_s
        shares = ((1 - demand.burst_share, one, variance), (demand.burst_share, burst, demand.burst * variance))
        return cls(
            mean_s=sum(share * mean for share, mean, _ in shares),
            square_s2=sum(share * (mean**2 + spread) for share, mean, spread in shares),
        )


def backend(demand: Demand, places: int, kind: AnswerTime, slices: Sequence[Slice], *, share: float) -> Iterator[Part]:
    """The updates of a backend that has so large a share of them all: how many wait for what."""
    window_s = sum(one.length_s for one in slices)
    backlog = 0.0
    for one in slices:
        hold = Hold.of(kind, demand, one.visits)
        comes = one.per_s * share / demand.per_request
        takes = places / hold.mean_s
        busy = comes / takes
        count = one.length_s * comes
        outages = demand.outage_share * one.length_s / window_s
        struck = outages * demand.outage_s * comes
        after = struck * busy / (1 - min(busy, STEADY))
        low, high = busy * demand.outage_s, max(1.0, busy) * demand.outage_s
        pieces: list[tuple[float, Wait | Between]] = [
            (struck, Between(low_s=min(low, demand.outage_s), high_s=high)),
            (after, Between(low_s=0.0, high_s=low)),
        ]
        rest = max(0.0, count - struck - after)
        if backlog > 0 or busy >= 1:
            before, grows = backlog, comes - takes
            backlog = max(0.0, before + grows * one.length_s)
            lasts = one.length_s if backlog > 0 else min(one.length_s, before / -grows)
            pieces.append((rest * lasts / one.length_s, _queue(before / takes, backlog / takes)))
            rest *= 1 - lasts / one.length_s
        pieces.append((rest, _steady(places, hold, comes, one.visits)))
        for requests, place in pieces:
            yield from _updates(demand, kind, one.visits, requests, place)


def _queue(first_s: float, last_s: float) -> Between:
    return Between(low_s=min(first_s, last_s), high_s=max(first_s, last_s))


def _steady(places: int, hold: Hold, comes: float, visits: Visits) -> Wait:
    """M/G/k for requests; whoever has waited is begun by a worker, which is a step more."""
    per_s = min(comes, STEADY * places / hold.mean_s)
    wait = many_servers(places, per_s=per_s, mean_s=hold.mean_s, square_s2=hold.square_s2)
    return Wait(share=wait.share, mean_s=wait.mean_s + visits.begin_s)


def _updates(
    demand: Demand, kind: AnswerTime, visits: Visits, requests: float, place: Wait | Between
) -> Iterator[Part]:
    """The updates of so many requests: each first one, and those that come behind it in a burst."""
    yield Part(updates=requests, place=place)
    for ahead in range(1, demand.burst):
        behind = Sum(
            mean_s=ahead * (kind.mean_s + visits.settle_s + visits.begin_s),
            variance_s2=ahead * (kind.square_s2 - kind.mean_s**2),
        )
        yield Part(updates=requests * demand.burst_share, place=place, behind=behind)
