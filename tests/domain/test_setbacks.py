"""An order that cannot be asked about waits longer each time, up to five minutes, and says why."""

from __future__ import annotations

import pytest

from app.domain.health import LONGEST_ASKED_S
from app.domain.setbacks import FORGOTTEN_S, MANY, Setbacks
from app.domain.times import SECOND
from tests.domain.calls import NOW


def waits(times: int, *, after_s: float | None = None) -> list[float]:
    """How long the order waits after each of so many setbacks, each at its time."""
    setbacks, now, found = Setbacks(), NOW, []
    for _ in range(times):
        due = setbacks.again("1", "backend-unavailable", "no", now=now, after_s=after_s)
        found.append((due - now) / SECOND)
        now = due
    return found


def test_each_setback_doubles_the_wait_up_to_five_minutes() -> None:
    assert waits(12) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


@pytest.mark.parametrize(
    ("after_s", "found"), [(30, [30] * 5 + [32]), (1e9, [LONGEST_ASKED_S] * 6), (0, [1, 2, 4, 8, 16, 32])]
)
def test_it_is_no_shorter_than_asked_for(after_s: float, found: list[float]) -> None:
    assert waits(6, after_s=after_s) == found


def test_an_order_says_what_it_waits_for_and_since_when() -> None:
    setbacks = Setbacks()
    first = setbacks.again("1", "backend-timeout", "too late", now=NOW)
    second = setbacks.again("1", "backend-unavailable", "no", now=first)
    pause = setbacks.of("1", first)
    assert pause is not None
    assert (pause.code, pause.detail, pause.since, pause.next_try) == ("backend-unavailable", "no", NOW, second)
    assert (setbacks.of("2", first), setbacks.of("1", second)) == (None, None)


def test_after_an_answer_an_order_begins_anew() -> None:
    setbacks = Setbacks()
    for _ in range(5):
        setbacks.again("1", "backend-unavailable", "no", now=NOW)
    setbacks.over("1")
    setbacks.over("never seen")
    assert setbacks.of("1", NOW) is None
    assert setbacks.again("1", "backend-unavailable", "no", now=NOW) == NOW + SECOND


def test_one_that_nobody_asked_about_for_long_begins_anew() -> None:
    setbacks = Setbacks()
    due = setbacks.again("1", "backend-unavailable", "no", now=NOW)
    later = due + round(FORGOTTEN_S * SECOND) + 1
    assert setbacks.again("1", "backend-unavailable", "no", now=later) == later + SECOND


def test_the_forgotten_ones_take_no_room() -> None:
    setbacks, now = Setbacks(), NOW
    for n in range(MANY * 3):
        now += SECOND
        setbacks.again(str(n), "backend-unavailable", "no", now=now)
    assert len(setbacks) <= MANY


def test_a_clock_that_is_set_back_lets_an_order_begin_anew() -> None:
    setbacks = Setbacks()
    for _ in range(9):
        setbacks.again("1", "backend-unavailable", "no", now=NOW)
    back = NOW - 3600 * SECOND
    assert setbacks.of("1", back) is None
    assert setbacks.again("1", "backend-unavailable", "no", now=back) == back + SECOND
