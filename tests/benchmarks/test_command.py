"""The command line: what it measures, what it prints and keeps, and how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import record
from benchmarks.figures import Figures
from benchmarks.figures.result import Result, Spec
from benchmarks.figures.status_update import compared
from benchmarks.lab import Lab
from benchmarks.processes import Fault

FAST = Spec(name="fast", title="how fast", target="at most 2 s", unit="s", at_most=2.0)
SLOW = Spec(name="slow", title="how slow", target="at most 1 s", unit="s", at_most=1.0)
BROKEN = Spec(name="broken", title="how broken", target="at most 1 s", unit="s", at_most=1.0)


async def fast_and_slow(lab: Lab) -> list[Result]:
    said = await lab.output([sys.executable, "-c", "print(1.5)"], name="figure")
    return [FAST.result(float(said)), SLOW.result(float(said), detail={"seconds": lab.plan.sample_s})]


async def broken(lab: Lab) -> list[Result]:
    await lab.start([sys.executable, "-c", "import time; time.sleep(60)"], name="left-behind")
    raise Fault("nothing came of it")


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = [
        Figures(name="speed", specs=(FAST, SLOW), measure=fast_and_slow),
        Figures(name="broken", specs=(BROKEN,), measure=broken),
    ]
    monkeypatch.setattr(command, "all_figures", lambda: known)
    monkeypatch.setattr(record, "LATEST", tmp_path / "latest.json")


def test_a_run_ends_with_a_table_and_keeps_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seconds", "10", "--rounds", "4"]) == 0
    printed = capsys.readouterr()
    assert [line.split()[-2:] for line in printed.out.splitlines()[:2]] == [["s", "holds"], ["NOT", "HOLD"]]
    assert "Fault: nothing came of it" in printed.out
    assert "fsync_ms" in printed.err
    assert "100%" in printed.err
    entries = json.loads((tmp_path / "latest.json").read_text())
    assert [(entry["figure"], entry["measured"], entry["holds"]) for entry in entries] == [
        ("fast", 1.5, True),
        ("slow", 1.5, False),
        ("broken", None, False),
    ]
    assert entries[1]["detail"] == {"seconds": 2.5}


def test_a_run_is_a_report_and_fails_only_where_that_is_asked_for() -> None:
    assert command.main(["--only", "speed"]) == 0
    assert command.main(["--only", "speed", "--strict"]) == 1


def test_a_quick_run_keeps_nothing_unless_it_is_told_where(tmp_path: Path) -> None:
    assert command.main(["--quick", "--only", "speed"]) == 0
    assert list(tmp_path.iterdir()) == []
    assert command.main(["--quick", "--only", "speed", "--json", str(tmp_path / "here.json")]) == 0
    assert [entry["run"]["quick"] for entry in json.loads((tmp_path / "here.json").read_text())] == [True, True]


def test_figures_that_there_are_not_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "speed,sped"]) == 2
    assert "no such figures: sped" in capsys.readouterr().err


def test_the_figures_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert capsys.readouterr().out.split()[:2] == ["speed", "fast"]


def test_contestants_are_compared_by_the_medians_of_their_rounds() -> None:
    cpu_us = {
        "Orderbridge on SQLite": [700.0, 9000.0, 500.0],
        "Orderbridge on PostgreSQL": [1400.0, 100.0, 2000.0],
        "plain FastAPI": [7000.0, 7000.0, 1.0],
        "Node, our job": [500.0, 700.0, 800.0],
    }
    per_second = {name: [1.0, 2.0, 3.0] for name in cpu_us}
    found = compared(cpu_us, per_second, {"Node, no ledger": "node: not found"})
    assert [(result.spec.name, result.measured, result.holds) for result in found] == [
        ("status-update-plain-fastapi", 0.1, True),
        ("status-update-node", None, False),
        ("status-update-node-our-job", 1.0, False),
        ("status-update-postgres", 2.0, False),
    ]
