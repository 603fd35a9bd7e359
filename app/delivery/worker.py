"""The delivery worker of one backend: leases queues that want attention, works on each until it rests, and wakes in time.

Each queue is worked on by one task at a time; different orders never wait for each other, up to the backend's number of
connections. Vendor calls live here and never in a request's own task, so a caller that hangs up loses nothing.
"""

from __future__ import annotations

import asyncio
import math
import time

import structlog

from app.delivery.call_places import CallPlaces
from app.delivery.desk import Desk
from app.delivery.patience import rests
from app.delivery.probing import look_again
from app.delivery.readback import interrupted, verify
from app.delivery.send import attempt, deliver
from app.domain.operations import FINAL, State
from app.domain.times import SECOND, ahead
from app.failpoints import reach
from app.lasting import lasting
from app.ledger import lanes
from app.ledger.clock_steps import set_forward, set_right, set_right_if_ahead
from app.ledger.records import Accepted, Claim, Fenced, Lease, Settled
from app.ledger.server_clock import elapsed_micros
from app.ledger.store import StoreUnavailable
from app.telemetry.at_work import AT_WORK

log = structlog.get_logger(__name__)

POLL_S = 1.0
"""How long the worker sleeps at most: the safety net under wake-ups, and how soon another process's writes are seen."""
STEP = SECOND
"""A clock that gained so much on the time elapsed was set forward."""
ONCE_MORE_S = 5.0
"""After the clock was set back: how long until what was still being written under it is set right too."""
RUN = 20
"""How many writes of one order are taken in a row before others may have the place."""


