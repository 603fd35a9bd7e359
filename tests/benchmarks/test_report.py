"""The page gets its table and charts, and nothing else of it changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app.domain.json import JsonValue
from benchmarks import record
from benchmarks.figures import all_figures, latency, start, status_update, sustained
from benchmarks.figures.result import Result
from benchmarks.lab import Plan
from benchmarks.report import PAGE as PUBLISHED
from benchmarks.report import filled, main, table

MACHINE: Mapping[str, JsonValue] = {
    "processor": "a processor",
    "cores": 2,
    "python": "3.11.7",
    "system": "Linux 6",
    "disk": "ext4",
    "fsync_ms": 1.5,
}
PAGE = "# Performance\n\n<!-- figures -->\nold\n<!-- /figures -->\n\nThe rest.\n"
CPU_US = {"Orderbridge on SQLite": 700.0, "Orderbridge on PostgreSQL": 900.0, "plain FastAPI": 5000.0}
UPDATES = status_update.AGAINST["plain FastAPI"].result(0.14, detail={"cpu_us": CPU_US})
BOTH: Mapping[str, Sequence[float]] = {"Orderbridge": [3.0, 4.0, 5.0], "direct zeep client": [2.0]}
LATENCY = latency.P50.result(2.0, detail={"p50_ms": BOTH, "p99_ms": BOTH})
RATE = sustained.AT_16.result(900.0, detail={"per_second": {"16": 900.0, "256": 950.0, "1024": 940.0}})
FAILED = start.IMPORT.failed("it did not start")


def reported(folder: Path, *results: Result) -> str:
    kept, page = folder / "latest.json", folder / "performance.md"
    facts = record.run_facts(Plan(), MACHINE)
    record.write(kept, results, facts, order=[result.spec.name for result in results])
    page.write_text(PAGE)
    assert main(["--json", str(kept), "--page", str(page)]) == 0
    return page.read_text()


def test_the_page_has_a_row_for_each_figure_and_says_how_it_was_measured(tmp_path: Path) -> None:
    text = reported(tmp_path, UPDATES, RATE, FAILED)
    assert f"| {UPDATES.spec.title} | at most 1/7 | 0.140 x | yes |" in text
    assert f"| {RATE.spec.title} | at least 1,000/s | 900/s | **no** |" in text
    assert "| `import app.main` | at most 0.8 s | not measured | **no** |" in text
    assert (
        "2 cores of a processor, Linux 6, Python 3.11.7; database on ext4, an fsync of 4 KiB takes 1.5 ms; 60 s" in text
    )
    assert text.startswith("# Performance\n\n<!-- figures -->\nMeasured on ")
    assert text.endswith("<!-- /figures -->\n\nThe rest.\n")
    assert "\nold\n" not in text


def test_a_figure_that_no_run_has_measured_has_a_row_that_says_so(tmp_path: Path) -> None:
    text = reported(tmp_path, RATE)
    rows = [line for line in text.splitlines() if line.endswith(" | not measured | not known |")]
    specs = [spec for one in all_figures() for spec in one.specs]
    assert rows == [
        f"| {spec.title} | {spec.target} | not measured | not known |" for spec in specs if spec is not RATE.spec
    ]
    assert "![0 of the 1 measured figures whose limit is one number hold]" in text


def test_the_published_page_has_the_kept_figures_by_the_names_and_targets_of_today() -> None:
    entries, specs = record.read(), [spec for one in all_figures() for spec in one.specs]
    assert table(entries, specs) in PUBLISHED.read_text(encoding="utf-8")
    said = {str(entry["figure"]): (entry["title"], entry["target"]) for entry in entries}
    assert said == {spec.name: (spec.title, spec.target) for spec in specs if spec.name in said}


def test_each_chart_that_the_results_allow_is_drawn_and_shown(tmp_path: Path) -> None:
    text = reported(tmp_path, UPDATES, LATENCY, RATE)
    names = ["cpu-per-update.png", "latency.png", "targets.png", "throughput.png"]
    assert sorted(path.name for path in (tmp_path / "performance").iterdir()) == names
    assert all((tmp_path / "performance" / name).read_bytes().startswith(b"\x89PNG") for name in names)
    assert all(f"](performance/{name})" in text for name in names)


def test_a_chart_of_results_that_are_there_no_more_is_removed(tmp_path: Path) -> None:
    reported(tmp_path, UPDATES, LATENCY, RATE)
    (tmp_path / "latest.json").unlink()
    text = reported(tmp_path, RATE)
    assert sorted(path.name for path in (tmp_path / "performance").iterdir()) == ["targets.png", "throughput.png"]
    assert text.count("![") == 2


def test_figures_of_several_runs_say_of_which(tmp_path: Path) -> None:
    kept, page = tmp_path / "latest.json", tmp_path / "performance.md"
    order = [RATE.spec.name, FAILED.spec.name]
    record.write(kept, [RATE], record.run_facts(Plan(), MACHINE), order=order)
    other = {**MACHINE, "processor": "another processor"}
    record.write(kept, [FAILED], record.run_facts(Plan(seconds=30), other), order=order)
    page.write_text(PAGE)
    main(["--json", str(kept), "--page", str(page)])
    assert "These figures are of 2 runs, on 2 kinds of processors (a processor, another processor)." in page.read_text()
    assert "Of this run: sustained-16." in page.read_text()
    assert "Of this run: start-import." in page.read_text()


def test_without_results_there_is_nothing_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", str(tmp_path / "latest.json"), "--page", str(tmp_path / "page.md")]) == 2
    assert "run `make bench`" in capsys.readouterr().err


def test_a_page_without_markers_is_not_touched() -> None:
    with pytest.raises(ValueError, match="the page has no <!-- figures -->"):
        filled("# Performance\n", json.dumps({}))
