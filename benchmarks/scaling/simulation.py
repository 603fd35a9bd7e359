"""A part of a day, or all of it, as a discrete-event simulation in virtual time: every update by itself.

An update is accepted by a gateway of its backend's group (CPU, the database's cores, a commit). It waits for those ahead of it
in its order's queue and for a place at its backend; if it had to wait, a worker begins it. The vendor takes its time, and the
answer is settled. Besides, each gateway looks for work for each of its backends once a second, and a round of polling shows the
orders of a backend every `poll_s`, those that were settled since the last one apart. Nothing here knows the model's formulas.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter, deque
from collections.abc import Callable

from benchmarks.scaling.arrivals import outages, requests
from benchmarks.scaling.costs import Costs
from benchmarks.scaling.outlook import Outlook
from benchmarks.scaling.plan import FORGOTTEN, Plan
from benchmarks.scaling.stations import Cores, Cpu, Delays, Disk, Ticks
from benchmarks.scaling.world import Demand, Fleet, Window

ACCEPT, BEGIN, SETTLE = range(3)
"""The steps of an update that a gateway and the database work on."""
COMPUTED, STORED, DURABLE, ANSWERED, DOWN, UP, ROUND, PIECE = range(8)
"""What happens next: a step's computing at the gateway is done, or its statements, or its commit; the vendor has answered; a
vendor is down, or up again; a backend's orders are looked at, and another piece of them is."""
RUN = 20
"""Updates of one order that are taken in a row (`app.delivery.worker.RUN`)."""
PIECE_S, APART_S = 0.005, 0.02
"""A gateway takes in a list in pieces that keep it busy for so long at most, so far apart: the vendor takes its time."""
TOGETHER = 20
"""So many ticks are taken as one by a database that has more than a thousand in a second."""


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


class Piece:
    """A part of a round of polling: so much for a gateway to compute, and for the database to do."""

    __slots__ = ("backend", "computing_s", "process", "storing_s")

    def __init__(self, backend: int, process: int, computing_s: float, storing_s: float) -> None:
        self.backend = backend
        self.process = process
        self.computing_s = computing_s
        self.storing_s = storing_s


