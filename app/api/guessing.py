"""Failed log-ins, counted in this process, so that guessing a secret is slow: back-off, never a lock-out for good."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW_S = 300
PER_CLIENT_AND_ADDRESS = 10
PER_CLIENT = 100
MAX_COUNTED = 20_000


class Guessing:
    """Counts failures per (client, address) and per client (None for the address) over WINDOW_S. The client need not exist."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str | None], deque[float]] = OrderedDict()

    @property
    def size(self) -> int:
        """How many counters are kept."""
        return len(self._failures)

    def wait_s(self, client_id: str, address: str) -> int:
        """Seconds until this client may try again from this address; 0 for now."""
        now = self._clock()
        waits = [
            self._wait((client_id, address), PER_CLIENT_AND_ADDRESS, now),
            self._wait((client_id, None), PER_CLIENT, now),
        ]
        return max(waits)

    def failed(self, client_id: str, address: str) -> None:
        """Count one failure."""
        now = self._clock()
        for key, most in (((client_id, address), PER_CLIENT_AND_ADDRESS), ((client_id, None), PER_CLIENT)):
            failures = self._failures.setdefault(key, deque(maxlen=most))
            failures.append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_COUNTED:
            self._failures.popitem(last=False)

    def _wait(self, key: tuple[str, str | None], most: int, now: float) -> int:
        failures = self._failures.get(key)
        if failures is None:
            return 0
        while failures and now - failures[0] >= WINDOW_S:
            failures.popleft()
        if len(failures) < most:
            return 0
        return math.ceil(failures[0] + WINDOW_S - now)
