"""The calls to a backend in the last half minute, and whether too many of them failed. Pure; the clock is the caller's."""

from __future__ import annotations

from collections import Counter, deque

from app.domain.record import record
from app.domain.times import SECOND, ahead

WINDOW_S = 30.0
FEWEST_CALLS = 20
"""Fewer calls than these say nothing of a share."""
SHARE = 0.5
MOST_OF_ONE = 5
"""How many failed calls about one order count."""


@record(frozen=True, kw_only=True, slots=True)
class _Call:
    at: int
    failed: bool
    order: str | None


class RecentCalls:
    """One backend's. Of an order whose calls fail again and again few count: what is wrong with it says little of others."""

    def __init__(self) -> None:
        self._calls: deque[_Call] = deque()
        self._failures = 0
        self._of_order: Counter[str] = Counter()
        """Failed calls that count, by their order."""

    def add(self, *, now: int, failed: bool, order: str | None = None) -> None:
        """A call that ended now; `order` is the one that it was about."""
        self._drop(now)
        if failed and order is not None:
            if self._of_order[order] >= MOST_OF_ONE:
                return
            self._of_order[order] += 1
        self._calls.append(_Call(at=now, failed=failed, order=order))
        self._failures += failed

    def too_many_failed(self, now: int) -> bool:
        """At least twenty calls, and at least half of them failed."""
        self._drop(now)
        return len(self._calls) >= FEWEST_CALLS and self._failures >= SHARE * len(self._calls)

    def in_words(self) -> str:
        return f"{self._failures} of the last {len(self._calls)} calls failed"

    def clear(self) -> None:
        self._calls.clear()
        self._of_order.clear()
        self._failures = 0

    def _drop(self, now: int) -> None:
        """Forget what is older than the window, and everything when the clock was set back."""
        if self._calls and ahead(self._calls[-1].at, now=now):
            self.clear()
        oldest = now - round(WINDOW_S * SECOND)
        while self._calls and self._calls[0].at <= oldest:
            call = self._calls.popleft()
            self._failures -= call.failed
            if call.failed and call.order is not None:
                self._of_order[call.order] -= 1
                if not self._of_order[call.order]:
                    del self._of_order[call.order]
