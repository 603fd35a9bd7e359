"""Wait for what becomes of a write, in this process or another, for as long as it is of use and the caller wants.

Who waits is told at once, by the part of this process that makes the change, or by the notices between processes. Looks at the
database are for what was not told: they are rare, and no two callers' come at the same moment, as thousands may wait at once.
"""

from __future__ import annotations

import asyncio
import random

from app.api.gateway import Gateway
from app.api.prefer import MAX_WAIT_S
from app.domain.operations import FINAL, UNRESOLVED, Operation, State
from app.domain.times import SECOND
from app.ledger.store import StoreUnavailable

LOOK_EACH_S = 4.0
"""How rarely a waiting request looks for itself: a notice of another process may be lost."""
LOOK_ALONE_S = 20.0
"""The same where no other process works, but for what is not resolved: that a person may end by a command beside the gateway,
which is not told here."""
LOOK_SOON_S = 0.1
"""How soon a repeat looks, then twice as late each time: the first request may have gone to another process."""
GLANCE_S = 2.0
"""How often a waiting request sees, without the database, whether its backend has paused for longer than the caller waits."""


async def outcome(gateway: Gateway, operation: Operation, *, until: int, look_first: bool = True) -> Operation:
    """The operation when it is final, when waiting longer is of no use, or when the caller's time is over."""
    if gateway.clock() >= until or _in_vain(gateway, operation, until=until):
        return operation
    watch = _Watch(gateway, operation, until=until, soon=look_first)
    try:
        if look_first:
            operation = await _as_it_stands(gateway, operation)
        while not (watch.over or _in_vain(gateway, operation, until=until)):
            operation = await watch.next(operation)
    finally:
        watch.end()
    return operation


async def told(gateway: Gateway, operation: Operation, *, until: int) -> Operation:
    """The operation once it is final, or held once more, or when the caller's time is over."""
    watch = _Watch(gateway, operation, until=until, soon=False)
    try:
        while not (watch.over or operation.state in FINAL):
            operation = await watch.next(operation)
            if watch.told and operation.state is State.held:
                break
    finally:
        watch.end()
    return operation


class _Watch:
    """One waiting request: what it is told, and when it looks for itself, at a time of its own within each interval."""

    def __init__(self, gateway: Gateway, operation: Operation, *, until: int, soon: bool) -> None:
        self.told = False
        """Whether the last `next` was told, and did not only look."""
        self._gateway = gateway
        self._id = operation.id
        self._loop = asyncio.get_running_loop()
        self._until = until
        left_s = min((until - gateway.clock()) / SECOND, MAX_WAIT_S)
        self._ends_at = self._loop.time() + left_s  # by a clock that nobody sets back
        alone = gateway.store.sole_owner
        self._each_s = LOOK_ALONE_S if alone and operation.state not in UNRESOLVED else LOOK_EACH_S
        self._after_s = LOOK_SOON_S if soon and not alone else self._each_s
        self._look_at = self._next_look()
        self._glance_s = random.uniform(0.75, 1.25) * GLANCE_S
        self._news = gateway.dispatcher.watch(operation.id)

    @property
    def over(self) -> bool:
        """Whether the caller's time is over, by either clock."""
        return self._loop.time() >= self._ends_at or self._gateway.clock() >= self._until

    async def next(self, operation: Operation) -> Operation:
        """As it has become, when that is told. Or as it was, after a while; or as it stands, when it is time to look."""
        pause_s = min(self._glance_s, max(0.0, min(self._ends_at, self._look_at) - self._loop.time()))
        await asyncio.wait((self._news,), timeout=pause_s)  # a pause that is over takes no news away
        self.told = self._news.done()
        if self.told:
            operation = self._news.result()
            self._news = self._gateway.dispatcher.watch(self._id)
            if operation.state in UNRESOLVED and self._each_s > LOOK_EACH_S:
                self._each_s = self._after_s = LOOK_EACH_S
                self._look_at = min(self._look_at, self._next_look())
        elif self.over:
            operation = await _as_it_stands(self._gateway, operation)
        elif self._loop.time() >= self._look_at:
            self._after_s = min(2 * self._after_s, self._each_s)
            self._look_at = self._next_look()
            operation = await _as_it_stands(self._gateway, operation)
        return operation

    def end(self) -> None:
        self._gateway.dispatcher.unwatch(self._id, self._news)

    def _next_look(self) -> float:
        return self._loop.time() + random.uniform(0.5, 1.0) * self._after_s


async def _as_it_stands(gateway: Gateway, operation: Operation) -> Operation:
    """The operation, read again. It was accepted: should our database be away now, the caller still gets its 202."""
    try:
        found = await gateway.looks.at(operation.id)
    except StoreUnavailable:
        return operation
    return operation if found is None else found


def _in_vain(gateway: Gateway, operation: Operation, *, until: int) -> bool:
    """Whether to wait is of no use: it is final, or cannot be before `until`, as its backend pauses or a person has to act."""
    if operation.state in FINAL or operation.state is State.held:
        return True
    if (operation.blocked_by or "").startswith("hold_"):
        return True
    pause = gateway.pause(operation)
    return pause is not None and pause.next_try > until
