"""A part of a day, or all of it, as a discrete-event simulation in virtual time: every update by itself.

An update is accepted by a gateway of its backend's group (CPU, the database's cores, a commit). It waits for those ahead of it
in its order's queue and for a place at its backend; if it had to wait, a worker begins it. The vendor takes its time, and the
answer is settled. Nothing here knows the model's formulas.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable

from benchmarks.scaling.arrivals import outages, requests
from benchmarks.scaling.costs import Costs
from benchmarks.scaling.outlook import Outlook
from benchmarks.scaling.plan import Plan, db_load, gateway_load
from benchmarks.scaling.stations import Cores, Cpu, Delays, Disk
from benchmarks.scaling.world import Demand, Fleet, Window

ACCEPT, BEGIN, SETTLE = range(3)
"""The steps of an update that a gateway and the database work on."""
COMPUTED, STORED, DURABLE, ANSWERED, DOWN, UP = range(6)
"""What happens next: a step's computing at the gateway is done, or its statements, or its commit; the vendor has answered; a
vendor is down, or up again."""
RUN = 20
"""Updates of one order that are taken in a row (`app.delivery.worker.RUN`)."""


class Update:
    """One update under way."""

    __slots__ = ("accepted", "backend", "came", "order", "process", "step", "taken_in_a_row")

    def __init__(self, came: float, backend: int, order: int, process: int) -> None:
        self.came = came
        self.accepted = came
        self.backend = backend
        self.order = order
        self.process = process
        self.step = ACCEPT
        self.taken_in_a_row = 0


class Simulation:
    """One run; `run` may be called once."""

    def __init__(
        self, costs: Costs, demand: Demand, plan: Plan, fleet: Fleet, window: Window, *, seed: int = 1
    ) -> None:
        self.demand, self.plan, self.fleet, self.window = demand, plan, fleet, window
        part = fleet.part_of(demand)
        mean_per_s = sum(length * per_s for length, per_s in window.slices(part)) / window.length_s
        gateway = gateway_load(costs, part, per_s=mean_per_s, copies=plan.copies)
        db = db_load(costs, part, per_s=mean_per_s, copies=plan.copies)
        self._aside = gateway.aside / plan.processes
        self._db_aside = db.aside / (plan.databases * plan.db_cores)
        slower, db_slower = 1 / (1 - self._aside), 1 / (1 - self._db_aside)
        half, db_half = costs.update_cpu_s / 2 * slower, costs.db_update_cpu_s / 2 * db_slower
        self._computing = (half, costs.queued_cpu_s * slower, half)
        self._storing = (db_half, costs.db_queued_cpu_s * db_slower, db_half)
        self._processes = [Cpu() for _ in range(plan.processes)]
        self._databases = [Cores(plan.db_cores) for _ in range(plan.databases)]
        self._disks = [Disk(costs.flush_s) for _ in range(plan.databases)]
        self._answers = [kind.values for kind in fleet.kinds]
        self._taken = [0] * len(fleet)
        self._down = [False] * len(fleet)
        self._for_a_place: list[deque[Update]] = [deque() for _ in fleet.shares]
        self._queues: dict[int, deque[Update]] = {}
        """The updates behind the one of an order that is on its way; an order at rest has no entry."""
        self._next: list[tuple[float, int, int, Update | int]] = []
        self._count = 0
        self._lots = random.Random(seed)
        self._calls_s = 0.0
        self._in_time = 0
        self.delays = Delays()
        self.updates = 0

    def run(self, tell: Callable[[float, int], None] = lambda at, updates: None) -> Outlook:
        """The window, and after it whatever is not settled yet. `tell` hears every virtual minute how far it is."""
        lots, plan, coming = self._lots, self.plan, self._next
        for begins, ends, struck in outages(self.demand, self.fleet, self.window, lots):
            self._push(begins, DOWN, struck)
            self._push(ends, UP, struck)
        told = 0.0
        for at, backend, order, together in requests(self.demand, self.fleet, self.window, lots):
            while coming and coming[0][0] <= at:
                self._happens(*heapq.heappop(coming))
            first = backend % plan.groups * plan.copies
            for _ in range(together):
                update = Update(at, backend, order, first + int(lots.random() * plan.copies))
                self._visit(at, update, ACCEPT)
            self.updates += together
            if at - told >= 60.0:
                told = at
                tell(at, self.updates)
        while coming:
            self._happens(*heapq.heappop(coming))
        return self._outlook()

    def _push(self, at: float, what: int, which: Update | int) -> None:
        self._count += 1
        heapq.heappush(self._next, (at, self._count, what, which))

    def _visit(self, now: float, update: Update, step: int) -> None:
        update.step = step
        self._push(self._processes[update.process].serve(now, self._computing[step]), COMPUTED, update)

    def _happens(self, now: float, _: int, what: int, which: Update | int) -> None:
        if isinstance(which, int):
            self._down[which] = what == DOWN
            if what == UP:
                self._fill(now, which)
            return
        database = which.backend % self.plan.databases
        if what == COMPUTED:
            self._push(self._databases[database].serve(now, self._storing[which.step]), STORED, which)
        elif what == STORED:
            self._push(self._disks[database].commit(now), DURABLE, which)
        elif what == ANSWERED:
            self._visit(now, which, SETTLE)
        elif which.step == ACCEPT:
            self._accepted(now, which)
        elif which.step == BEGIN:
            self._call(now, which)
        else:
            self._settled(now, which)

    def _accepted(self, now: float, update: Update) -> None:
        update.accepted = now
        behind = self._queues.get(update.order)
        if behind is not None:
            behind.append(update)
            return
        self._queues[update.order] = deque()
        backend = update.backend
        if self._down[backend] or self._taken[backend] >= self.plan.places:
            self._for_a_place[backend].append(update)
        else:
            self._taken[backend] += 1
            self._call(now, update)

    def _call(self, now: float, update: Update) -> None:
        self.delays.add(now - update.accepted)
        answers = self._answers[update.backend]
        takes = answers[int(self._lots.random() * len(answers))]
        self._calls_s += takes
        self._push(now + takes, ANSWERED, update)

    def _settled(self, now: float, update: Update) -> None:
        """The next update of the order has the place, if there is one; else the next order, if one waits."""
        if now - update.came <= self.demand.wait_s:
            self._in_time += 1
        backend, behind = update.backend, self._queues[update.order]
        if not behind:
            del self._queues[update.order]
        elif update.taken_in_a_row < RUN and not self._down[backend]:
            follower = behind.popleft()
            follower.taken_in_a_row = update.taken_in_a_row + 1
            self._visit(now, follower, BEGIN)
            return
        else:
            self._for_a_place[backend].append(behind.popleft())
        self._taken[backend] -= 1
        self._fill(now, backend)

    def _fill(self, now: float, backend: int) -> None:
        """Whoever waits for a place has it, as long as there are any."""
        waiting = self._for_a_place[backend]
        while waiting and not self._down[backend] and self._taken[backend] < self.plan.places:
            self._taken[backend] += 1
            self._visit(now, waiting.popleft(), BEGIN)

    def _outlook(self) -> Outlook:
        plan, length_s = self.plan, self.window.length_s
        worked = sum(one.worked_s for one in self._processes) * (1 - self._aside)
        stored = sum(one.worked_s for one in self._databases) * (1 - self._db_aside)
        return Outlook(
            updates=self.updates,
            calls=self._calls_s / length_s,
            gateway_busy=worked / length_s / plan.processes + self._aside,
            db_busy=stored / length_s / plan.databases / plan.db_cores + self._db_aside,
            commit_s=sum(one.waited_s for one in self._disks) / sum(one.commits for one in self._disks),
            delay_mean_s=self.delays.mean_s,
            delay_p90_s=self.delays.quantile(0.9),
            delay_p99_s=self.delays.quantile(0.99),
            delay_p999_s=self.delays.quantile(0.999),
            within_wait=self._in_time / self.updates,
        )
