"""The breaker: opened by the share of failed calls, tried by one at a time, never for good. The clock is the test's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable
from app.domain.health import LONGEST_PAUSE_S, OPEN_S, Health
from app.domain.maintenance import Maintenance, parse_window
from app.domain.recent import FEWEST_CALLS, WINDOW_S
from app.domain.times import CLOCKS_APART, SECOND
from tests.domain.calls import NOW, calls, opened


@dataclass(frozen=True, kw_only=True)
class Share:
    id: str
    well: int
    failed: int
    opens: bool


SHARES = [
    Share(id="too few calls", well=0, failed=19, opens=False),
    Share(id="all failed", well=0, failed=20, opens=True),
    Share(id="half failed", well=10, failed=10, opens=True),
    Share(id="less than half failed", well=11, failed=10, opens=False),
    Share(id="many calls, few failed", well=500, failed=100, opens=False),
]


@pytest.mark.parametrize("case", SHARES, ids=lambda case: case.id)
def test_the_share_of_failed_calls_opens_the_breaker(case: Share) -> None:
    health = calls(well=case.well, failed=case.failed)
    assert (health.open, health.admits(NOW)) == (case.opens, not case.opens)


def test_an_open_breaker_says_how_many_failed_and_rests_fifteen_seconds() -> None:
    pause = opened().pause(NOW)
    assert pause is not None
    assert pause.as_json() == {
        "code": "backend-unavailable",
        "detail": "20 of the last 20 calls failed, the last one: no answer",
        "since": "2023-11-14T22:13:20Z",
        "next_try": "2023-11-14T22:13:35Z",
    }


def test_failures_longer_ago_than_the_window_do_not_count() -> None:
    health = Health()
    for n in range(FEWEST_CALLS):
        health.failed("no answer", now=NOW + n * 2 * SECOND)
    assert WINDOW_S / 2 < FEWEST_CALLS
    assert not health.open


def test_one_order_that_fails_again_and_again_opens_nothing() -> None:
    health = Health()
    for n in range(1000):
        health.failed("no answer", now=NOW + n * 1000, order="113427")
    assert not health.paused


@pytest.mark.parametrize(("orders", "opens"), [(3, False), (4, True), (20, True)])
def test_several_orders_that_fail_do(orders: int, opens: bool) -> None:
    health = Health()
    for n in range(100):
        health.failed("no answer", now=NOW, order=str(n % orders))
    assert health.open is opens


def test_no_connection_counts_as_a_failed_call_where_calls_in_between_succeed() -> None:
    health, now = Health(), NOW
    for _ in range(10):
        health.well(now=now)
        health.trouble(BackendUnavailable, "refused", now=now)
        now += SECOND
    assert health.open
    assert health.pause(now) is not None


def test_no_connection_at_all_is_tried_sooner_than_an_open_breaker() -> None:
    health = Health()
    for _ in range(50):
        health.trouble(BackendUnavailable, "refused", now=NOW)
    assert (health.open, health.next_try) == (False, NOW + SECOND // 2)


def test_answers_to_calls_from_before_do_not_close_an_open_breaker() -> None:
    health = opened()
    assert health.well(now=NOW + SECOND) is False
    assert not health.admits(NOW + SECOND)


def test_failures_of_calls_from_before_do_not_keep_it_open_longer() -> None:
    health = opened()
    health.failed("no answer", now=NOW + 5 * SECOND)
    health.trouble(BackendTimeout, "too late", now=NOW + 5 * SECOND)
    assert health.next_try == NOW + round(OPEN_S * SECOND)


def test_the_one_that_tries_closes_it_and_the_share_begins_anew() -> None:
    health = opened()
    health.trying()
    assert health.well(now=health.next_try) is True
    health.failed("no answer", now=health.next_try + 1)
    assert (health.open, health.admits(health.next_try + 1)) == (False, True)


@pytest.mark.parametrize("how", ["no answer", "no connection"])
def test_the_one_that_tries_and_fails_keeps_it_open_as_long_again(how: str) -> None:
    health = opened()
    at = health.next_try
    trial = health.trying()
    if how == "no answer":
        health.failed(how, now=at)
    else:
        health.trouble(BackendUnavailable, how, now=at)
    trial.over()
    assert (health.open, health.next_try - at, health.admits(at)) == (True, OPEN_S * SECOND, False)


def test_a_refused_log_in_takes_the_place_of_an_open_breaker() -> None:
    health = opened()
    health.trouble(BackendMisconfigured, "no", now=health.next_try)
    assert (health.open, health.code, health.alone) == (False, "backend-misconfigured", True)


def test_what_a_vendor_asks_for_outlasts_an_open_breaker() -> None:
    health = opened()
    health.trouble(BackendUnavailable, "slow down", now=NOW, after_s=120)
    assert health.next_try == NOW + 120 * SECOND
    assert health.well(now=NOW + 119 * SECOND) is False
    assert health.well(now=NOW + 120 * SECOND) is True


def test_while_it_is_open_no_list_is_read_beside_the_one_that_tries() -> None:
    assert (opened().alone, calls(well=1, failed=1).alone) == (True, False)


def test_a_clock_that_is_set_back_does_not_keep_it_paused() -> None:
    health = opened()
    back = NOW - 3600 * SECOND
    assert health.admits(back)
    assert health.well(now=back) is True


def test_a_clock_that_is_set_back_a_little_changes_nothing() -> None:
    assert not opened().admits(NOW - CLOCKS_APART)


def test_nothing_is_longer_than_the_longest_pause_where_nobody_asked() -> None:
    health, now = Health(), NOW
    for _ in range(50):
        health.trouble(BackendUnavailable, "no", now=now)
        assert health.next_try - now <= LONGEST_PAUSE_S * SECOND
        now = health.next_try


def test_in_maintenance_nothing_goes_out_whatever_else_is_known() -> None:
    window = parse_window("2023-11-14 22:00 - 2023-11-14 23:00")
    health = Health(Maintenance([window], calls().maintenance.zone))
    health.well(now=NOW)
    pause = health.pause(NOW)
    assert pause is not None
    assert (health.admits(NOW), health.paused) == (False, False)
    assert pause.as_json() == {
        "code": "backend-unavailable",
        "detail": "maintenance until 23:00 UTC",
        "since": "2023-11-14T22:00:00Z",
        "next_try": "2023-11-14T23:00:00Z",
    }
    assert (health.admits(pause.next_try), health.pause(pause.next_try)) == (True, None)