class BackendWorker:
    """The worker of one backend in this process."""

    def __init__(self, desk: Desk, *, places: int) -> None:
        self._desk = desk
        self._places = CallPlaces(places)
        self._tasks: set[asyncio.Task[bool]] = set()
        self._at_work: dict[str, asyncio.Task[bool]] = {}
        """The task that works on an order's queue, by its number."""
        self._wake = asyncio.Event()
        self._stopping = False
        self._leaving = False
        self._latest: int | None = None
        """What the clock said when the loop last went round."""
        self._elapsed = 0
        """The time elapsed then, which setting a clock does not touch."""
        self._once_more_at = math.inf
        """By the time elapsed: when to look for steps that were begun under a clock that was ahead, and written after."""
        self._loop: asyncio.Task[None] | None = None
        self.beat = time.monotonic()
        """When the loop last went round."""

    def start(self) -> None:
        name = f"delivery {self._desk.backend.name}"
        self._loop = asyncio.create_task(lasting(self._run, what=name), name=name)

    async def stop(self, *, within_s: float) -> None:
        """Lease nothing more, let calls under way end, then cut the rest: each of those becomes unknown."""
        self._stopping = True
        self._places.close()
        self.wake()
        if self._loop is not None:
            await self._loop
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within_s)
            if late:
                reach("F17")
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def leave(self) -> None:
        """Take over nothing more, since others share the store; what requests bring until the end still goes out at once."""
        self._leaving = not self._desk.store.sole_owner

    def wake(self) -> None:
        """A queue may want attention."""
        self._places.behind = True
        self._wake.set()

    async def place(self, *, patient: bool) -> Lease | None:
        """A place and a lease, if a call may go out at once; for a `patient` write also if it soon may."""
        if self._shut():
            return None
        if not self._places.take():
            if not patient or not await self._places.wait():
                return None
            if self._shut():
                self.release()
                return None
        return self._desk.lease()

    def _shut(self) -> bool:
        return self._stopping or self._paused()

    def _paused(self) -> bool:
        return self._desk.backend.health.pause(self._desk.clock()) is not None

    def release(self) -> None:
        self._places.give_back()
        if self._places.behind:
            self._wake.set()

    def hand_over(self, accepted: Accepted) -> None:
        """Send the attempt that acceptance began, in the place reserved for it; or see to the queue soon."""
        if accepted.claim is None:
            self.wake()
        else:
            self._spawn(accepted.claim, accepted)

    def _spawn(self, claim: Claim, accepted: Accepted | None) -> asyncio.Task[bool]:
        began = time.monotonic()
        task = asyncio.create_task(self._work(claim, accepted, after=self._at_work.get(claim.number)))
        self._at_work[claim.number] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(done, claim, began))
        return task

    def _done(self, task: asyncio.Task[bool], claim: Claim, began: float) -> None:
        self._tasks.discard(task)
        if self._at_work.get(claim.number) is task:
            del self._at_work[claim.number]
        self._places.was_held(time.monotonic() - began)
        if task.cancelled() or task.exception() is not None or not task.result():
            self.wake()
        self.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery step failed", backend=self._desk.backend.name, exc_info=error)

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self.beat = time.monotonic()
            try:
                await self._heed_the_clock()
                pause = await self._lease_what_is_due()
            except StoreUnavailable as error:
                log.error("the ledger cannot be reached", backend=self._desk.backend.name, reason=str(error))
                pause = POLL_S
            if pause > 0:
                await self._sleep(pause)

    async def _heed_the_clock(self) -> None:
        """A clock that was ahead and is set right would keep what was put off meanwhile waiting for as long; one that is set
        forward would have the vendor's time to settle over too soon."""
        desk, latest = self._desk, self._latest
        elapsed, now, lease = elapsed_micros(), desk.clock(), desk.lease()
        if latest is None:
            name = desk.backend.name
            await desk.store.write(set_right_if_ahead(name, now=now, over=lease.deadline_at, until=lease.until))
        elif (back := ahead(latest, now=now)) or elapsed >= self._once_more_at:
            if back:
                log.warning("the clock was set back; what waits is looked at now", backend=desk.backend.name)
            await desk.store.write(set_right(desk.backend.name, now=now, over=lease.deadline_at, until=lease.until))
            self._once_more_at = elapsed + round(ONCE_MORE_S * SECOND) if back else math.inf
        if latest is not None and now - latest > elapsed - self._elapsed + STEP:
            log.warning("the clock was set forward; lost answers are waited for anew", backend=desk.backend.name)
            await desk.store.write(set_forward(desk.backend.name, over=lease.deadline_at))
        self._latest, self._elapsed = now, elapsed

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _lease_what_is_due(self) -> float:
        """Start a task for each queue that wants attention and has a place; returns how long to sleep."""
        desk = self._desk
        health, now = desk.backend.health, desk.clock()
        places = self._places
        if self._leaving:
            self._nothing_due()
            return POLL_S
        if not health.admits(now):
            pause = health.pause(now)
            return POLL_S if pause is None or now >= pause.next_try else _seconds_until(pause.next_try, now)
        due = await desk.store.look(lanes.next_ready(desk.backend.name))
        if due is None or due > now:
            self._nothing_due()
            return POLL_S if due is None else _seconds_until(due, now)
        if places.free <= 0:
            places.behind = True  # the next that is kept is for a queue
            return POLL_S
        if not health.admits(now):  # it began to pause meanwhile
            return _seconds_until(now, now)
        trial = health.trying() if health.paused else None
        claims: list[Claim] = []
        most = places.free if trial is None else 1
        places.take_for_queues(most)
        try:
            claims = await desk.store.write(lanes.claim(desk.backend.name, now=now, lease=desk.lease(), most=most))
        finally:
            places.taken -= most - len(claims)
            if trial is not None and not claims:
                trial.over()
        if claims:
            reach("F4")
        for claim in claims:
            task = self._spawn(claim, None)
            if trial is not None:
                task.add_done_callback(trial.done)
        return 0 if claims else _seconds_until(now, now)

    def _nothing_due(self) -> None:
        """No queue waits for a place, unless we were woken again meanwhile."""
        self._places.none_queue(unless=self._wake.is_set())

    async def _work(self, claim: Claim, accepted: Accepted | None, *, after: asyncio.Task[bool] | None) -> bool:
        """Work on one queue until it rests, is stopped, or has had its run. True: nothing of it is left to be done.

        A clock that is set forward ends a lease of ours early: then the call under way (`after`) ends first.
        """
        desk = self._desk
        if after is not None:
            await asyncio.wait([after])
        try:
            settled = await self._first(claim, accepted)
            for _ in range(RUN):
                if settled is None or not settled.more or self._stopping or self._leaving or self._paused():
                    break
                settled = await self._next(claim)
            if settled is not None and settled.more:
                await desk.store.write(lanes.put_back(claim, ready_at=desk.clock()))
            elif settled is not None and settled.operation.state in FINAL:
                return True
        except Fenced:
            log.warning("another worker took the queue over", backend=claim.backend, work_order=claim.number)
        except StoreUnavailable as error:
            log.error("the ledger cannot be reached", backend=claim.backend, reason=str(error))
        return False

    async def _first(self, claim: Claim, accepted: Accepted | None) -> Settled | None:
        if accepted is None:
            return await self._next(claim)
        return await attempt(self._desk, claim, accepted.operation, accepted.order, deadline_at=accepted.deadline_at)

    async def _next(self, claim: Claim) -> Settled | None:
        """One step for the head of the queue; None when the queue rests or was put back."""
        desk = self._desk
        head, known = await desk.store.look(lanes.turn(claim))
        if head is None:
            await desk.store.write(lanes.put_back(claim, ready_at=None))
            return None
        AT_WORK.set(head)
        if head.state is State.queued:
            return None if await rests(desk, claim, head) else await deliver(desk, claim, head, known)
        if head.state is State.sending:
            return await interrupted(desk, claim, head)
        if head.state is State.held:
            await look_again(desk, claim, head)
            return None
        return await verify(desk, claim, head)


def _seconds_until(at: int, now: int) -> float:
    return min(max((at - now) / SECOND, 0.005), POLL_S)
