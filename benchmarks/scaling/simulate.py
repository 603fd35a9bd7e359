"""The runs of the simulation that the page tells of: each with what the model said of it before."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.scaling.costs import RESULTS, Costs
from benchmarks.scaling.model import predict
from benchmarks.scaling.outlook import Difference, Outlook, differences
from benchmarks.scaling.plan import Plan, plan_for
from benchmarks.scaling.simulation import Simulation
from benchmarks.scaling.world import DAY_S, Demand, Fleet, Window

SIMULATED = RESULTS / "scaling-simulated.json"


@dataclass(frozen=True, kw_only=True)
class Run:
    """`every`: each so-many-th backend only. `length_s`: from the beginning of the busiest hour; a day is the whole day."""

    title: str
    length_s: float
    outage_s: float
    outage_share: float
    every: int = 1


PEAK = Run(
    title="the first 10 minutes of the busiest hour, all backends", length_s=600.0, outage_s=60.0, outage_share=0.02
)
SAMPLE = Run(title="a whole day, each 20th backend", length_s=DAY_S, outage_s=1_800.0, outage_share=0.1, every=20)
WHOLE = Run(title="a whole day, all backends", length_s=DAY_S, outage_s=3_600.0, outage_share=0.02)
TASTE = Run(
    title="five minutes of the busiest hour, each 20th backend",
    length_s=300.0,
    outage_s=10.0,
    outage_share=0.2,
    every=20,
)
"""To see whether it runs."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A run, the installation that it was of, and both outlooks."""

    title: str
    backends: int
    plan: Plan
    took_s: float
    predicted: Outlook
    found: Outlook

    @property
    def differences(self) -> list[Difference]:
        return list(differences(self.predicted, self.found))


def simulate(run: Run, costs: Costs, demand: Demand, *, say: Callable[[str], None]) -> Done:
    """Predict, then simulate; the installation is as large as the model wants it for these backends."""
    demand = replace(demand, outage_s=run.outage_s, outage_share=run.outage_share)
    fleet = Fleet.of(demand, every=run.every)
    window = Window() if run.length_s >= DAY_S else Window.peak(demand, length_s=run.length_s)
    plan = plan_for(costs, fleet.part_of(demand), db_cores=16 if run.every == 1 else 4)
    predicted = predict(costs, demand, plan, fleet, window)
    began = time.monotonic()

    def tell(at: float, updates: int) -> None:
        left_s = (time.monotonic() - began) * (predicted.updates / max(updates, 1) - 1)
        say(f"{run.title}: {at / 60:,.0f} virtual minutes, {updates:,} updates, about {left_s / 60:.0f} min to go")

    found = Simulation(costs, demand, plan, fleet, window).run(tell)
    took_s = time.monotonic() - began
    return Done(title=run.title, backends=len(fleet), plan=plan, took_s=took_s, predicted=predicted, found=found)


def keep(runs: Mapping[str, Done], path: Path = SIMULATED) -> None:
    """Write the runs down; those of an earlier time that were not made now stay."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept |= {name: asdict(done) for name, done in runs.items()}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def kept(path: Path = SIMULATED) -> dict[str, Done]:
    """The runs as they were written down."""
    if not path.exists():
        return {}
    return {
        name: Done(
            **{
                **done,
                "plan": Plan(**done["plan"]),
                "predicted": Outlook(**done["predicted"]),
                "found": Outlook(**done["found"]),
            }
        )
        for name, done in json.loads(path.read_text(encoding="utf-8")).items()
    }


def on_stderr(words: str) -> None:
    """One line that is written over on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{words[:118]:118}", end="", file=sys.stderr, flush=True)
