"""What one process counts, as plain numbers on its one event loop: no lock, no library, about a microsecond a request."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from app.domain.operations import FINAL, Operation

REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
VENDOR_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
"""Seconds: a histogram counts what took at most so long, and in one more place what took longer."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
NO_ROUTE = "none"
"""What a caller may invent is counted under one name: a label for each would grow without end."""


class Histogram:
    """How many took how long."""

    __slots__ = ("bounds", "counts", "total_s")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total_s += seconds


class _Kind:
    """Requests of one method, route and status: how many, and the histogram that they share with other statuses."""

    __slots__ = ("count", "latency")

    def __init__(self, latency: Histogram) -> None:
        self.count = 0
        self.latency = latency


class Tallies:
    """One per gateway. Labels come from the code and the configuration, never from what a caller sends."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str | None, int], _Kind] = {}
        self.request_s: dict[tuple[str, str], Histogram] = {}
        """By method and route."""
        self.calls: dict[tuple[str, str, str], int] = {}
        """Calls to vendors that ended, by backend, call and outcome."""
        self.call_s: dict[tuple[str, str], Histogram] = {}
        """By backend and call."""
        self.running: dict[str, int] = {}
        """Calls to a vendor that are under way, by backend."""
        self.ended: dict[tuple[str, str], int] = {}
        """Operations that this process brought to their end, by backend and state."""

    def request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """A request was answered with `status`; 0: its caller was gone before the answer began. `route` is as declared."""
        kind = self._requests.get((method, route, status))
        if kind is None:
            kind = self._new_kind(method, route, status)
        kind.count += 1
        kind.latency.add(seconds)

    def _new_kind(self, method: str, route: str | None, status: int) -> _Kind:
        if method not in METHODS:
            method = OTHER_METHOD
        if (found := self._requests.get((method, route, status))) is not None:
            return found
        place = (method, route or NO_ROUTE)
        latency = self.request_s.setdefault(place, Histogram(REQUEST_BOUNDS))
        return self._requests.setdefault((method, route, status), _Kind(latency))

    @property
    def requests(self) -> Mapping[tuple[str, str, int], int]:
        """By method, route and status."""
        return {
            (method, route or NO_ROUTE, status): one.count for (method, route, status), one in self._requests.items()
        }

    def call(self, backend: str, call: str, outcome: str, seconds: float) -> None:
        """A call to a vendor ended."""
        place = (backend, call, outcome)
        self.calls[place] = self.calls.get(place, 0) + 1
        latency = self.call_s.get((backend, call))
        if latency is None:
            latency = self.call_s[(backend, call)] = Histogram(VENDOR_BOUNDS)
        latency.add(seconds)

    def finished(self, operation: Operation) -> None:
        """An operation was settled here; it counts if that was its end."""
        if operation.state in FINAL:
            place = (operation.backend, str(operation.state))
            self.ended[place] = self.ended.get(place, 0) + 1
