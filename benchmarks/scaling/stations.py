"""What an update passes in the simulation: a gateway's one CPU, a database's cores, a disk whose flushes are shared."""

from __future__ import annotations

import heapq
from array import array


class Cpu:
    """One processor, first come first served. Called in the order of time."""

    __slots__ = ("free_at", "worked_s")

    def __init__(self) -> None:
        self.free_at = 0.0
        self.worked_s = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """Until when the work takes that comes now."""
        begins = self.free_at if self.free_at > now else now
        self.worked_s += seconds
        self.free_at = begins + seconds
        return self.free_at


class Cores:
    """Several processors with one queue."""

    __slots__ = ("_free_at", "worked_s")

    def __init__(self, count: int) -> None:
        self._free_at = [0.0] * count
        self.worked_s = 0.0

    def serve(self, now: float, seconds: float) -> float:
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
