"""What a list of a full ledger is compared with, when it holds, and when it is looked at again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from benchmarks.figures.full_ledger import FIGURES, FULL, SMALL, UPDATE, Compared, Specs
from benchmarks.ledger.sides import size_of, small_size


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
