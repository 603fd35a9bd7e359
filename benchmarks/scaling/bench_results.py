"""The gateway's own CPU for an update, from the figures of `python -m benchmarks`, where they have been measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.domain.json import JsonValue
from benchmarks import record
from benchmarks.scaling.costs import MICRO, Source, Value

NAMES = {"sqlite_update_cpu_s": "Orderbridge on SQLite", "update_cpu_s": "Orderbridge on PostgreSQL"}
"""Each cost, and how the figures call the contestant that has it."""
LONG_ENOUGH_S = 30.0


def gateway_cpu(path: Path = record.LATEST) -> dict[str, Value]:
    """What the figures tell of `NAMES`; nothing where there are none yet. A quick run's are not counted as quiet."""
    found: dict[str, Value] = {}
    for entry in record.read(path):
        detail, run = entry.get("detail"), entry.get("run")
        cpu_us = detail.get("cpu_us") if isinstance(detail, Mapping) else None
        if not str(entry["figure"]).startswith("status-update") or not isinstance(cpu_us, Mapping):
            continue
        for name, contestant in NAMES.items():
            value = cpu_us.get(contestant)
            if isinstance(value, int | float):
                found[name] = Value(value=value * MICRO, source=Source.bench, quiet=_long(run))
    return found


def _long(run: JsonValue) -> bool:
    seconds = run.get("seconds") if isinstance(run, Mapping) else None
    return isinstance(seconds, int | float) and seconds >= LONG_ENOUGH_S
