"""What installations of some sizes carry, and what a demand asks of the databases: the tables of the page as numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.delivery.listed import AT_ONCE as TAKEN_TOGETHER
from benchmarks.scaling.costs import Costs
from benchmarks.scaling.ledger import ROUND_WRITES
from benchmarks.scaling.plan import BUSY, FORGOTTEN, db_load, gateway_load
from benchmarks.scaling.theory import disk_busy
from benchmarks.scaling.world import DAY_S, HOUR_S, Demand

FREEZE_AGE = 200_000_000
"""After so many transactions PostgreSQL goes through every table that has rows unfrozen (autovacuum_freeze_max_age)."""
DEAD_SHARE = 0.2
"""Vacuum goes through a table when so much of it is dead (autovacuum_vacuum_scale_factor)."""
ORDER_VERSIONS = 2.0
"""Of the row versions that an update leaves, those of the order, whose table is small."""
ROWS = 4
"""An update's rows: operation, attempt, key, event."""
SHOWN_VERSIONS = 2.0
"""Row versions that an order leaves which polling shows as an update left it: its own, and in the end its event."""
FASTEST = 1e6
"""Updates in a second that no installation takes."""
MONTH = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """An installation: its gateways, how many of them serve a backend, and the database's cores; `sqlite`: a file of its own."""

    title: str
    processes: int
    copies: int
    db_cores: int
    backends: int
    orders: int
    sqlite: bool = False


