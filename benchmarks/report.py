"""`python -m benchmarks.report`: the latest results as a table and charts in `docs/performance.md`, between its two markers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.domain.json import JsonValue
from benchmarks import record
from benchmarks.charts import draw
from benchmarks.figures import all_figures
from benchmarks.figures.result import Spec, shown
from benchmarks.processes import ROOT

PAGE = ROOT / "docs" / "performance.md"
BEGINS, ENDS = "<!-- figures -->", "<!-- /figures -->"
Entry = Mapping[str, JsonValue]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument(
        "--json", type=Path, default=record.LATEST, metavar="FILE", help="results other than the latest"
    )
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE", help="a page other than docs/performance.md")
    options = parser.parse_args(arguments)
    entries = record.read(options.json)
    if not entries:
        print(f"{options.json}: there are no results yet; run `make bench`", file=sys.stderr)
        return 2
    page: Path = options.page
    charts = draw(entries, page.parent / page.stem)
    specs = [spec for one in all_figures() for spec in one.specs]
    text = filled(page.read_text(encoding="utf-8"), section(entries, specs, charts, page.stem))
    page.write_text(text, encoding="utf-8")
    print(f"{page}: {len(entries)} figures, {len(charts)} charts")
    return 0


def filled(page: str, figures: str) -> str:
    """The page with these figures between its markers. Raises ValueError where it has none."""
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"the page has no {BEGINS} and {ENDS}")
    return f"{before}{BEGINS}\n{figures}\n{ENDS}{after}"


def section(entries: Sequence[Entry], specs: Sequence[Spec], charts: Mapping[str, str], folder: str) -> str:
    """What stands between the markers: how it was measured, the table, the charts by file name with their words."""
    images = [f"![{words}]({folder}/{name})" for name, words in charts.items()]
    return "\n\n".join([*provenance(entries), table(entries, specs), *images])


def table(entries: Sequence[Entry], specs: Sequence[Spec]) -> str:
    """A row for each figure that there is: one that was left out of every run must not look as if it held."""
    found = {str(entry["figure"]): entry for entry in entries}
    rows = ["| figure | target | measured | holds |", "| --- | --- | ---: | --- |"]
    for spec in specs:
        entry = found.get(spec.name)
        if entry is None:
            rows.append(f"| {spec.title} | {spec.target} | not measured | not known |")
            continue
        measured = shown(entry["measured"], entry["unit"])
        rows.append(f"| {entry['title']} | {entry['target']} | {measured} | {'yes' if entry['holds'] else '**no**'} |")
    return "\n".join(rows)


def provenance(entries: Sequence[Entry]) -> list[str]:
    """One sentence for each run that figures here are from; before them, where there are several, that there are."""
    runs: dict[str, list[str]] = {}
    for entry in entries:
        runs.setdefault(_run(entry["run"]), []).append(str(entry["figure"]))
    if len(runs) == 1:
        return list(runs)
    processors = sorted({str(_machine(entry["run"])["processor"]) for entry in entries})
    kinds = "" if len(processors) == 1 else f", on {len(processors)} kinds of processors ({', '.join(processors)})"
    several = (
        f"These figures are of {len(runs)} runs{kinds}. What a figure compares was measured in one run;"
        " times and rates of different runs are not to be compared."
    )
    return [several, *(f"{words} Of this run: {', '.join(names)}." for words, names in runs.items())]


def _machine(run: JsonValue) -> Entry:
    assert isinstance(run, Mapping)
    machine = run["machine"]
    assert isinstance(machine, Mapping)
    return machine


def _run(run: JsonValue) -> str:
    assert isinstance(run, Mapping)
    machine = _machine(run)
    quick = " **A quick run, to see whether the programs work: the figures mean little.**" if run["quick"] else ""
    return (
        f"Measured on {str(run['at'])[:10]}: {machine['cores']} cores of {machine['processor']}, {machine['system']}, "
        f"Python {machine['python']}; database on {machine['disk']}, an fsync of 4 KiB takes {machine['fsync_ms']} ms; "
        f"{run['seconds']:g} s for each contestant after its warm-up, in {run['rounds']} interleaved rounds.{quick}"
    )


if __name__ == "__main__":
    sys.exit(main())
