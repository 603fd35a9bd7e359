"""What counts as holding, and what is kept of a run."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import record
from benchmarks.__main__ import table
from benchmarks.figures import all_figures
from benchmarks.figures.result import Spec, shown
from benchmarks.lab import Plan

MOST = Spec(name="cost", title="what it costs", target="at most 2 ms", unit="ms", at_most=2.0)
LEAST = Spec(name="rate", title="how many it takes", target="at least 10/s", unit="/s", at_least=10.0)
ALL_WELL = Spec(name="well", title="all is well", target="all is well")


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    spec: Spec
    measured: float
    holds: bool | None = None
    expected: bool


CASES = (
    Case(id="within", spec=MOST, measured=1.9, expected=True),
    Case(id="at the bound", spec=MOST, measured=2.0, expected=True),
    Case(id="over", spec=MOST, measured=2.1, expected=False),
    Case(id="within, but something else was wrong", spec=MOST, measured=1.0, holds=False, expected=False),
    Case(id="over cannot be talked into holding", spec=MOST, measured=3.0, holds=True, expected=False),
    Case(id="not a number", spec=MOST, measured=math.nan, expected=False),
    Case(id="not a number, whatever is said", spec=ALL_WELL, measured=math.nan, holds=True, expected=False),
    Case(id="enough", spec=LEAST, measured=10.0, expected=True),
    Case(id="too little", spec=LEAST, measured=9.9, expected=False),
    Case(id="no end", spec=LEAST, measured=math.inf, expected=False),
    Case(id="no bounds", spec=ALL_WELL, measured=1.0, holds=True, expected=True),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_figure_holds_within_its_bounds_only(case: Case) -> None:
    assert case.spec.result(case.measured, holds=case.holds).holds is case.expected


def test_a_figure_without_bounds_must_be_judged() -> None:
    with pytest.raises(AssertionError, match="well has no bounds"):
        ALL_WELL.result(1.0)


def test_what_failed_does_not_hold_and_says_why() -> None:
    failed = MOST.failed("node: not found")
    assert (failed.measured, failed.holds, failed.shown) == (None, False, "not measured")
    assert table([failed]).splitlines()[1].strip() == "node: not found"


def test_numbers_are_shown_in_three_figures() -> None:
    assert [shown(value, "ms") for value in (0.1234, 1.234, 12.34, 1234.5)] == [
        "0.123 ms",
        "1.23 ms",
        "12.3 ms",
        "1,234 ms",
    ]
    assert shown(1234.5, "/s") == "1,234/s"


def test_results_are_kept_in_the_tables_order_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    facts = record.run_facts(Plan.quickly(), {"cores": 2})
    order = ["cost", "rate"]
    record.write(path, [LEAST.result(11.0), ALL_WELL.result(1.0, holds=True)], facts, order=order)
    record.write(path, [MOST.result(2.5, detail={"rounds": [2.5]})], facts, order=order)
    entries = json.loads(path.read_text())
    assert entries == [
        {
            "figure": "cost",
            "title": "what it costs",
            "target": "at most 2 ms",
            "measured": 2.5,
            "unit": "ms",
            "at_most": 2.0,
            "at_least": None,
            "holds": False,
            "detail": {"rounds": [2.5]},
            "run": facts,
        },
        {**LEAST.result(11.0).as_json(), "run": facts},
    ]


def test_every_figure_has_a_name_of_its_own_and_a_target() -> None:
    specs = [spec for one in all_figures() for spec in one.specs]
    names = [spec.name for spec in specs]
    assert len(set(names)) == len(names)
    assert all(spec.title and spec.target for spec in specs)
