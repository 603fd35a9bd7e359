"""Maintenance windows: when a vendor's system is not to be asked, in the local time of its place. Pure.

A window follows the clock on the wall there. In the night in which an hour comes twice it lasts from the first time that the
clock shows its start until the last time that it shows its end; what falls into the hour that is left out is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.times import from_micros, to_micros

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
_RECURRING = re.compile(rf"(daily|{'|'.join(DAYS)})\s+(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", re.IGNORECASE)
_ONCE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d)\s*-\s*(\d{4}-\d\d-\d\d \d\d:\d\d)")
_BACK, _AHEAD = 2, 15
"""Days around a moment in which windows are looked for: every recurring one comes at least once, left-out hours or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recurring:
    """Every day, or on one day of the week; in minutes after midnight. One that ends past midnight has more than a day's."""

    weekday: int | None
    starts: int
    ends: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """From one date and time to another, on the wall there."""

    starts: datetime
    ends: datetime


Window = Recurring | Once


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A window as it comes, or several that touch each other: microseconds since 1970, the end not included."""

    starts: int
    ends: int


def parse_window(text: str) -> Window:
    """`sun 02:00-04:00`, `daily 23:30-00:30` or `2026-12-24 22:00 - 2026-12-25 06:00`. Raises ValueError, in words."""
    text = text.strip()
    if found := _RECURRING.fullmatch(text):
        name, *numbers = found.groups()
        from_hour, from_minute, to_hour, to_minute = map(int, numbers)
        starts, ends = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if max(from_minute, to_minute) > 59 or starts >= DAY_MINUTES or ends > DAY_MINUTES:
            raise ValueError("has no such time of day: they run from 00:00 to 23:59, and 24:00 may end a window")
        if starts == ends:
            raise ValueError("ends when it begins; a whole day is 00:00-24:00")
        weekday = None if name.lower() == "daily" else DAYS.index(name.lower())
        return Recurring(weekday=weekday, starts=starts, ends=ends if ends > starts else ends + DAY_MINUTES)
    if found := _ONCE.fullmatch(text):
        try:
            first, last = (datetime.strptime(one, "%Y-%m-%d %H:%M") for one in found.groups())
        except ValueError:
            raise ValueError("has no such date or time of day") from None
        if last <= first:
            raise ValueError("ends before it begins")
        return Once(starts=first, ends=last)
    raise ValueError("must be like 'sun 02:00-04:00', 'daily 03:00-03:30' or '2026-12-24 22:00 - 2026-12-25 06:00'")


def leave_no_time(windows: Sequence[Window]) -> bool:
    """Whether the windows that come every week fill it: then nothing would ever be sent."""
    week = 7 * DAY_MINUTES
    covered: set[int] = set()
    for window in windows:
        if isinstance(window, Recurring):
            for day in range(7) if window.weekday is None else (window.weekday,):
                covered.update(
                    minute % week
                    for minute in range(day * DAY_MINUTES + window.starts, day * DAY_MINUTES + window.ends)
                )
    return len(covered) == week


class Maintenance:
    """The windows of one backend, in its time zone."""

    def __init__(self, windows: Sequence[Window], zone: ZoneInfo) -> None:
        self._windows = tuple(windows)
        self.zone = zone
        self._valid: Span | None = None
        self._ahead: tuple[Span, ...] = ()
        """What `_spans` found, which holds for any moment within `_valid`: the question comes with every call."""

    def at(self, now: int) -> Span | None:
        """The window that is open now."""
        first = self._first(now)
        return first if first is not None and first.starts <= now else None

    def next(self, now: int) -> Span | None:
        """The next window that is not open yet, if one comes within two weeks."""
        return next((span for span in self._spans(now) if span.starts > now), None)

    def in_words(self, span: Span, now: int) -> str:
        """`maintenance until 04:00 Europe/London`, with the date where it is not within a day."""
        ends = from_micros(span.ends).astimezone(self.zone)
        far = ends - from_micros(now) >= timedelta(days=1)
        return f"maintenance until {ends:{'%Y-%m-%d %H:%M' if far else '%H:%M'}} {self.zone.key}"

    def _first(self, now: int) -> Span | None:
        return next(iter(self._spans(now)), None)

    def _spans(self, now: int) -> Sequence[Span]:
        """The windows that end after `now`, soonest first."""
        if not self._windows:
            return ()
        if self._valid is None or not self._valid.starts <= now < self._valid.ends:
            day = timedelta(days=1) // timedelta(microseconds=1)
            self._ahead = tuple(one for one in self._around(now) if one.ends > now)
            ends = min([now + day, *(one.ends for one in self._ahead)])
            self._valid = Span(starts=now, ends=ends)
        return self._ahead

    def _around(self, now: int) -> list[Span]:
        """The windows of the days around, in order; those that touch each other are one."""
        today = from_micros(now).astimezone(self.zone).date()
        days = [today + timedelta(days=offset) for offset in range(-_BACK, _AHEAD)]
        found = sorted((span for one in self._windows for span in self._of(one, days)), key=lambda span: span.starts)
        joined: list[Span] = []
        for span in found:
            if joined and span.starts <= joined[-1].ends:
                span = Span(starts=joined[-1].starts, ends=max(joined.pop().ends, span.ends))
            joined.append(span)
        return joined

    def _of(self, window: Window, days: Sequence[date]) -> Iterator[Span]:
        for starts, ends in _on_the_wall(window, days):
            span = Span(starts=_instant(starts, self.zone, last=False), ends=_instant(ends, self.zone, last=True))
            if span.starts < span.ends:  # else the clock never shows any of it that day
                yield span


def _on_the_wall(window: Window, days: Sequence[date]) -> Iterator[tuple[datetime, datetime]]:
    if isinstance(window, Once):
        yield window.starts, window.ends
        return
    for day in days:
        if window.weekday is None or window.weekday == day.weekday():
            midnight = datetime.combine(day, time.min)
            yield midnight + timedelta(minutes=window.starts), midnight + timedelta(minutes=window.ends)


def _instant(wall: datetime, zone: ZoneInfo, *, last: bool) -> int:
    """When the clock there shows this time: for the first or the last time; for one that it leaves out, when it jumps."""
    at = wall.replace(tzinfo=zone, fold=int(last)).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return to_micros(at)
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if middle.astimezone(zone).replace(tzinfo=None) < wall else (before, middle)
    return to_micros(after)
