"""What a list of a full ledger is compared with, when it holds, and when it is looked at again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from benchmarks.figures import full_ledger
from benchmarks.figures.full_ledger import FIGURES, FULL, SMALL, UPDATE, Compared, Specs
from benchmarks.figures.result import Result
from benchmarks.lab import Lab, Plan, open_lab
from benchmarks.ledger.past import Size
from benchmarks.ledger.reaping import Reaped
from benchmarks.ledger.sides import size_of, small_size
from benchmarks.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Case:
    """A list's p99 in ms on either side."""

    id: str
    small_ms: float
    full_ms: float
    holds: bool
    again: bool
    only_by_floor: bool = False


CASES = (
    Case(id="as fast", small_ms=20, full_ms=20, holds=True, again=False),
    Case(id="faster", small_ms=20, full_ms=15, holds=True, again=False),
    Case(id="well within", small_ms=20, full_ms=22, holds=True, again=False),
    Case(id="within by a hair", small_ms=20, full_ms=25.9, holds=True, again=True),
    Case(id="over by a hair", small_ms=20, full_ms=26.1, holds=False, again=True),
    Case(id="far over", small_ms=20, full_ms=200, holds=False, again=True),
    Case(id="little more, by ratio much", small_ms=1, full_ms=1.6, holds=True, again=False, only_by_floor=True),
    Case(id="nearly 1 ms more", small_ms=1, full_ms=1.9, holds=True, again=True, only_by_floor=True),
    Case(id="over 1 ms more", small_ms=1, full_ms=2.1, holds=False, again=True),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_list_is_looked_at_again_on_either_side_of_its_limit(case: Case) -> None:
    compared = Compared()
    for what in ("list", UPDATE):
        compared.note(what, SMALL, 1.0, case.small_ms)
        compared.note(what, FULL, 1.0, case.full_ms)
    assert (compared.ratio("list") <= 1.3) is (compared.share("list") <= 1) is case.holds
    assert compared.doubtful == ({"list"} if case.again else set())
    assert compared.only_by_floor("list") is case.only_by_floor


def test_a_list_that_failed_on_one_side_is_not_looked_at_again() -> None:
    compared = Compared(failed={"list": "500"})
    compared.note("list", SMALL, 1.0, 20.0)
    assert compared.doubtful == set()


def test_the_figures_say_what_is_compared_with_what() -> None:
    by_name = {spec.name: spec for spec in FIGURES}
    for name in ("full-ledger-update", "full-ledger-lists-postgres"):
        assert "ledger with 5,000,000 operations and 500,000 orders, on " in by_name[name].title
        assert by_name[name].title.endswith(", against one with 17,070 operations and 1,707 orders")
    assert not [spec.name for spec in FIGURES if "empty" in spec.title + spec.target]


def test_the_figures_of_another_size_say_so() -> None:
    full = size_of(500_000)
    title = Specs.of("sqlite", full).update.title
    assert "ledger with 500,000 operations and 50,000 orders, on SQLite" in title
    assert title.endswith(f"{small_size(full).operations:,} operations and {small_size(full).orders:,} orders")


@dataclass(kw_only=True)
class FilledSide:
    """A ledger that answers every update at once, and has no lists."""

    name: str
    size: Size
    calls: Sequence[object] = ()
    bytes_each: float = 3_000.0
    size_bytes: dict[str, int] = field(default_factory=dict)

    async def update(self, _connections: int, _seconds: float) -> SimpleNamespace:
        return SimpleNamespace(p50_ms=1.0, p99_ms=2.0)

    async def stop(self) -> None: ...


async def filled_side(_lab: Lab, name: str, size: Size, *, store: str) -> FilledSide:
    if store == "postgres":
        raise TimeoutError("not filled within 4 h")
    return FilledSide(name=name, size=size)


@pytest.mark.parametrize(
    ("breaks", "handed_over"),
    [
        (
            "the fill of the other",
            ["full-ledger-update", "full-ledger-lists", "full-ledger-bytes", "full-ledger-reaper"],
        ),
        ("the reaper", ["full-ledger-update", "full-ledger-lists", "full-ledger-bytes"]),
    ],
)
async def test_what_hours_have_measured_is_handed_over_before_anything_else_can_break(
    breaks: str, handed_over: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reaped(_lab: Lab, _side: FilledSide) -> Reaped:
        if breaks == "the reaper":
            raise TimeoutError("cleared nothing")
        return Reaped(sustained=1.0, before_p99_ms=1.0, p99_ms=[1.0], written={"keys": [1.0]}, cleared={"keys": [3.0]})

    monkeypatch.setattr(full_ledger, "filled_side", filled_side)
    monkeypatch.setattr(full_ledger, "reaped", reaped)
    found: list[Result] = []
    async with open_lab(Plan.quickly(), Progress(1, to=io.StringIO()), keep=found.extend) as lab:
        with pytest.raises(TimeoutError):
            await full_ledger.measure(lab)
    assert [result.spec.name for result in found] == handed_over
    assert all(result.spec.is_of(["sqlite"]) for result in found)
