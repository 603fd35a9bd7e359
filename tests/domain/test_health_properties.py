"""Whatever comes in whatever order: the breaker opens only by the share, one call tries at a time, and no pause is for ever."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.domain.errors import BackendMisconfigured, BackendTimeout, BackendUnavailable, VendorTrouble
from app.domain.health import LONGEST_ASKED_S, Health, Trial
from app.domain.recent import FEWEST_CALLS, MOST_OF_ONE, WINDOW_S
from app.domain.times import SECOND
from tests.domain.calls import NOW


@dataclass
class Counted:
    """The calls since the breaker last closed that ended while nothing was paused, counted the plain way."""

    calls: list[tuple[int, bool, str | None]] = field(default_factory=list)

    def add(self, now: int, *, failed: bool, order: str | None = None) -> None:
        recent = self.within(now)
        of_order = sum(bad and about == order for _, bad, about in recent)
        if not failed or order is None or of_order < MOST_OF_ONE:
            self.calls.append((now, failed, order))

    def within(self, now: int) -> list[tuple[int, bool, str | None]]:
        return [one for one in self.calls if one[0] > now - WINDOW_S * SECOND]

    def should_open(self, now: int) -> bool:
        recent = self.within(now)
        return len(recent) >= FEWEST_CALLS and sum(bad for _, bad, _ in recent) * 2 >= len(recent)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.health = Health()
        self.counted = Counted()
        self.now = NOW
        self.trials: list[Trial] = []

    @rule(s=st.floats(min_value=0, max_value=40))
    def time_passes(self, s: float) -> None:
        self.now += round(s * SECOND)

    @rule(times=st.integers(1, 12), s=st.floats(min_value=0, max_value=1))
    def calls_succeed(self, times: int, s: float) -> None:
        for _ in range(times):
            self.now += round(s * SECOND)
            was_open, due = self.health.open, self.health.next_try
            ended = self.health.well(now=self.now)
            assert not (ended and was_open and self.now < due), "closed before its time"
            if was_open and ended:
                self.counted.calls.clear()
            if not self.health.paused:
                self.counted.add(self.now, failed=False)

    @rule(times=st.integers(1, 12), order=st.none() | st.sampled_from("abcd"), s=st.floats(min_value=0, max_value=1))
    def calls_fail(self, times: int, order: str | None, s: float) -> None:
        for _ in range(times):
            self.now += round(s * SECOND)
            counts = not self.health.paused
            self.health.failed("no answer", now=self.now, order=order)
            if counts:
                self.counted.add(self.now, failed=True, order=order)
                assert self.health.open == self.counted.should_open(self.now)

    @rule(kind=st.sampled_from([BackendUnavailable, BackendTimeout, BackendMisconfigured]))
    def no_call_gets_through(self, kind: type[VendorTrouble]) -> None:
        counts = not self.health.paused and kind is not BackendMisconfigured
        self.health.trouble(kind, "no", now=self.now)
        assert self.health.paused
        if counts:
            self.counted.add(self.now, failed=True)
            assert self.health.open == self.counted.should_open(self.now)

    @rule(after_s=st.floats(min_value=0, max_value=10_000))
    def the_vendor_asks_us_to_wait(self, after_s: float) -> None:
        before = self.health.next_try if self.health.paused and self.now < self.health.next_try else 0
        self.health.trouble(BackendUnavailable, "slow down", now=self.now, after_s=after_s)
        asked = self.now + round(min(after_s, LONGEST_ASKED_S) * SECOND)
        assert self.health.next_try == max(asked, before)

    @precondition(lambda self: self.health.paused and self.health.admits(self.now))
    @rule()
    def one_tries(self) -> None:
        self.trials.append(self.health.trying())
        assert not self.health.admits(self.now + 10_000 * SECOND), "a second one may try"

    @precondition(lambda self: self.trials)
    @rule(which=st.integers(0, 10))
    def one_that_tried_is_over(self, which: int) -> None:
        latest = self.trials[-1]
        trial = self.trials.pop(which % len(self.trials))
        tried = self.health.paused and not self.health.admits(self.health.next_try)
        trial.over()
        if trial is not latest and tried:
            assert not self.health.admits(self.health.next_try), "an old call let a second one try"

    @invariant()
    def never_for_ever(self) -> None:
        """Once those that try are over, a call may go out at the latest when the longest that anybody may ask for has passed."""
        assert self.health.next_try <= self.now + LONGEST_ASKED_S * SECOND
        if not self.trials:
            assert self.health.admits(self.now + round(LONGEST_ASKED_S * SECOND))

    @invariant()
    def open_only_while_paused(self) -> None:
        assert not self.health.open or self.health.paused
        assert (self.health.pause(self.now) is None) == (not self.health.paused)


Machine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, derandomize=True)
test_health_keeps_its_word = Machine.TestCase
