"""An installation: groups of gateways with a part of the backends each, on databases; and how large it must be for a demand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.ledger.postgres_pool import POOL
from benchmarks.scaling.costs import Costs
from benchmarks.scaling.world import Demand

BUSY = 0.6
"""How busy a process, or the database's cores, may be at the peak: waiting stays short, and one of two may fail at night."""
FORGOTTEN = 3
"""So many things are forgotten of an update in the end: its key, its answer and its event."""
PLACES = 14
"""Connections that writes may hold at a backend with `max_connections = 16`; the model has them once for all copies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """`groups` configurations, each with its share of the backends, and `copies` gateways that serve all of those."""

    groups: int
    copies: int = 2
    databases: int = 1
    db_cores: int = 16
    places: int = PLACES

    @property
    def processes(self) -> int:
        return self.groups * self.copies

    @property
    def sessions(self) -> int:
        """Connections to all databases: each process has a pool, one for notices, and hears nothing else."""
        return self.processes * (POOL + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Cores that are busy with each kind of work."""

    updates: float
    polls: float
    """Orders that a round of polling shows as they were."""
    shown: float
    """Orders that a round of polling shows as an update of ours left them."""
    idle: float
    """Looking whether there is anything to do, for each backend at each gateway that serves it."""
    forgetting: float = 0.0

    @property
    def aside(self) -> float:
        """What is done besides, in small pieces between the others."""
        return self.polls + self.shown + self.idle + self.forgetting

    @property
    def cores(self) -> float:
        return self.updates + self.aside


def gateway_load(costs: Costs, demand: Demand, *, per_s: float, copies: int) -> Load:
    """All gateways together. Updates that follow others of their burst are begun by a worker."""
    return Load(
        updates=per_s * (costs.update_cpu_s + demand.follow * costs.queued_cpu_s),
        polls=demand.orders / demand.poll_s * costs.seen_cpu_s,
        shown=demand.shown_per_s(per_s) * costs.shown_cpu_s,
        idle=demand.backends * copies * costs.idle_cpu_s,
    )


def db_load(costs: Costs, demand: Demand, *, per_s: float, copies: int) -> Load:
    """All databases together. A key, an answer and an event are forgotten of an update; of what polling shows, an event."""
    shown_per_s = demand.shown_per_s(per_s)
    return Load(
        updates=per_s * (costs.db_update_cpu_s + demand.follow * costs.db_queued_cpu_s),
        polls=demand.orders / demand.poll_s * costs.db_seen_cpu_s,
        shown=shown_per_s * costs.db_shown_cpu_s,
        idle=demand.backends * copies * costs.db_idle_cpu_s,
        forgetting=(per_s + shown_per_s / FORGOTTEN) * costs.db_reap_cpu_s,
    )


def plan_for(costs: Costs, demand: Demand, *, copies: int = 2, db_cores: int = 16) -> Plan:
    """The smallest installation that is not busier than it should be in the busiest hour."""
    per_s = demand.per_s(demand.peak_hour)
    gateways = gateway_load(costs, demand, per_s=per_s, copies=copies).cores / BUSY
    databases = db_load(costs, demand, per_s=per_s, copies=copies).cores / BUSY
    return Plan(
        groups=max(1, math.ceil(gateways / copies)),
        copies=copies,
        databases=max(1, math.ceil(databases / db_cores)),
        db_cores=db_cores,
    )
