"""Write the tables and charts of `docs/scaling.md` anew, each between its own two markers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.scaling import explain, simulate, tables
from benchmarks.scaling.charts import draw
from benchmarks.scaling.costs import Measured
from benchmarks.scaling.world import Demand

PAGE = ROOT / "docs" / "scaling.md"
CHARTS = "performance"
"""The folder beside the page."""
MARKED = re.compile(r"(?<=<!-- scaling: )([a-z-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def write(measured: Measured, *, page: Path = PAGE, demand: Demand | None = None) -> list[str]:
    """Put what is known now into the page; returns the names of the places that it has."""
    asked = demand or Demand()
    drawn = draw(measured.costs, asked, page.parent / CHARTS)
    images = {name: f"![{words}]({CHARTS}/{name})" for name, words in drawn.items()}
    contents: Mapping[str, Callable[[], str]] = {
        "machine": lambda: machine(measured),
        "costs": lambda: tables.costs(measured),
        "carries": lambda: tables.carries(measured),
        "plan": lambda: f"{tables.plan(measured, asked)}\n\n{images['scaling-cores.png']}",
        "agreement": lambda: tables.agreement(simulate.kept()),
        "limits": lambda: tables.limits(measured, asked),
        "growth": lambda: f"{tables.growth(measured)}\n\n{images['scaling-size.png']}",
        "plans": lambda: tables.plans(explain.kept()),
    }
    text = page.read_text(encoding="utf-8")
    places = [name for name, _ in MARKED.findall(text)]
    filled = MARKED.sub(lambda found: f"{found[1]}{found[2]}\n{contents[found[1]]()}\n\n", text)
    page.write_text(filled, encoding="utf-8")
    return places


def machine(measured: Measured) -> str:
    """Where and when the costs were measured."""
    about = measured.machine
    if measured.others is None:
        return "Nothing has been measured yet: every cost below is assumed."
    others = f"everything else used {measured.others:.0%} of the machine meanwhile"
    if measured.others > 0.1:
        others = f"**{others}: the CPU figures are on the high side, and are to be measured again**"
    return (
        f"Measured on {about['cores']} cores of {about['processor']}, {about['system']}, Python {about['python']},"
        f" PostgreSQL {about['postgres']} with its own defaults; an fsync of 4 KiB takes {about['fsync_ms']} ms; {others}."
    )
