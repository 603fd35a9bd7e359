"""The tenant's quota of calls in a sliding minute (dossier, section 2.4)."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta

CALLS_PER_MINUTE = 500
MINUTE = timedelta(minutes=1)


class Quota:
    """Counts always, and refuses only where `enforced` says so: a load test of the sandbox is not the vendor's load."""

    def __init__(self) -> None:
        self.enforced: int | None = None
        self._calls: deque[datetime] = deque()

    def take(self, now: datetime) -> int:
        """Counts a call; for one above the quota, which is not counted, the seconds until there is room."""
        while self._calls and self._calls[0] <= now - MINUTE:
            self._calls.popleft()
        if self.enforced is not None and len(self._calls) >= self.enforced:
            oldest = self._calls[len(self._calls) - self.enforced]
            return max(1, math.ceil((oldest + MINUTE - now).total_seconds()))
        self._calls.append(now)
        if len(self._calls) > max(CALLS_PER_MINUTE, self.enforced or 0):
            self._calls.popleft()
        return 0

    def remaining(self) -> int:
        limit = CALLS_PER_MINUTE if self.enforced is None else self.enforced
        return max(0, limit - len(self._calls))
