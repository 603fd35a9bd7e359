"""What the model counts with: each cost with its unit, where it comes from, and whether the machine was quiet then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from app.domain.json import JsonObject

RESULTS = Path(__file__).parent.parent / "results"
MEASURED = RESULTS / "scaling.json"
MICRO = 1e-6
PARTITIONS = 16


class Source(StrEnum):
    """Where a value comes from."""

    measured = "measured"
    """By `python -m benchmarks.scaling measure`."""
    bench = "bench"
    """By `python -m benchmarks`, from `benchmarks/results/latest.json`."""
    assumed = "assumed"
    """Nobody has measured it here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One cost. `quiet`: nothing else kept the machine busy while it was measured."""

    value: float
    source: Source = Source.assumed
    quiet: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """CPU in seconds of one core, sizes in bytes; "an update" is a status update that is accepted, sent and settled."""

    update_cpu_s: float = 1100 * MICRO
    """The gateway's CPU for an update that goes out at once, the whole stack, on PostgreSQL."""
    sqlite_update_cpu_s: float = 750 * MICRO
    """The same on SQLite."""
    ledger_cpu_s: float = 400 * MICRO
    """The ledger's part of `update_cpu_s`."""
    queued_cpu_s: float = 500 * MICRO
    """What an update that had to wait for its turn costs the gateway more."""
    idle_cpu_s: float = 300 * MICRO
    """A gateway's CPU for one backend at which nothing happens, each second."""
    seen_cpu_s: float = 250 * MICRO
    """The ledger's CPU for one order that a round of polling shows unchanged."""
    shown_cpu_s: float = 400 * MICRO
    """What such an order costs a gateway more when polling shows it as an update of ours left it: read, compared, told."""
    backend_bytes: float = 300_000
    """A gateway's memory for one backend."""
    process_bytes: float = 90_000_000
    """A gateway's memory without any."""
    db_update_cpu_s: float = 500 * MICRO
    """PostgreSQL's CPU for an update, all its processes."""
    db_divided_cpu_s: float = 600 * MICRO
    """The same where the tables are divided by month, into `PARTITIONS` parts."""
    db_queued_cpu_s: float = 500 * MICRO
    """What an update that had to wait costs PostgreSQL more."""
    db_idle_cpu_s: float = 80 * MICRO
    """PostgreSQL's CPU for one backend of one gateway at which nothing happens, each second."""
    db_seen_cpu_s: float = 100 * MICRO
    """PostgreSQL's CPU for one order that a round of polling shows unchanged."""
    db_shown_cpu_s: float = 400 * MICRO
    """What such an order costs PostgreSQL more when polling shows it as an update of ours left it."""
    db_reap_cpu_s: float = 50 * MICRO
    """What it costs PostgreSQL to forget an update's key, stored answer and event in the end."""
    db_vacuum_cpu_s_per_byte: float = 1e-9
    """What vacuum takes to go through a byte of a table and its indexes."""
    dead_rows: float = 7.0
    """Row versions that an update leaves to vacuum, what is forgotten of it in the end included."""
    statements: float = 4.0
    """Statements that an update sends, `BEGIN` and `COMMIT` not counted."""
    commits: float = 2.0
    """Transactions of an update that write."""
    queued_commits: float = 2.0
    """What an update that had to wait writes more."""
    queued_wal_bytes: float = 1_500.0
    """The same in bytes of WAL."""
    wal_bytes: float = 8_000.0
    """An update's WAL without images of whole pages."""
    wal_images_bytes: float = 30_000.0
    """What images of pages add right after a checkpoint, when nearly every page that an update touches needs one."""
    seen_wal_bytes: float = 200.0
    """WAL for one order that a round of polling shows unchanged."""
    shown_wal_bytes: float = 3_000.0
    """What such an order writes more when polling shows it as an update of ours left it: its row, and an event."""
    reap_wal_bytes: float = 800.0
    """WAL for forgetting an update's key, stored answer and event."""
    operation_bytes: float = 1_600.0
    """What stays of an update for good: its operation and its attempt, with their indexes."""
    answer_bytes: float = 400.0
    """Its stored answer, for `answer_days`."""
    key_bytes: float = 400.0
    """Its idempotency key, for `key_days`."""
    event_bytes: float = 500.0
    """Its event, for `event_days`."""
    shown_event_bytes: float = 1_000.0
    """The event that tells what polling saw of an update, for `event_days`."""
    order_bytes: float = 2_000.0
    """An order, with its indexes."""
    flush_s: float = 0.001
    """How long the disk takes to make a commit durable."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All costs with their sources, and the machine. `others`: the share of its CPU that anything else used meanwhile."""

    values: Mapping[str, Value]
    machine: JsonObject = field(default_factory=dict)
    others: float | None = None

    @property
    def costs(self) -> Costs:
        return Costs(**{name: one.value for name, one in self.values.items()})

    @classmethod
    def load(cls, path: Path = MEASURED) -> Self:
        """What was measured last; what nobody has measured is assumed."""
        values = {each.name: Value(value=getattr(Costs(), each.name)) for each in fields(Costs)}
        if not path.exists():
            return cls(values=values)
        document = json.loads(path.read_text(encoding="utf-8"))
        for name, one in document["costs"].items():
            values[name] = Value(value=one["value"], source=Source(one["source"]), quiet=one["quiet"])
        return cls(values=values, machine=document["machine"], others=document["others"])

    def with_values(self, new: Mapping[str, Value]) -> Self:
        return replace(self, values={**self.values, **new})

    def save(self, path: Path = MEASURED) -> None:
        costs = {
            name: {"value": float(f"{one.value:.4g}"), "source": one.source.value, "quiet": one.quiet}
            for name, one in self.values.items()
        }
        document = {"machine": self.machine, "others": self.others, "costs": costs}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
