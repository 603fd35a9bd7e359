"""What a run came to: its figures, the floors below which it proves nothing, and the table at the end."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

from tests.chaos.checker import Violation
from tests.chaos.history import History

RESOLVED_SHARE = 0.99
"""Of the lost answers of each vendor, how many need no person (the passing line)."""
FINAL_WITHIN_S = 60.0
"""After the faults stop every operation is final or held within this."""
SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Floors:
    """A run that did less proves nothing, and fails."""

    kills: int = 0
    acknowledged: int = 0
    faults: int = 0
    lost_answers: int = 1
    """At each vendor."""


@dataclass(frozen=True, kw_only=True)
class Lost:
    """One vendor's operations with an attempt whose answer was lost, and how many of them needed a person."""

    answers: int
    held: int

    @property
    def resolved(self) -> float:
        return 1 - self.held / self.answers if self.answers else 1.0


@dataclass(kw_only=True)
class Figures:
    """One run on one store."""

    store: str
    seed: int
    kills: int = 0
    acknowledged: int = 0
    never_answered: int = 0
    operations: int = 0
    effects: int = 0
    holds: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    lost_answers: Mapping[str, Lost] = field(default_factory=dict)
    slowest_to_final_s: float = 0.0
    wall_s: float = 0.0
    violations: Sequence[Violation] = ()
    more: dict[str, float] = field(default_factory=dict)
    """Further figures of a run of another kind: rounds of a race, deaths of a database."""

    def count(self, *rules: str) -> int:
        return sum(one.rule in rules for one in self.violations)

    @property
    def summary(self) -> dict[str, int]:
        """Violations by the words of the passing line."""
        return {
            "lost": self.count("lost", "lost effect", "never ends"),
            "duplicated": self.count("duplicated", "accepted twice", "applied twice"),
            "reordered": self.count("reordered", "overtaken"),
            "sent for a held order": self.count("sent while held"),
            "all violations": len(self.violations),
        }

    def failures(self, floors: Floors) -> list[str]:
        """Why the run does not pass; none: it passes."""
        found = [f"{one.rule}: {one.what}" for one in self.violations[:SHOWN]]
        found += [f"{len(self.violations)} violations in all"] if len(self.violations) > SHOWN else []
        reached = {"kills": self.kills, "acknowledged": self.acknowledged, "faults": sum(self.faults.values())}
        for name, value in reached.items():
            if value < getattr(floors, name):
                found.append(f"below the floor: {value} {name}, not {getattr(floors, name)}")
        for vendor, lost in self.lost_answers.items():
            if lost.answers < floors.lost_answers:
                found.append(f"below the floor: {lost.answers} lost answers at {vendor}, not {floors.lost_answers}")
            if lost.resolved < RESOLVED_SHARE:
                found.append(f"{vendor}: only {lost.resolved:.1%} of {lost.answers} lost answers needed no person")
        if self.slowest_to_final_s > FINAL_WITHIN_S:
            found.append(f"not final or held {FINAL_WITHIN_S:.0f} s after the faults stopped")
        return found


def figures_of(history: History, *, store: str, seed: int, violations: Sequence[Violation]) -> Figures:
    """The figures that the history itself tells."""
    needed_a_person = {one.operation for one in history.events if one.type == "operation.held"}
    lost: dict[str, list[int]] = {}
    for one in history.kept:
        answers = lost.setdefault(one.backend, [0, 0])
        if one.lost_an_answer:
            answers[0] += 1
            answers[1] += one.id in needed_a_person
    return Figures(
        store=store,
        seed=seed,
        acknowledged=sum(call.told != "info" for call in history.calls),
        never_answered=sum(call.told == "info" for call in history.calls),
        operations=len(history.kept),
        effects=len(history.effects),
        holds=len(history.holds),
        lost_answers={vendor: Lost(answers=n, held=held) for vendor, (n, held) in sorted(lost.items())},
        violations=violations,
    )


def table(runs: Sequence[Figures]) -> str:
    """All runs side by side, one line for each figure."""
    columns = [_lines(run) for run in runs]
    names = list(dict.fromkeys(name for column in columns for name in column))
    width = max(len(name) for name in names)
    rows = [f"{name:{width}}  " + "  ".join(f"{column.get(name, '-'):>16}" for column in columns) for name in names]
    return "\n".join(rows)


def _lines(run: Figures) -> dict[str, str]:
    whole = {
        "kills": run.kills,
        "acknowledged": run.acknowledged,
        "never answered": run.never_answered,
        "operations": run.operations,
        "effects": run.effects,
        "holds": run.holds,
        "faults": sum(run.faults.values()),
    }
    lines = {"store": run.store, "seed": str(run.seed), **{name: f"{value:,}" for name, value in whole.items()}}
    lines |= {f"  {kind}": f"{count:,}" for kind, count in sorted(run.faults.items())}
    lines |= {name: f"{count:,}" for name, count in run.summary.items()}
    for vendor, lost in run.lost_answers.items():
        lines[f"no person needed, {vendor}"] = f"{lost.resolved:.2%} of {lost.answers:,}"
    lines |= {name: f"{value:,g}" for name, value in run.more.items()}
    return lines | {"slowest to final": f"{run.slowest_to_final_s:.1f} s", "wall time": f"{run.wall_s:.0f} s"}


def write_json(path: Path, runs: Sequence[Figures], failures: Mapping[str, Sequence[str]]) -> None:
    """The same figures for a machine, with the versions that they were reached with."""
    told = [{**asdict(run), "summary": run.summary, "failures": list(failures.get(run.store, ()))} for run in runs]
    path.write_text(json.dumps({"versions": versions(), "runs": told}, indent=2) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    found = {
        name: version(name) for name in ("fastapi", "uvicorn", "asyncpg", "aiohttp", "httpx", "zeep", "sqlalchemy")
    }
    machine = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "cores": str(os.cpu_count())}
    return {**machine, **found}


def added(faults: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """The faults of all vendors together, by kind."""
    total: Counter[str] = Counter()
    for one in faults.values():
        total.update(one)
    return dict(total)
