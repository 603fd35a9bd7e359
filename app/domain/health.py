"""How a backend is doing as last seen: in order, paused until a next try, or in maintenance. Pure; the clock is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.domain.errors import BackendMisconfigured, BackendUnavailable, VendorTrouble
from app.domain.json import JsonObject
from app.domain.maintenance import Maintenance
from app.domain.recent import RecentCalls
from app.domain.times import SECOND, ahead, rfc3339_micros

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
OPEN_S = 15.0
"""How long a backend rests of whose calls too many failed, before one call tries it."""
MISCONFIGURED_PAUSE_S = 30.0
"""A refused log-in is not tried often: vendors lock users out."""
LONGEST_ASKED_S = 3600.0
"""However long a vendor asks us to stay away, it is tried again after this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """Why something waits, since when, and when it is tried next."""

    code: str
    detail: str
    since: int
    next_try: int

    def as_json(self) -> JsonObject:
        """As an operation's `waiting_for` shows it."""
        return {
            "code": self.code,
            "detail": self.detail,
            "since": rfc3339_micros(self.since),
            "next_try": rfc3339_micros(self.next_try),
        }


class Trial:
    """The one call that tries a paused backend. Whoever makes it says when it is `over`, whatever came of it."""

    def __init__(self, over: Callable[[Trial], None]) -> None:
        self._over = over

    def over(self) -> None:
        self._over(self)

    def done(self, _: object) -> None:
        """The same, as a task's callback."""
        self._over(self)


class Health:
    """One backend's, as this process sees it. While it is paused, one call at a time tries again; the rest wait.

    It pauses at once when it cannot be reached, refuses our log-in or asks us to wait, and it is opened like a circuit
    breaker when at least half of at least twenty calls in half a minute failed (`RecentCalls`). Maintenance goes before all.
    """

    def __init__(self, maintenance: Maintenance | None = None) -> None:
        self.maintenance = maintenance or Maintenance((), ZoneInfo("UTC"))
        self.code: str | None = None
        self.detail = ""
        self.since = 0
        self.next_try = 0
        self._noted_at = 0
        self._lasting = False
        """Whether no answer ends the pause before its time: the vendor asked for it, or too many calls failed."""
        self._open = False
        self._failures = 0
        self._recent = RecentCalls()
        self._trial: Trial | None = None

    @property
    def paused(self) -> bool:
        return self.code is not None

    @property
    def open(self) -> bool:
        """Whether it is paused because too many calls failed."""
        return self._open

    @property
    def alone(self) -> bool:
        """Whether a call that is no write may try it only if nobody else does: a log-in that was refused, too many failures."""
        return self._open or self.code == BackendMisconfigured.code

    def admits(self, now: int) -> bool:
        """Whether a call may go out now."""
        if self.maintenance.at(now) is not None:
            return False
        return not self.paused or (self._trial is None and self._due(now))

    def pause(self, now: int) -> Pause | None:
        """Why queued writes wait; None: they do not."""
        window = self.maintenance.at(now)
        if window is not None:
            detail = self.maintenance.in_words(window, now)
            return Pause(code=BackendUnavailable.code, detail=detail, since=window.starts, next_try=window.ends)
        if self.code is None:
            return None
        return Pause(code=self.code, detail=self.detail, since=self.since, next_try=self.next_try)

    def trying(self) -> Trial:
        """A call goes out although the backend is paused: the one that tries again."""
        self._trial = Trial(self._over)
        return self._trial

    def _over(self, trial: Trial) -> None:
        if self._trial is trial:
            self._trial = None

    def failed(self, detail: str, *, now: int, order: str | None = None) -> None:
        """A call to the vendor had no answer, or one that is none. Many such open the breaker; one says little of others."""
        if self.paused:
            if self._trial is not None:  # it may have been the one that tried
                self._failures += 1
                self._rest(now, self._pause_s())
            return
        self._recent.add(now=now, failed=True, order=order)
        if self._recent.too_many_failed(now):
            self._open_up(detail, now)

    def well(self, *, now: int) -> bool:
        """The vendor answered. True when that ends a pause, which a lasting one does only once its time is over."""
        if self.paused and self._lasting and not self._due(now):
            return False
        ended = self.paused
        if self._open:
            self._recent.clear()
        self._recent.add(now=now, failed=False)
        self.code, self.detail, self._failures, self._trial = None, "", 0, None
        self._lasting = self._open = False
        return ended

    def trouble(self, kind: type[VendorTrouble], detail: str, *, now: int, after_s: float | None = None) -> None:
        """The vendor could not be reached, refused our log-in, or asked us to wait `after_s`: it pauses at once.

        Calls that were under way when the pause began fail together: they make one failure, and never shorten the pause.
        """
        began, earlier_call = not self.paused, self.paused and not self._due(now)
        if self.code != kind.code:
            self.since = now
        self.code, self.detail = kind.code, detail
        self._open = self._open and kind is not BackendMisconfigured
        if not earlier_call:
            self._failures += 1
        if after_s is not None:
            self._lasting = True
            self._rest(now, min(after_s, LONGEST_ASKED_S), at_least=self.next_try if earlier_call else 0)
            return
        self._lasting = self._open or (earlier_call and self._lasting)
        if not (earlier_call and self._open):
            self._rest(now, self._pause_s(), at_least=self.next_try if earlier_call else 0)
        if began and kind is not BackendMisconfigured:
            self._recent.add(now=now, failed=True)
            if self._recent.too_many_failed(now):
                self._open_up(detail, now)

    def log_in_refused(self, now: int) -> BackendMisconfigured | None:
        """While our log-in stands refused, what a reader is told instead of trying it again before its time."""
        if self.code != BackendMisconfigured.code or self.admits(now):
            return None
        return BackendMisconfigured(self.detail, after_s=seconds_until(self.next_try, now))

    def _open_up(self, detail: str, now: int) -> None:
        self.code, self.detail = BackendUnavailable.code, f"{self._recent.in_words()}, the last one: {detail}"
        self.since = now
        self._open = self._lasting = True
        self._rest(now, OPEN_S)

    def _rest(self, now: int, pause_s: float, *, at_least: int = 0) -> None:
        self.next_try = max(now + round(pause_s * SECOND), at_least)
        self._noted_at = now

    def _due(self, now: int) -> bool:
        """Whether the next try's time has come; a clock that was set back has taken the meaning from it."""
        return now >= self.next_try or ahead(self._noted_at, now=now)

    def _pause_s(self) -> float:
        if self.code == BackendMisconfigured.code:
            return MISCONFIGURED_PAUSE_S
        if self._open:
            return OPEN_S
        doublings = min(self._failures - 1, 16)
        return min(FIRST_PAUSE_S * 2.0**doublings, LONGEST_PAUSE_S)


def seconds_until(at: int, now: int) -> int:
    """In whole seconds, at least one: for a Retry-After."""
    return max(1, -((now - at) // SECOND))