SITES = (
    Site(
        title="one small machine: one process, SQLite",
        processes=1,
        copies=1,
        db_cores=1,
        backends=50,
        orders=5_000,
        sqlite=True,
    ),
    Site(title="two gateways, PostgreSQL with 4 cores", processes=2, copies=2, db_cores=4, backends=200, orders=20_000),
    Site(
        title="eight gateways in four groups, PostgreSQL with 16 cores",
        processes=8,
        copies=2,
        db_cores=16,
        backends=1_000,
        orders=100_000,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """What a site carries: updates in a second of the busiest hour, in a day, and what that leaves on disk."""

    per_s: float
    per_day: float
    limit: str
    """What is busy first."""
    bytes_per_day: float


def capacity(costs: Costs, site: Site) -> Capacity:
    """With every part at most as busy as it should be.

    SQLite's work is done by the gateway: that of an update is measured with it, all else is taken to cost what PostgreSQL's does.
    """
    demand = Demand(backends=site.backends, orders=site.orders)
    if site.sqlite:
        costs = replace(costs, update_cpu_s=costs.sqlite_update_cpu_s, db_update_cpu_s=0.0)

    def database(per_s: float) -> float:
        return db_load(costs, demand, per_s=per_s, copies=site.copies).cores

    def gateways(per_s: float) -> bool:
        own = database(per_s) if site.sqlite else 0.0
        return gateway_load(costs, demand, per_s=per_s, copies=site.copies).cores + own <= BUSY * site.processes

    def databases(per_s: float) -> bool:
        return site.sqlite or database(per_s) <= BUSY * site.db_cores

    rates = {"gateway CPU": _most(gateways), "database CPU": _most(databases)}
    limit = min(rates, key=rates.__getitem__)
    peak_share = demand.per_s(demand.peak_hour) * HOUR_S / demand.updates_per_day
    per_day = rates[limit] * HOUR_S / peak_share
    return Capacity(per_s=rates[limit], per_day=per_day, limit=limit, bytes_per_day=per_day * costs.operation_bytes)


def _most(can: Callable[[float], bool]) -> float:
    """The highest rate that can be borne, to a millionth of the highest that is asked about."""
    low, high = 0.0, FASTEST
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if can(middle) else (low, middle)
    return low


@dataclass(frozen=True, kw_only=True, slots=True)
class Writes:
    """What a demand asks of its databases, all together, at its peak where that matters."""

    cores: float
    commits_per_s: float
    flushes_per_s: float
    wal_per_s: float
    """Bytes, when hardly a page needs an image."""
    wal_per_s_cold: float
    """Bytes, when every page that an update touches needs one, right after a checkpoint; polling then finds them done."""
    wal_per_day: float
    transactions_per_day: float
    days_to_freeze: float
    dead_rows_per_day: float
    vacuum_per_day: float
    """Bytes of tables and indexes that vacuum goes through: the larger they are, the more rarely."""
    vacuum_cpu_s_per_day: float
    bytes_per_day: float


def writes(costs: Costs, demand: Demand, *, copies: int = 2) -> Writes:
    """The busiest hour's rates, and the day's sums."""
    per_s, seen_per_s = demand.per_s(demand.peak_hour), demand.orders / demand.poll_s
    rounds_per_s = demand.backends / demand.poll_s

    def round_writes_per_s(updates_per_s: float) -> float:
        """What each round writes, and at most so many transactions more for orders that updates have changed."""
        shown = demand.shown_per_s(updates_per_s) / rounds_per_s
        return rounds_per_s * (ROUND_WRITES - math.expm1(-shown) + shown / TAKEN_TOGETHER)

    commits = costs.commits + demand.follow * costs.queued_commits
    wal = costs.wal_bytes + demand.follow * costs.queued_wal_bytes
    polls_wal = seen_per_s * costs.seen_wal_bytes
    shown_wal = demand.shown_per_s(per_s) * costs.shown_wal_bytes
    a_day, shown_a_day = demand.updates_per_day, demand.over_day(demand.shown_per_s)
    rounds_a_day = demand.over_day(round_writes_per_s)
    transactions = a_day * commits + rounds_a_day
    commits_per_s = per_s * commits + round_writes_per_s(per_s)
    row_bytes = (costs.operation_bytes + costs.answer_bytes + costs.key_bytes + costs.event_bytes) / ROWS
    vacuum = a_day * max(0.0, costs.dead_rows - ORDER_VERSIONS) / DEAD_SHARE * row_bytes
    vacuum += shown_a_day / DEAD_SHARE * costs.shown_event_bytes
    return Writes(
        cores=db_load(costs, demand, per_s=per_s, copies=copies).cores,
        commits_per_s=commits_per_s,
        flushes_per_s=disk_busy(per_s=commits_per_s, flush_s=costs.flush_s) / costs.flush_s,
        wal_per_s=per_s * wal + polls_wal + shown_wal,
        wal_per_s_cold=per_s * (wal + costs.wal_images_bytes) + polls_wal + shown_wal,
        wal_per_day=a_day * (wal + costs.reap_wal_bytes)
        + polls_wal * DAY_S
        + shown_a_day * (costs.shown_wal_bytes + costs.reap_wal_bytes / FORGOTTEN),
        transactions_per_day=transactions,
        days_to_freeze=FREEZE_AGE / transactions,
        dead_rows_per_day=a_day * costs.dead_rows + ROUND_WRITES * rounds_per_s * DAY_S + shown_a_day * SHOWN_VERSIONS,
        vacuum_per_day=vacuum,
        vacuum_cpu_s_per_day=vacuum * costs.db_vacuum_cpu_s_per_byte,
        bytes_per_day=a_day * costs.operation_bytes,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Bytes on disk after some days, with the retention that the product has by default."""

    operations: float
    answers_and_keys: float
    events: float
    orders: float

    @property
    def total(self) -> float:
        return self.operations + self.answers_and_keys + self.events + self.orders


def kept(costs: Costs, demand: Demand, *, days: float, key_days: float = 7, event_days: float = 400) -> Kept:
    """Operations and attempts stay; keys, answers and events go in time."""
    a_day, shown_a_day = demand.updates_per_day, demand.over_day(demand.shown_per_s)
    return Kept(
        operations=days * a_day * costs.operation_bytes,
        answers_and_keys=min(days, key_days) * a_day * (costs.answer_bytes + costs.key_bytes),
        events=min(days, event_days) * (a_day * costs.event_bytes + shown_a_day * costs.shown_event_bytes),
        orders=demand.orders * costs.order_bytes,
    )


def days_until(costs: Costs, demand: Demand, size: float) -> int:
    """After how many days the ledger is so large; a hundred years at most."""
    return next(days for days in range(1, 36_500) if days == 36_499 or kept(costs, demand, days=days).total >= size)
