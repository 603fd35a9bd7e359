"""`results/latest.json`: a list of `{figure, target, measured, holds}` and more, in the table's order; and about the machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from app.domain.json import JsonObject, JsonValue
from benchmarks.disk import file_system, folder_on_disk, fsync_ms
from benchmarks.figures.result import Result
from benchmarks.lab import Plan
from benchmarks.processes import ROOT

LATEST = ROOT / "benchmarks" / "results" / "latest.json"


def machine() -> dict[str, JsonValue]:
    """What the figures depend on: processors, Python, the disk's file system and how long it takes to keep 4 KiB (fsync)."""
    folder = folder_on_disk()
    names = [line.partition(":")[2].strip() for line in _cpu_info() if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "disk": file_system(folder),
        "fsync_ms": round(fsync_ms(folder), 3),
    }


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def run_facts(plan: Plan, about: JsonObject) -> dict[str, JsonValue]:
    """What is written down with each figure of a run: when, on what, how."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": plan.seconds,
        "rounds": plan.rounds,
        "quick": plan.quick,
        "machine": about,
    }


class NotKept(Exception):
    """The file cannot be read or written."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run has `found` so far, all of it kept: what ends the run early takes nothing along."""

    into: Path | None
    """None keeps nothing."""
    facts: JsonObject
    order: Sequence[str]
    found: list[Result] = field(default_factory=list)

    def keep(self, results: Sequence[Result]) -> None:
        """Raises NotKept; the results are among those found all the same."""
        self.found.extend(results)
        try:
            if self.into is not None:
                write(self.into, results, self.facts, order=self.order)
        except (OSError, ValueError) as error:
            raise NotKept(f"nothing can be kept in {self.into}: {error}") from error


def write(path: Path, results: Sequence[Result], facts: JsonObject, *, order: Sequence[str]) -> None:
    """Put the results in; figures that were not measured now stay as they are. Those that there are no more go."""
    kept = {str(entry["figure"]): entry for entry in read(path)}
    for result in results:
        kept[result.spec.name] = {**result.as_json(), "run": facts}
    entries = [kept[name] for name in order if name in kept]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)


def read(path: Path = LATEST) -> list[Mapping[str, JsonValue]]:
    """The entries of an earlier run; none where there was none. Raises ValueError where the file has something else."""
    if not path.exists():
        return []
    entries = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(entries, list) or not all(isinstance(one, dict) and "figure" in one for one in entries):
        raise ValueError("this is no list of figures")
    return entries
