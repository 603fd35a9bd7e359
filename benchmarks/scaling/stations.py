"""What an update passes in the simulation: a gateway's one CPU, a database's cores, a disk whose flushes are shared."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticks:
    """Small work that comes again and again, whatever else there is: `per_s`, each of so many seconds, until `ends_s`."""

    per_s: float = 0.0
    seconds: float = 0.0
    ends_s: float = 0.0

    def together(self, at_once: int) -> Ticks:
        """The same, so many at a time."""
        return Ticks(per_s=self.per_s / at_once, seconds=self.seconds * at_once, ends_s=self.ends_s)

    def times(self) -> Iterator[float]:
        """When they come; in the end never."""
        at = gap = 1 / self.per_s if self.per_s * self.seconds > 0 else inf
        while at <= self.ends_s:
            yield at
            at += gap
        while True:
            yield inf


NEVER = Ticks()


class Cpu:
    """One processor, first come first served. Called in the order of time; each tick goes before what comes after it."""

    __slots__ = ("_gap_s", "_tick_at", "_ticks", "free_at", "worked_s")

    def __init__(self, ticks: Ticks = NEVER) -> None:
        self.free_at = 0.0
        self.worked_s = 0.0
        self._ticks = ticks
        self._tick_at = next(ticks.times())
        self._gap_s = self._tick_at

    def serve(self, now: float, seconds: float) -> float:
        """Until when the work takes that comes now."""
        if now >= self._tick_at:
            self.tick(now)
        begins = self.free_at if self.free_at > now else now
        self.worked_s += seconds
        self.free_at = begins + seconds
        return self.free_at

    def tick(self, now: float) -> None:
        """Do all ticks that have come by now. They are alike and evenly apart, so that each need not be looked at by itself."""
        first, gap, each = self._tick_at, self._gap_s, self._ticks.seconds
        count = int((min(now, self._ticks.ends_s) - first) / gap) + 1
        last = first + (count - 1) * gap
        self.worked_s += count * each
        self.free_at = max(max(self.free_at, first) + count * each, last + each)
        self._tick_at = last + gap if last + gap <= self._ticks.ends_s else inf


class Cores:
    """Several processors with one queue."""

    __slots__ = ("_free_at", "_tick_at", "_tick_s", "_times", "worked_s")

    def __init__(self, count: int, ticks: Ticks = NEVER) -> None:
        self._free_at = [0.0] * count
        self.worked_s = 0.0
        self._times = ticks.times()
        self._tick_s = ticks.seconds
        self._tick_at = next(self._times)

    def serve(self, now: float, seconds: float) -> float:
        if now >= self._tick_at:
            self.tick(now)
        return self._work(now, seconds)

    def tick(self, now: float) -> None:
        """Do all ticks that have come by now."""
        while self._tick_at <= now:
            self._work(self._tick_at, self._tick_s)
            self._tick_at = next(self._times)

    def _work(self, now: float, seconds: float) -> float:
        first = self._free_at[0]
        done = (first if first > now else now) + seconds
        heapq.heapreplace(self._free_at, done)
        self.worked_s += seconds
        return done


class Disk:
    """Commits wait for a flush that begins after them; all that wait share it."""

    __slots__ = ("_ends_at", "_flush_s", "_wanted", "commits", "waited_s")

    def __init__(self, flush_s: float) -> None:
        self._flush_s = flush_s
        self._ends_at = 0.0
        """When the flush under way ends, or the last one ended."""
        self._wanted = False
        """Whether another follows it at once."""
        self.commits = 0
        self.waited_s = 0.0

    def commit(self, now: float) -> float:
        """When a commit is durable that comes now."""
        if self._wanted and now >= self._ends_at:
            self._ends_at += self._flush_s
            self._wanted = False
        if now >= self._ends_at:
            done = self._ends_at = now + self._flush_s
        else:
            self._wanted = True
            done = self._ends_at + self._flush_s
        self.commits += 1
        self.waited_s += done - now
        return done


class Delays:
    """Delays counted in steps of a millisecond up to a minute, and of a second beyond, up to two days."""

    __slots__ = ("_fine", "_rough", "count", "total_s")

    def __init__(self) -> None:
        self._fine = array("Q", bytes(8 * 60_000))
        self._rough = array("Q", bytes(8 * 172_800))
        self.count = 0
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.total_s += seconds
        if seconds < 60.0:
            self._fine[int(seconds * 1000)] += 1
        else:
            self._rough[min(int(seconds), 172_799)] += 1

    @property
    def mean_s(self) -> float:
        return self.total_s / self.count

    def quantile(self, share: float) -> float:
        """The upper end of the step in which the delay lies that this share does not exceed; 0 within the first."""
        left = share * self.count
        for n, counted in enumerate(self._fine):
            left -= counted
            if left <= 0:
                return 0.0 if n == 0 else (n + 1) / 1000
        for n, counted in enumerate(self._rough):
            left -= counted
            if left <= 0:
                return n + 1.0
        raise AssertionError("a share above one")
