"""The command line: what it measures, what it prints and keeps, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.domain.json import JsonObject
from benchmarks import __main__ as command
from benchmarks import record
from benchmarks.contestants import OURS, PEERS
from benchmarks.figures import Figures, Measure
from benchmarks.figures.result import Result, Spec
from benchmarks.figures.status_update import FIGURES, compared
from benchmarks.lab import STORES, Lab
from benchmarks.processes import Fault

FAST = Spec(name="fast", title="how fast", target="at most 2 s", unit="s", at_most=2.0)
SLOW = Spec(name="slow", title="how slow", target="at most 1 s", unit="s", at_most=1.0)
BROKEN = Spec(name="broken", title="how broken", target="at most 1 s", unit="s", at_most=1.0)
LAST = Spec(name="last", title="how late", target="at most 1 s", unit="s", at_most=1.0)


async def fast_and_slow(lab: Lab) -> list[Result]:
    said = await lab.output([sys.executable, "-c", "print(1.5)"], name="figure")
    return [FAST.result(float(said)), SLOW.result(float(said), detail={"seconds": lab.plan.sample_s})]


async def broken(lab: Lab) -> list[Result]:
    await lab.start([sys.executable, "-c", "import time; time.sleep(60)"], name="left-behind")
    raise Fault("nothing came of it")


async def last(lab: Lab) -> list[Result]:
    return [LAST.result(0.5)]


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = [
        Figures(name="speed", specs=(FAST, SLOW), measure=fast_and_slow),
        Figures(name="broken", specs=(BROKEN,), measure=broken),
    ]
    monkeypatch.setattr(command, "all_figures", lambda: known)
    monkeypatch.setattr(record, "LATEST", tmp_path / "latest.json")


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """As in a terminal: what a shell starts in the background ignores Ctrl-C, and so does all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


def with_last(monkeypatch: pytest.MonkeyPatch, between: Measure) -> None:
    """The figures are speed, then what is between, then the last."""
    known = [
        Figures(name="speed", specs=(FAST, SLOW), measure=fast_and_slow),
        Figures(name="broken", specs=(BROKEN,), measure=between),
        Figures(name="end", specs=(LAST,), measure=last),
    ]
    monkeypatch.setattr(command, "all_figures", lambda: known)


def kept(path: Path) -> list[tuple[str, float | None]]:
    return [(entry["figure"], entry["measured"]) for entry in json.loads(path.read_text())]


async def unforeseen(lab: Lab) -> list[Result]:
    await lab.start([sys.executable, "-c", "import time; time.sleep(60)"], name="left-behind")
    raise KeyError("p99_ms")


def test_what_nobody_foresaw_costs_its_own_module_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_last(monkeypatch, unforeseen)
    assert command.main([]) == 0
    printed = capsys.readouterr()
    assert "KeyError: 'p99_ms'" in printed.out
    assert 'raise KeyError("p99_ms")' in printed.err
    assert kept(tmp_path / "latest.json") == [("fast", 1.5), ("slow", 1.5), ("broken", None), ("last", 0.5)]


