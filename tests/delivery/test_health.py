"""A backend's health: when calls may go out, how long a pause lasts, and who tries again. The clock is the test's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable, VendorTrouble
from app.domain.health import LONGEST_ASKED_S, LONGEST_PAUSE_S, MISCONFIGURED_PAUSE_S, Health
from app.domain.times import SECOND

NOW = 1_700_000_000 * SECOND


def failing(times: int, kind: type[VendorTrouble] = BackendUnavailable) -> Health:
    """A health whose tries have failed so often, each at its time."""
    health, now = Health(), NOW
    for _ in range(times):
        health.trouble(kind, "no", now=now)
        now = health.next_try
    return health


def test_a_backend_in_order_admits_every_call() -> None:
    health = Health()
    assert (health.paused, health.admits(NOW), health.pause(NOW)) == (False, True, None)


@pytest.mark.parametrize(("times", "pause_s"), [(1, 0.5), (2, 1), (3, 2), (5, 8), (6, 15), (50, 15)])
def test_each_failed_try_doubles_the_pause_up_to_the_longest(times: int, pause_s: float) -> None:
    before = failing(times - 1).next_try if times > 1 else NOW
    assert failing(times).next_try - before == pause_s * SECOND
    assert pause_s <= LONGEST_PAUSE_S


def test_calls_that_were_under_way_together_fail_as_one() -> None:
    health = Health()
    for late in range(16):
        health.trouble(BackendUnavailable, "no", now=NOW + late * 1000)
    assert health.next_try == NOW + 15 * 1000 + SECOND // 2


def test_a_call_from_before_the_pause_never_shortens_it() -> None:
    health = Health()
    health.trouble(BackendUnavailable, "slow down", now=NOW, after_s=60)
    health.trouble(BackendTimeout, "no", now=NOW + SECOND)
    assert health.next_try == NOW + 60 * SECOND


def test_an_answer_to_another_call_does_not_cut_short_what_the_vendor_asked_for() -> None:
    health = Health()
    health.trouble(BackendUnavailable, "slow down", now=NOW, after_s=60)
    assert health.well(now=NOW + 59 * SECOND) is False
    assert health.well(now=NOW + 60 * SECOND) is True


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the vendor asks for, and what it gets."""

    name: str
    after_s: float
    pause_s: float


@pytest.mark.parametrize(
    "case",
    [
        Asked(name="at once", after_s=0, pause_s=0),
        Asked(name="a while", after_s=42.5, pause_s=42.5),
        Asked(name="for ever", after_s=1e9, pause_s=LONGEST_ASKED_S),
    ],
    ids=lambda case: case.name,
)
def test_a_vendor_that_asks_us_to_wait_is_heard(case: Asked) -> None:
    health = Health()
    health.trouble(BackendUnavailable, "slow down", now=NOW, after_s=case.after_s)
    assert health.next_try == NOW + round(case.pause_s * SECOND)


def test_a_refused_log_in_is_tried_rarely() -> None:
    health = failing(1, BackendMisconfigured)
    assert health.next_try == NOW + MISCONFIGURED_PAUSE_S * SECOND
    assert not health.admits(health.next_try - 1)
    assert health.admits(health.next_try)


def test_one_call_at_a_time_tries_again() -> None:
    health = failing(1)
    assert health.admits(health.next_try)
    trial = health.trying()
    assert not health.admits(health.next_try)
    trial.over()
    assert health.admits(health.next_try)


def test_a_call_that_ended_an_earlier_pause_does_not_let_a_second_one_try_in_a_later_one() -> None:
    health = failing(1)
    first = health.trying()
    health.well(now=health.next_try)
    health.trouble(BackendUnavailable, "no", now=NOW + 60 * SECOND)
    health.trying()
    first.over()
    assert not health.admits(health.next_try)


def test_an_old_call_that_fails_does_not_let_a_second_one_try() -> None:
    health = failing(1)
    health.trying()
    health.trouble(BackendUnavailable, "no", now=health.next_try + 1)
    assert not health.admits(health.next_try + 60 * SECOND)


def test_a_try_whose_answer_is_lost_lengthens_the_pause() -> None:
    health = failing(1)
    at = health.next_try
    trial = health.trying()
    health.failed("no answer", now=at)
    trial.over()
    assert (health.next_try - at, health.admits(at)) == (SECOND, False)


def test_an_answer_that_is_lost_while_all_is_well_pauses_nothing() -> None:
    health = Health()
    health.failed("no answer", now=NOW)
    assert health.admits(NOW)


def test_an_answer_ends_the_pause_and_forgets_the_failures() -> None:
    health = failing(5)
    assert health.well(now=NOW) is True
    assert (health.paused, health.well(now=NOW)) == (False, False)
    health.trouble(BackendUnavailable, "no", now=NOW)
    assert health.next_try == NOW + SECOND // 2


def test_what_a_queue_waits_for_keeps_its_beginning_while_the_reason_stays() -> None:
    health = failing(3)
    pause = health.pause(health.next_try)
    assert pause is not None
    assert pause.as_json() == {
        "code": "backend-unavailable",
        "detail": "no",
        "since": "2023-11-14T22:13:20Z",
        "next_try": "2023-11-14T22:13:23.500000Z",
    }
    health.trouble(BackendMisconfigured, "wrong password", now=NOW + 60 * SECOND)
    assert health.since == NOW + 60 * SECOND


def test_a_reader_is_told_of_a_refused_log_in_until_its_time_has_come() -> None:
    health = failing(1, BackendMisconfigured)
    refused = health.log_in_refused(NOW + SECOND)
    assert refused is not None
    assert (refused.detail, refused.after_s) == ("no", 29)
    assert health.log_in_refused(health.next_try) is None
    health.trying()
    assert health.log_in_refused(health.next_try) is not None


@pytest.mark.parametrize("kind", [BackendUnavailable, BackendTimeout])
def test_a_reader_may_ask_a_vendor_that_was_only_away(kind: type[VendorTrouble]) -> None:
    assert failing(1, kind).log_in_refused(NOW) is None
