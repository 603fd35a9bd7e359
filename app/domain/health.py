"""How a backend is doing as last seen: in order, or paused until a next try. Pure; the clock is the caller's."""

from __future__ import annotations

from app.domain.errors import BackendMisconfigured, VendorTrouble
from app.domain.json import JsonObject
from app.domain.times import SECOND, rfc3339_micros

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
MISCONFIGURED_PAUSE_S = 30.0
"""A refused log-in is not tried often: vendors lock users out."""


class Health:
    """One backend's. While it is paused, one call at a time tries again when its time has come; the rest wait."""

    def __init__(self) -> None:
        self.code: str | None = None
        self.detail = ""
        self.since = 0
        self.next_try = 0
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
        """The call that tried again told nothing of the backend."""
        self._trying = False

    def well(self) -> bool:
        """The vendor answered. True when that ends a pause."""
        ended = self.paused
        self.code, self.detail, self._failures, self._trying = None, "", 0, False
        return ended

    def trouble(self, kind: type[VendorTrouble], detail: str, *, now: int, after_s: float | None = None) -> None:
        """The vendor could not be reached, refused our log-in, or asked us to wait `after_s`."""
        if self.code != kind.code:
            self.since = now
        self.code, self.detail, self._trying = kind.code, detail, False
        self._failures += 1
        if after_s is None:
            after_s = min(FIRST_PAUSE_S * 2 ** (self._failures - 1), LONGEST_PAUSE_S)
            if kind is BackendMisconfigured:
                after_s = MISCONFIGURED_PAUSE_S
        self.next_try = now + round(after_s * SECOND)

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
