"""The figures, in the order of the table: modules with `FIGURES: tuple[Spec, ...]` and `async def measure(lab) -> list[Result]`.

A new module is one more line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from benchmarks.figures.result import Result, Spec
from benchmarks.lab import Lab

MODULES = (
    "benchmarks.figures.status_update",
    "benchmarks.figures.latency",
    "benchmarks.figures.sustained",
    "benchmarks.figures.burst",
    "benchmarks.figures.live_read",
    "benchmarks.figures.long_list",
    "benchmarks.figures.full_ledger",
    "benchmarks.figures.start",
    "benchmarks.figures.two_processes",
)


class Measure(Protocol):
    """Measures every figure of its module, on a lab of its own; raises Fault where that cannot be done.

    Returns what it has not handed over by `lab.keep` before.
    """

    async def __call__(self, lab: Lab) -> list[Result]: ...


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One module's figures, which are measured together."""

    name: str
    specs: Sequence[Spec]
    measure: Measure

    @property
    def names(self) -> frozenset[str]:
        """What it is asked for by: its own name, and that of each of its figures."""
        return frozenset({self.name, *(spec.name for spec in self.specs)})


def all_figures(modules: Sequence[str] = MODULES) -> list[Figures]:
    """Every module of figures, by the last part of its name with dashes."""
    loaded = [(name.rpartition(".")[2].replace("_", "-"), import_module(name)) for name in modules]
    return [Figures(name=name, specs=module.FIGURES, measure=module.measure) for name, module in loaded]
