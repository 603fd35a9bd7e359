"""Orders that could not be asked about: each waits longer the more often that happened, and no other waits for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.health import LONGEST_ASKED_S, Pause
from app.domain.times import SECOND, ahead

FIRST_S = 1.0
LONGEST_S = 300.0
FORGOTTEN_S = 600.0
"""How long after its next try an order's setbacks are kept; then it begins anew."""
MANY = 1000
"""How many are kept before the forgotten ones are looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Setback:
    times: int
    at: int
    pause: Pause


class Setbacks:
    """One backend's, in this process; they are lost with it, and then each order begins anew."""

    def __init__(self) -> None:
        self._of: dict[str, _Setback] = {}

    def again(self, number: str, code: str, detail: str, *, now: int, after_s: float | None = None) -> int:
        """One more; gives when the order's queue has its next turn: after twice as long as the last time, five minutes at most.

        `after_s` is how long it should be at least.
        """
        if len(self._of) >= MANY:
            self._of = {name: one for name, one in self._of.items() if not _forgotten(one, now)}
        before = self._of.get(number)
        if before is not None and _forgotten(before, now):
            before = None
        times = 1 if before is None else before.times + 1
        wait_s = max(min(FIRST_S * 2.0 ** min(times - 1, 16), LONGEST_S), min(after_s or 0, LONGEST_ASKED_S))
        next_try = now + round(wait_s * SECOND)
        since = now if before is None else before.pause.since
        pause = Pause(code=code, detail=detail, since=since, next_try=next_try)
        self._of[number] = _Setback(times=times, at=now, pause=pause)
        return next_try

    def rest(self, number: str, code: str, detail: str, *, now: int, next_try: int) -> None:
        """The order's queue waits until then, through no fault of the order's."""
        before = self._of.get(number)
        pause = Pause(code=code, detail=detail, since=now, next_try=next_try)
        self._of[number] = _Setback(times=0 if before is None else before.times, at=now, pause=pause)

    def __len__(self) -> int:
        return len(self._of)

    def over(self, number: str) -> None:
        """The vendor was asked about the order, and there was an answer."""
        self._of.pop(number, None)

    def of(self, number: str, now: int) -> Pause | None:
        """What the order's queue waits for, if it does."""
        found = self._of.get(number)
        return (
            found.pause if found is not None and now < found.pause.next_try and not ahead(found.at, now=now) else None
        )


def _forgotten(one: _Setback, now: int) -> bool:
    return now > one.pause.next_try + FORGOTTEN_S * SECOND or ahead(one.at, now=now)
