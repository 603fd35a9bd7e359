"""Plans for single scenes: shorter leases and stops, a process that stands still at one place, a host clock that is wrong.

As in `plan.py` only waits shrink, and each change names what it changes in the process that it is applied in.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from app.api.auth import Authority
from app.delivery import reaper, send, worker
from app.delivery.desk import Desk
from app.delivery.worker import BackendWorker
from app.domain import health
from app.domain.times import SECOND
from app.ledger import retention, server_clock
from app.ledger.records import Lease
from tests.chaos.patching import put, taken
from tests.chaos.plan import Plan

Place = Literal["leased", "intent stored"]


@dataclass(frozen=True, kw_only=True)
class HostClock:
    """A host's clock as it is read: it runs `rate` times as fast as it should, and at each of `steps` (seconds after the
    start) it is set to be so many seconds ahead."""

    rate: float = 1.0
    steps: tuple[tuple[float, float], ...] = ()

    def apply(self) -> None:
        """`time.time`, on which all of the gateway's own times rest; a clock that runs too fast counts elapsed time so too."""
        began, wall_ns, real, elapsed = time.monotonic(), time.time_ns(), time.monotonic, server_clock.elapsed_micros
        booted = elapsed()

        def now_ns() -> int:
            since = real() - began
            ahead = next((by for at, by in reversed(self.steps) if since >= at), 0.0)
            return wall_ns + round((since * self.rate + ahead) * 1e9)

        put(time, "time_ns", now_ns)
        put(time, "time", lambda: now_ns() / 1e9)
        defaults = Authority.__init__.__kwdefaults__
        assert defaults is not None
        assert "clock" in defaults  # the time of tokens, taken from `time` when the module was loaded
        defaults["clock"] = time.time
        put(server_clock, "elapsed_micros", lambda: booted + round((elapsed() - booted) * self.rate))


@dataclass(frozen=True, kw_only=True)
class Staged(Plan):
    """Seconds, unless it says otherwise. Faster than a plan for a run: a scene is over in two or three of them."""

    deadline_s: float = 0.5
    settle_s: float = 0.2
    first_probe_s: float = 0.05
    apart_s: float = 0.1
    lease_margin_s: float = 1.5
    """How much longer than an attempt's deadline its lease is."""
    stop_within_s: float | None = None
    """How long calls under way may take to end after SIGTERM."""
    stands_still: Place | None = None
    """Where the process stops itself with SIGSTOP, the first time that it gets there."""
    clock: HostClock | None = None
    key_life_s: float | None = None
    """How long an idempotency key is kept; it is then looked after all the time."""

    def apply(self) -> None:
        put(health, "OPEN_S", 0.3)  # scenes show one bad answer after the other
        if self.clock is not None:
            self.clock.apply()
        _lease(self.lease_margin_s)
        if self.stop_within_s is not None:
            _stop(self.stop_within_s)
        if self.key_life_s is not None:
            put(retention, "DAY", round(self.key_life_s * SECOND))
            put(reaper, "ROUND_S", 0.1)
        if self.stands_still == "leased":
            _stand_still_when_leased()
        if self.stands_still == "intent stored":
            _stand_still_before_the_call()
        super().apply()

    def document(self, database: str, backends: Any) -> dict[str, Any]:
        document = super().document(database, backends)
        if self.key_life_s is not None:
            document["retention"] = {"key_days": 1, "answer_days": 1}
        return document


def _lease(margin_s: float) -> None:
    def lease(desk: Desk) -> Lease:
        now = desk.clock()
        deadline = now + round(desk.deadline_s * SECOND)
        return Lease(owner=desk.owner, until=deadline + round(margin_s * SECOND), deadline_at=deadline)

    put(Desk, "lease", lease)


def _stop(most_s: float) -> None:
    as_ever = BackendWorker.stop

    async def stop(of: BackendWorker, *, within_s: float) -> None:
        await as_ever(of, within_s=min(within_s, most_s))

    put(BackendWorker, "stop", stop)


def _once() -> Callable[[], None]:
    """Stands still at the first call; the test lets it go on with SIGCONT."""
    left = [None]

    def stand_still() -> None:
        if left:
            left.pop()
            os.kill(os.getpid(), signal.SIGSTOP)

    return stand_still


def _stand_still_when_leased() -> None:
    stand_still, as_ever = _once(), taken(worker, "reach")

    def reach(point: str) -> None:
        if point == "F4":
            stand_still()
        as_ever(point)

    put(worker, "reach", reach)


def _stand_still_before_the_call() -> None:
    """Right after the intent was stored: an update's, whether acceptance or the worker began it."""
    stand_still, as_ever = _once(), send.attempt

    def attempt(*args: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        stand_still()
        return as_ever(*args, **named)

    put(send, "attempt", attempt)
    put(worker, "attempt", attempt)
