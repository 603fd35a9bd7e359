"""What one read-back leaves for the next is read as it was written."""

from __future__ import annotations

import pytest

from app.domain.readings import Earlier, earlier
from app.domain.times import SECOND

LEFT = [
    (Earlier(counts_from=10), "10 failed", True),
    (Earlier(counts_from=10, shown="7|2026-11-20T20:40:00+00:00"), "10 shown 7|2026-11-20T20:40:00+00:00", False),
    (Earlier(counts_from=10, shown=""), "10 shown ", False),
    (Earlier(counts_from=10, other=True), "10 other", False),
]


@pytest.mark.parametrize(("left", "text", "only_failed"), LEFT)
def test_a_reading_is_kept_as_a_text_and_read_back(left: Earlier, text: str, *, only_failed: bool) -> None:
    assert left.text() == text
    assert earlier(text) == left
    assert left.only_failed is only_failed


@pytest.mark.parametrize("text", [None, "", "10", "10 ", "failed", "x failed", "10.0 failed", "10 seen 7"])
def test_what_is_of_no_such_form_is_nothing(text: str | None) -> None:
    assert earlier(text) is None


def test_a_reading_before_its_time_is_too_early_but_not_where_the_clock_was_set_back() -> None:
    left = Earlier(counts_from=100 * SECOND)
    at = [100 * SECOND - 1, 100 * SECOND, 95 * SECOND, 95 * SECOND - 1]
    assert [left.is_too_early(one, pause_s=5) for one in at] == [True, False, True, False]
