"""Requests in virtual time: when each comes, for which backend and order, and how many updates it brings."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate

from benchmarks.scaling.world import Demand, Fleet, Window


def requests(
    demand: Demand, fleet: Fleet, window: Window, lots: random.Random
) -> Iterator[tuple[float, int, int, int]]:
    """(seconds since the window began, backend, order, updates): a Poisson process whose rate follows the day."""
    part = fleet.part_of(demand)
    bounds = list(accumulate(fleet.shares))
    whole = bounds[-1]
    firsts = [0, *accumulate(fleet.orders)]
    draw, gap = lots.random, lots.expovariate
    ends = 0.0
    for length, per_s in window.slices(part):
        at, ends = ends, ends + length
        rate = per_s / demand.per_request
        at += gap(rate)
        while at < ends:
            backend = min(bisect(bounds, draw() * whole), len(bounds) - 1)
            order = firsts[backend] + int(draw() * fleet.orders[backend])
            yield at, backend, order, demand.burst if draw() < demand.burst_share else 1
            at += gap(rate)


def outages(demand: Demand, fleet: Fleet, window: Window, lots: random.Random) -> Iterator[tuple[float, float, int]]:
    """(since when, until when, backend): of the backends by size each so-many-th is struck, once."""
    passed = lots.random()
    for backend in range(len(fleet)):
        passed += demand.outage_share
        if passed >= 1:
            passed -= 1
            begins = lots.random() * (window.length_s - demand.outage_s)
            yield begins, begins + demand.outage_s, backend