class Simulation:
    """One run; `run` may be called once."""

    def __init__(
        self, costs: Costs, demand: Demand, plan: Plan, fleet: Fleet, window: Window, *, seed: int = 1
    ) -> None:
        self.costs, self.demand, self.plan, self.fleet, self.window = costs, demand, plan, fleet, window
        half, db_half = costs.update_cpu_s / 2, costs.db_update_cpu_s / 2
        self._computing = (half, costs.queued_cpu_s, half)
        self._storing = (db_half, costs.db_queued_cpu_s, db_half)
        self._forget_s = costs.db_reap_cpu_s
        self._processes = [Cpu(self._looks(ours)) for ours in self._backends_of_groups() for _ in range(plan.copies)]
        self._databases = [Cores(plan.db_cores, self._db_looks(theirs)) for theirs in self._backends_of_databases()]
        self._disks = [Disk(costs.flush_s) for _ in range(plan.databases)]
        self._answers = [kind.values for kind in fleet.kinds]
        self._taken = [0] * len(fleet)
        self._down = [False] * len(fleet)
        self._settled_since: list[set[int]] = [set() for _ in fleet.shares]
        """Of each backend, the orders that were settled since its last round of polling."""
        self._for_a_place: list[deque[Update]] = [deque() for _ in fleet.shares]
        self._queues: dict[int, deque[Update]] = {}
        """The updates behind the one of an order that is on its way; an order at rest has no entry."""
        self._next: list[tuple[float, int, int, Update | Piece | int]] = []
        self._count = 0
        self._lots = random.Random(seed)
        self._rounds_lots = random.Random(-seed - 1)
        """Its own, so that the same updates come however orders are polled."""
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
        for one in range(len(self.fleet)):
            self._push(self._rounds_lots.random() * self.demand.poll_s, ROUND, one)
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

    def _backends_of_groups(self) -> list[int]:
        """How many backends each group of gateways serves."""
        served = Counter(backend % self.plan.groups for backend in range(len(self.fleet)))
        return [served[group] for group in range(self.plan.groups)]

    def _backends_of_databases(self) -> list[int]:
        stored = Counter(backend % self.plan.databases for backend in range(len(self.fleet)))
        return [stored[database] for database in range(self.plan.databases)]

    def _looks(self, backends: int) -> Ticks:
        """A gateway looks for work: what that costs in a second for a backend, once a second for each."""
        return Ticks(per_s=backends, seconds=self.costs.idle_cpu_s, ends_s=self.window.length_s)

    def _db_looks(self, backends: int) -> Ticks:
        """All gateways that serve its backends look for work in a database."""
        looks = Ticks(per_s=backends * self.plan.copies, seconds=self.costs.db_idle_cpu_s, ends_s=self.window.length_s)
        return looks.together(TOGETHER) if looks.per_s > 1_000 else looks

    def _push(self, at: float, what: int, which: Update | Piece | int) -> None:
        self._count += 1
        heapq.heappush(self._next, (at, self._count, what, which))

    def _visit(self, now: float, update: Update, step: int) -> None:
        update.step = step
        self._push(self._processes[update.process].serve(now, self._computing[step]), COMPUTED, update)

    def _happens(self, now: float, _: int, what: int, which: Update | Piece | int) -> None:
        if isinstance(which, int):
            if what == ROUND:
                self._look_at(now, which)
                return
            self._down[which] = what == DOWN
            if what == UP:
                self._fill(now, which)
            return
        database = which.backend % self.plan.databases
        if isinstance(which, Piece):
            self._processes[which.process].serve(now, which.computing_s)
            self._databases[database].serve(now, which.storing_s)
        elif what == COMPUTED:
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

    def _look_at(self, now: float, backend: int) -> None:
        """A round of polling, by either gateway. The one after the window only shows what the window has left."""
        costs, changed = self.costs, self._settled_since[backend]
        shown, seen = len(changed), 0
        if now <= self.window.length_s:
            seen = self.fleet.orders[backend]
            self._push(now + self.demand.poll_s, ROUND, backend)
        changed.clear()
        computing_s = seen * costs.seen_cpu_s + shown * costs.shown_cpu_s
        storing_s = seen * costs.db_seen_cpu_s + shown * (costs.db_shown_cpu_s + self._forget_s / FORGOTTEN)
        process = backend % self.plan.groups * self.plan.copies + int(self._rounds_lots.random() * self.plan.copies)
        pieces = max(1, math.ceil(max(computing_s, storing_s) / PIECE_S))
        for n in range(pieces):
            self._push(now + n * APART_S, PIECE, Piece(backend, process, computing_s / pieces, storing_s / pieces))

    def _settled(self, now: float, update: Update) -> None:
        """The next update of the order has the place, if there is one; else the next order, if one waits.

        For each update that is settled, the database forgets an old one.
        """
        self._settled_since[update.backend].add(update.order)
        self._databases[update.backend % self.plan.databases].serve(now, self._forget_s)
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
        for process in self._processes:
            process.serve(length_s, 0.0)  # the last of the ticks
        for database in self._databases:
            database.serve(length_s, 0.0)
        worked = sum(one.worked_s for one in self._processes)
        stored = sum(one.worked_s for one in self._databases)
        return Outlook(
            updates=self.updates,
            calls=self._calls_s / length_s,
            gateway_busy=worked / length_s / plan.processes,
            db_busy=stored / length_s / plan.databases / plan.db_cores,
            commit_s=sum(one.waited_s for one in self._disks) / sum(one.commits for one in self._disks),
            delay_mean_s=self.delays.mean_s,
            delay_p90_s=self.delays.quantile(0.9),
            delay_p99_s=self.delays.quantile(0.99),
            delay_p999_s=self.delays.quantile(0.999),
            within_wait=self._in_time / self.updates,
        )
