"""How a backend is doing as last seen: in order, or paused until a next try. Pure; the clock is the caller's."""

from __future__ import annotations

from app.domain.errors import BackendMisconfigured, VendorTrouble
from app.domain.json import JsonObject
from app.domain.times import SECOND, rfc3339_micros

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
MISCONFIGURED_PAUSE_S = 30.0
"""A refused log-in is not tried often: vendors lock users out."""
LONGEST_ASKED_S = 3600.0
"""However long a vendor asks us to stay away, it is tried again after this."""


class Health:
    """One backend's. While it is paused, one call at a time tries again when its time has come; the rest wait.

    Whoever begins that call says `trying`, and `gave_up` when it is over, whatever came of it.
    """

    def __init__(self) -> None:
        self.code: str | None = None
        self.detail = ""
        self.since = 0
        self.next_try = 0
        self._asked_until = 0
        self._failures = 0
        self._trying = False

    @property
    def paused(self) -> bool:
        return self.code is not None

    def admits(self, now: int) -> bool:
        """Whether a call may go out now."""
        return not self.paused or (not self._trying and now >= self.next_try)

    def trying(self) -> None:
        """A call goes out although the backend is paused: the one that tries again."""
        self._trying = self.paused

    def gave_up(self) -> None:
        """The call that tried again is over."""
        self._trying = False

    def unclear(self, *, now: int) -> None:
        """A call's answer was lost. If it was the one that tried again, the backend is not well yet."""
        if self.paused and self._trying:
            self._failures += 1
            self.next_try = now + round(self._pause_s() * SECOND)

    def well(self, *, now: int) -> bool:
        """The vendor answered. True when that ends a pause; one for which the vendor asked lasts as long as it asked for."""
        if now < self._asked_until:
            return False
        ended = self.paused
        self.code, self.detail, self._failures, self._trying = None, "", 0, False
        return ended

    def trouble(self, kind: type[VendorTrouble], detail: str, *, now: int, after_s: float | None = None) -> None:
        """The vendor could not be reached, refused our log-in, or asked us to wait `after_s`.

        Calls that were under way when the pause began fail together: they make one failure, and never shorten the pause.
        """
        earlier_call = self.paused and now < self.next_try
        if self.code != kind.code:
            self.since = now
        self.code, self.detail = kind.code, detail
        if not earlier_call:
            self._failures += 1
        pause_s = self._pause_s() if after_s is None else min(after_s, LONGEST_ASKED_S)
        next_try = now + round(pause_s * SECOND)
        self.next_try = max(self.next_try, next_try) if earlier_call else next_try
        if after_s is not None:
            self._asked_until = self.next_try

    def log_in_refused(self, now: int) -> BackendMisconfigured | None:
        """While our log-in stands refused, what a reader is told instead of trying it again before its time."""
        if self.code != BackendMisconfigured.code or self.admits(now):
            return None
        return BackendMisconfigured(self.detail, after_s=max(1, -((now - self.next_try) // SECOND)))

    def _pause_s(self) -> float:
        if self.code == BackendMisconfigured.code:
            return MISCONFIGURED_PAUSE_S
        doublings = min(self._failures - 1, 16)
        return min(FIRST_PAUSE_S * 2.0**doublings, LONGEST_PAUSE_S)

    def waiting_for(self) -> JsonObject | None:
        """What the backend's queued writes wait for, as an operation shows it."""
        if not self.paused:
            return None
        return {
            "code": self.code,
            "detail": self.detail,
            "since": rfc3339_micros(self.since),
            "next_try": rfc3339_micros(self.next_try),
        }
