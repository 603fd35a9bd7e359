"""docs/scaling.md says what the results say, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.scaling import explain, simulate, tables
from benchmarks.scaling.costs import Costs, Measured, Source, Value
from benchmarks.scaling.measure import QUIET
from benchmarks.scaling.outlook import Outlook
from benchmarks.scaling.plan import Plan
from benchmarks.scaling.report import PAGE, write
from benchmarks.scaling.simulate import Done
from tests.test_docs import dead_links

OUTLOOK = Outlook(
    updates=1000.0,
    calls=5.0,
    gateway_busy=0.5,
    db_busy=0.2,
    commit_s=0.001,
    delay_mean_s=0.1,
    delay_p90_s=0.0,
    delay_p99_s=2.0,
    delay_p999_s=30.0,
    within_wait=0.99,
)


def test_the_page_is_as_the_results_are(tmp_path: Path) -> None:
    copy = tmp_path / "scaling.md"
    copy.write_text(PAGE.read_text())
    places = write(Measured.load(), page=copy)
    assert copy.read_text() == PAGE.read_text(), "run `python -m benchmarks.scaling report`"
    assert sorted(places) == ["agreement", "carries", "costs", "growth", "limits", "machine", "plan", "plans"]
    assert list(dead_links(PAGE)) == []


def test_the_simulation_that_the_page_tells_of_agrees_with_the_model() -> None:
    runs = simulate.kept()
    assert {"peak", "sample"} <= set(runs)
    assert [one for done in runs.values() for one in done.differences if not one.agrees] == []
    assert runs["peak"].backends == 10_000


def test_where_they_do_not_agree_the_page_says_so() -> None:
    done = Done(
        title="a minute",
        backends=10,
        plan=Plan(groups=1),
        took_s=1.0,
        predicted=OUTLOOK,
        found=replace(OUTLOOK, delay_p99_s=4.0),
    )
    shown = tables.agreement({"a": done})
    assert "| 99 % | 2.00 s | 4.00 s | 20% or 50 ms | **no** |" in shown
    assert "| updates | 1,000 | 1,000 | 2% | yes |" in shown
    assert "| 99.0% | 99.0% | 0.5% of all | yes |" in shown
    assert shown.count("| yes |") == 9


def test_what_was_not_measured_in_quiet_is_marked() -> None:
    known = Measured.load(Path("nowhere.json")).with_values(
        {
            "wal_bytes": Value(value=6_000.0, source=Source.measured, quiet=True),
            "ledger_cpu_s": Value(value=0.0005, source=Source.measured, quiet=False),
        }
    )
    shown = tables.costs(known)
    assert "| WAL of an update | 6.00 kB | measured |" in shown
    assert "| 500 µs | measured, **on a busy machine** |" in shown
    assert f"| the same on SQLite | {Costs().sqlite_update_cpu_s * 1e6:.0f} µs | **assumed** |" in shown


def test_the_page_tells_of_another_run_as_long_as_a_row_is_of_one() -> None:
    """The machine's line is of one run; of a run as quiet as that nothing is marked."""
    known = Measured.load()
    marked = [name for name, one in known.values.items() if one.source is Source.measured and not one.quiet]
    told = "rows are of another, busier run" in " ".join(PAGE.read_text().split())
    assert told is (known.others is not None and known.others <= QUIET and marked != [])


def test_a_statement_that_reads_more_than_one_partition_stands_out() -> None:
    shown = tables.plans({"by backend": {"settle": {"operation": 8, "attempt": 1}}, "by month": {"settle": {}}})
    assert "| settle | **operation: 8** | one |" in shown
    assert set(explain.kept()) == {"by backend", "by month"}
