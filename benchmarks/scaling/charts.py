"""Two charts of the page: what keeps the cores busy, and how the ledger grows. Drawn with matplotlib."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.charts import STYLE
from benchmarks.scaling.carries import MONTH, Kept, kept
from benchmarks.scaling.costs import Costs
from benchmarks.scaling.plan import Load, db_load, gateway_load
from benchmarks.scaling.world import Demand

mpl.use("Agg")
COLOURS = ("#1f5fa8", "#7aa6d6", "#b5bcc6", "#2e8b57", "#e0a030")
LOADS = {
    "updates": "updates",
    "polls": "polling: orders that are as they were",
    "idle": "looking for work",
    "forgetting": "forgetting",
    "shown": "polling: orders that updates have changed",
}
KEPT = {
    "operations": "operations and attempts",
    "answers_and_keys": "answers and keys, 7 days",
    "events": "events, 400 days",
}
MONTHS = tuple(range(3, 25, 3))
"""After so many months the size is drawn."""


def draw(costs: Costs, demand: Demand, folder: Path) -> dict[str, str]:
    """Draw both into the folder; gives the file names with words for those who do not see them."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, str] = {}
    for name, chart in (("scaling-cores.png", _cores), ("scaling-size.png", _size)):
        with mpl.rc_context(STYLE):  # type: ignore[arg-type]
            figure = Figure(figsize=(8, 3.4), layout="constrained")
            drawn[name] = chart(figure.add_subplot(), costs, demand)
            figure.savefig(folder / name, dpi=160, metadata={"Software": None})
    return drawn


def _cores(axes: Axes, costs: Costs, demand: Demand) -> str:
    per_s = demand.per_s(demand.peak_hour)
    loads: dict[str, Load] = {
        "PostgreSQL": db_load(costs, demand, per_s=per_s, copies=2),
        "gateways": gateway_load(costs, demand, per_s=per_s, copies=2),
    }
    left = [0.0] * len(loads)
    for colour, (name, words) in zip(COLOURS, LOADS.items(), strict=True):
        widths = [float(getattr(load, name)) for load in loads.values()]
        axes.barh(list(loads), widths, left=left, color=colour, height=0.55, label=words)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    title = "Busy cores in the busiest hour of 50 million updates a day"
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=12)
    axes.set_xlabel("cores")
    axes.margins(x=0.06)
    axes.legend(frameon=False, fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    axes.tick_params(length=0)
    return f"{title}: " + "; ".join(
        f"{who} {load.cores:.1f}, of which updates {load.updates:.1f}" for who, load in loads.items()
    )


def _size(axes: Axes, costs: Costs, demand: Demand) -> str:
    sizes: list[Kept] = [kept(costs, demand, days=months * MONTH) for months in MONTHS]
    below = [0.0] * len(MONTHS)
    labels = [str(months) for months in MONTHS]
    for colour, (name, words) in zip(COLOURS, KEPT.items(), strict=False):
        heights = [float(getattr(size, name)) / 1e12 for size in sizes]
        axes.bar(labels, heights, bottom=below, color=colour, width=0.6, label=words)
        below = [start + height for start, height in zip(below, heights, strict=True)]
    title = "The ledger on disk, at 50 million updates a day"
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=12)
    axes.set_xlabel("months")
    axes.set_ylabel("TB")
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    axes.tick_params(length=0)
    return f"{title}: " + ", ".join(
        f"{size.total / 1e12:.1f} TB after {n}" for n, size in zip(MONTHS, sizes, strict=True)
    )
