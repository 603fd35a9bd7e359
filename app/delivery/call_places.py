"""A backend's places for calls: who may call now, and who waits a moment for one in memory, rather than in the ledger's queues.

A write that has a place when it is accepted costs the ledger half of what one costs that is queued and leased again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

PATIENCE_S = 1.0
"""At most so long is a place waited for. Nothing is accepted yet meanwhile, and nobody is told anything. With half of it, 256
callers went through the queues on a machine that does fewer than 512 updates a second, at a fifth more for each."""
SMOOTHING = 0.1
KEPT_OF = 4
"""While queues wait, one in so many places that come free is kept for them. What comes anew would take each at once, and what
waits would wait for as long as that goes on; but what comes anew costs the ledger half, and so has most of them."""


class CallPlaces:
    """At most `most` calls at once. Places are given out in the order in which they were asked for."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self.behind = True
        """Whether queues of the ledger may be waiting for a place: then some are kept for them."""
        self._freed = 0
        self._kept = False
        """Whether a free place is kept for a queue."""
        self._held_s = 0.0
        """About how long a place is held."""
        self._waiting: deque[asyncio.Future[bool]] = deque()

    @property
    def free(self) -> int:
        return self.most - self.taken

    def take(self) -> bool:
        """Take a place, if one is free that is not kept for a queue."""
        if self.free <= self._kept:
            return False
        self.taken += 1
        return True

    async def wait(self) -> bool:
        """Take the next place that comes free and is not kept for a queue, unless that would take too long."""
        if (len(self._waiting) + 1) * self._held_s / self.most > PATIENCE_S:
            return False
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        patience = loop.call_later(PATIENCE_S, _end, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.give_back()
            raise
        finally:
            patience.cancel()
            if turn.cancelled() or not turn.result():
                with suppress(ValueError):  # a place came free in this very moment: the turn was passed over
                    self._waiting.remove(turn)

    def take_for_queues(self, most: int) -> None:
        """Take this many for queues, the kept one first."""
        self._kept = False
        self.taken += most

    def none_queue(self, *, unless: bool) -> None:
        """No queue waits for a place, `unless` one may have come meanwhile."""
        self.behind, self._kept = unless, False
        self.hand_out()

    def give_back(self) -> None:
        self.taken -= 1
        if self.behind:
            self._freed += 1
            self._kept = self._kept or self._freed % KEPT_OF == 0
        self.hand_out()

    def hand_out(self) -> None:
        """Give free places to those who wait, but for one that is kept for a queue."""
        while self._waiting and self.free > self._kept:
            turn = self._waiting.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(True)

    def was_held(self, seconds: float) -> None:
        self._held_s += SMOOTHING * (seconds - self._held_s)

    def close(self) -> None:
        """Nobody waits any more."""
        for turn in self._waiting:
            _end(turn)


def _end(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)