@pytest.mark.parametrize("ends_by", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ends_with", [None, Fault("its process is gone"), ValueError("half an answer")])
def test_what_was_measured_before_somebody_stopped_the_run_is_kept(
    ends_by: signal.Signals,
    ends_with: Exception | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def stopped(lab: Lab) -> list[Result]:
        os.kill(os.getpid(), ends_by)
        try:
            await asyncio.sleep(60)
        finally:
            if ends_with is not None:  # as when Ctrl-C ends the processes of the lab too
                raise ends_with
        return [BROKEN.result(0.1)]

    with_last(monkeypatch, stopped)
    assert command.main([]) == 130
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["fast", "slow", "kept"]
    assert "stopped" in printed.err
    assert kept(tmp_path / "latest.json") == [("fast", 1.5), ("slow", 1.5)]


def test_an_earlier_result_stays_where_the_run_was_stopped_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def stopped(lab: Lab) -> list[Result]:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)
        return []

    async def whole(lab: Lab) -> list[Result]:
        return [BROKEN.result(0.7)]

    with_last(monkeypatch, whole)
    assert command.main([]) == 0
    with_last(monkeypatch, stopped)
    assert command.main(["--only", "broken,end"]) == 130
    assert kept(tmp_path / "latest.json") == [("fast", 1.5), ("slow", 1.5), ("broken", 0.7), ("last", 0.5)]


ON_SQLITE, ON_POSTGRES = (
    Spec(
        name=f"kept-{store}",
        title=f"kept on {store}",
        target="at most 1 s",
        unit="s",
        at_most=1.0,
        stores=frozenset({store}),
    )
    for store in STORES
)


def each_by_itself(monkeypatch: pytest.MonkeyPatch, measure: Measure) -> None:
    """One module, with a figure on each database."""
    known = [Figures(name="stores", specs=(ON_SQLITE, ON_POSTGRES), measure=measure)]
    monkeypatch.setattr(command, "all_figures", lambda: known)


async def both(lab: Lab) -> list[Result]:
    return [ON_SQLITE.result(0.5), ON_POSTGRES.result(0.6)]


def test_a_module_that_breaks_fails_only_the_figures_that_the_run_was_to_measure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    each_by_itself(monkeypatch, both)
    assert command.main([]) == 0
    each_by_itself(monkeypatch, broken)
    capsys.readouterr()
    assert command.main(["--store", "sqlite"]) == 0
    printed = capsys.readouterr()
    assert "stores: Fault: nothing came of it" in printed.err
    assert "postgres" not in printed.out
    assert kept(tmp_path / "latest.json") == [("kept-sqlite", None), ("kept-postgres", 0.6)]


@pytest.mark.parametrize(
    ("ends_with", "code", "left"),
    [
        pytest.param(Fault("no room"), 0, None, id="a fault"),
        pytest.param(TimeoutError("4 h"), 0, None, id="what nobody foresaw"),
        pytest.param(None, 130, 0.6, id="Ctrl-C"),
    ],
)
def test_what_a_module_has_handed_over_is_kept_however_the_module_ends(
    ends_with: Exception | None, code: int, left: float | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def half(lab: Lab) -> list[Result]:
        lab.keep([ON_SQLITE.result(0.4)])
        if ends_with is not None:
            raise ends_with
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)
        return []

    each_by_itself(monkeypatch, both)
    assert command.main([]) == 0
    each_by_itself(monkeypatch, half)
    assert command.main([]) == code
    assert kept(tmp_path / "latest.json") == [("kept-sqlite", 0.4), ("kept-postgres", left)]


def test_a_file_that_cannot_keep_anything_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "spoilt.json"
    for text in ("[{", '{"machine": {}}', "[7]", "[{}]"):
        spoilt.write_text(text)
        for place in (spoilt, spoilt / "under-a-file.json"):
            assert command.main(["--json", str(place)]) == 2
            assert f"nothing can be kept in {place}" in capsys.readouterr().err
        assert spoilt.read_text() == text


async def handed_over(lab: Lab) -> list[Result]:
    lab.keep([BROKEN.result(0.7)])
    return []


async def returned(lab: Lab) -> list[Result]:
    return [BROKEN.result(0.7)]


@pytest.mark.parametrize("between", [returned, handed_over])
def test_a_disk_that_is_full_ends_the_run_with_the_table_of_what_there_is(
    between: Measure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write = record.write

    def full(path: Path, results: Sequence[Result], facts: JsonObject, *, order: Sequence[str]) -> None:
        if BROKEN in [result.spec for result in results]:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, results, facts, order=order)

    monkeypatch.setattr(record, "write", full)
    with_last(monkeypatch, between)
    assert command.main([]) == 2
    printed = capsys.readouterr()
    assert [line.split()[:2] for line in printed.out.splitlines()] == [
        ["fast", "1.50"],
        ["slow", "1.50"],
        ["broken", "0.700"],
    ]
    assert f"nothing can be kept in {tmp_path / 'latest.json'}: [Errno 28] No space left" in printed.err
    assert kept(tmp_path / "latest.json") == [("fast", 1.5), ("slow", 1.5)]


@pytest.mark.parametrize(
    "asked",
    [
        "--rounds 0",
        "--rounds -1",
        "--rounds 1.5",
        "--seconds 0",
        "--seconds -3",
        "--seconds nan",
        "--seconds inf",
        "--seconds long",
    ],
)
def test_numbers_with_which_nothing_can_be_measured_are_refused(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(asked.replace(" ", "=").split())
    assert ended.value.code == 2
    assert f"argument {asked.split()[0]}: " in capsys.readouterr().err


def test_a_figure_is_measured_by_its_own_name_with_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "slow"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["fast", "slow", "kept"]


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


@pytest.mark.parametrize("store", STORES)
def test_a_figure_is_of_the_databases_without_which_it_is_left_out(store: str) -> None:
    cpu_us = {name: [700.0] for name in [OURS[store], *(PEERS if store == "sqlite" else ())]}
    found = compared(cpu_us, cpu_us, {})
    assert [result.spec for result in found] == [spec for spec in FIGURES if spec.is_of([store])]
    assert all(spec.is_of(STORES) for spec in FIGURES)
