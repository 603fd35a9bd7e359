"""Maintenance windows in local wall time: how they are written, when they are open, and the two nights of the year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.maintenance import DAYS, Maintenance, Once, Recurring, Span, Window, leave_no_time, parse_window
from app.domain.times import SECOND, from_micros, rfc3339_micros, to_micros

LONDON = ZoneInfo("Europe/London")


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


def london(*windows: str) -> Maintenance:
    return Maintenance([parse_window(one) for one in windows], LONDON)


def told(span: Span | None) -> tuple[str | None, str | None] | None:
    return None if span is None else (rfc3339_micros(span.starts), rfc3339_micros(span.ends))


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("sun 02:00-04:00", Recurring(weekday=6, starts=120, ends=240)),
        (" Mon  02:00 - 04:00 ", Recurring(weekday=0, starts=120, ends=240)),
        ("daily 03:00-03:30", Recurring(weekday=None, starts=180, ends=210)),
        ("sat 23:30-00:30", Recurring(weekday=5, starts=1410, ends=1470)),
        ("sat 00:00-24:00", Recurring(weekday=5, starts=0, ends=1440)),
        (
            "2026-12-24 22:00 - 2026-12-25 06:00",
            Once(starts=datetime(2026, 12, 24, 22), ends=datetime(2026, 12, 25, 6)),
        ),
    ],
)
def test_a_window_is_written_so(text: str, window: Window) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must be like"),
        ("sunday 02:00-04:00", "must be like"),
        ("sun 2:00-4:00", "must be like"),
        ("sun 02:00", "must be like"),
        ("02:00-04:00", "must be like"),
        ("2026-12-24 22:00 - 06:00", "must be like"),
        ("sun 02:60-04:00", "no such time"),
        ("sun 24:00-04:00", "no such time"),
        ("sun 02:00-24:01", "no such time"),
        ("sun 02:00-02:00", "ends when it begins"),
        ("2026-02-29 22:00 - 2026-03-01 06:00", "no such date"),
        ("2026-12-24 25:00 - 2026-12-25 06:00", "no such date"),
        ("2026-12-25 06:00 - 2026-12-24 22:00", "ends before it begins"),
        ("2026-12-25 06:00 - 2026-12-25 06:00", "ends before it begins"),
    ],
)
def test_a_window_that_cannot_be_is_said_to_be_wrong(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_window(text)


@dataclass(frozen=True, kw_only=True)
class Night:
    """A window, and when it is open around a moment in UTC."""

    id: str
    window: str
    around: str
    span: tuple[str, str] | None


NIGHTS = [
    Night(
        id="in winter",
        window="sun 02:00-04:00",
        around="2026-01-11T00:00Z",
        span=("2026-01-11T02:00:00Z", "2026-01-11T04:00:00Z"),
    ),
    Night(
        id="in summer",
        window="sun 02:00-04:00",
        around="2026-07-12T00:00Z",
        span=("2026-07-12T01:00:00Z", "2026-07-12T03:00:00Z"),
    ),
    Night(
        id="past midnight",
        window="sat 23:00-01:00",
        around="2026-01-10T22:00Z",
        span=("2026-01-10T23:00:00Z", "2026-01-11T01:00:00Z"),
    ),
    # 2026-03-29: at 01:00 UTC the clock goes from 01:00 to 02:00.
    Night(
        id="spring, around the hour left out",
        window="daily 00:30-02:30",
        around="2026-03-29T00:00Z",
        span=("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
    ),
    Night(
        id="spring, begins in the hour left out",
        window="sun 01:30-02:30",
        around="2026-03-29T00:00Z",
        span=("2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"),
    ),
    Night(
        id="spring, ends in the hour left out",
        window="sun 00:30-01:30",
        around="2026-03-29T00:00Z",
        span=("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
    ),
    Night(
        id="spring, within the hour left out: not that night",
        window="daily 01:10-01:50",
        around="2026-03-29T00:00Z",
        span=("2026-03-30T00:10:00Z", "2026-03-30T00:50:00Z"),
    ),
    # 2026-10-25: at 01:00 UTC the clock goes from 02:00 back to 01:00.
    Night(
        id="autumn, around the hour that comes twice",
        window="daily 00:30-02:30",
        around="2026-10-24T22:00Z",
        span=("2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z"),
    ),
    Night(
        id="autumn, begins in the hour that comes twice",
        window="sun 01:30-03:00",
        around="2026-10-24T22:00Z",
        span=("2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"),
    ),
    Night(
        id="autumn, ends in the hour that comes twice",
        window="sun 00:30-01:30",
        around="2026-10-24T22:00Z",
        span=("2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z"),
    ),
    Night(
        id="autumn, within the hour that comes twice",
        window="sun 01:10-01:50",
        around="2026-10-24T22:00Z",
        span=("2026-10-25T00:10:00Z", "2026-10-25T01:50:00Z"),
    ),
    Night(
        id="once",
        window="2026-12-24 22:00 - 2026-12-25 06:00",
        around="2026-12-24T00:00Z",
        span=("2026-12-24T22:00:00Z", "2026-12-25T06:00:00Z"),
    ),
    Night(id="once, and over", window="2026-12-24 22:00 - 2026-12-25 06:00", around="2026-12-25T06:00Z", span=None),
]


@pytest.mark.parametrize("night", NIGHTS, ids=lambda night: night.id)
def test_a_window_follows_the_clock_on_the_wall(night: Night) -> None:
    maintenance, now = london(night.window), at(night.around)
    coming = maintenance.next(now)
    assert (told(maintenance.at(now)), told(coming)) == (None, night.span)
    if coming is not None:
        assert maintenance.at(coming.starts - 1) is None
        assert maintenance.at(coming.starts) == maintenance.at(coming.ends - 1) == coming
        assert maintenance.at(coming.ends) is None


def test_windows_that_touch_are_one_and_told_with_the_last_end() -> None:
    maintenance = london("sun 02:00-04:00", "sun 03:00-05:00", "daily 05:00-05:30", "daily 12:00-12:30")
    now = at("2026-01-11T02:30Z")
    assert told(maintenance.at(now)) == ("2026-01-11T02:00:00Z", "2026-01-11T05:30:00Z")
    assert told(maintenance.next(now)) == ("2026-01-11T12:00:00Z", "2026-01-11T12:30:00Z")


def test_the_end_is_told_in_local_time_and_with_its_date_where_that_is_far() -> None:
    maintenance = london("sun 02:00-04:00", "2026-12-24 22:00 - 2026-12-27 06:00")
    near, far = at("2026-07-12T01:00Z"), at("2026-12-24T22:00Z")
    assert [maintenance.in_words(span, now) for now in (near, far) if (span := maintenance.at(now))] == [
        "maintenance until 04:00 Europe/London",
        "maintenance until 2026-12-27 06:00 Europe/London",
    ]


def test_without_windows_there_is_no_maintenance() -> None:
    assert (london().at(at("2026-01-11T02:30Z")), london().next(at("2026-01-11T02:30Z"))) == (None, None)


@pytest.mark.parametrize(
    ("windows", "none_left"),
    [
        (["daily 00:00-24:00"], True),
        (["daily 00:00-12:00", "daily 12:00-00:00"], True),
        ([f"{day} 00:00-24:00" for day in DAYS], True),
        (["daily 00:00-23:59"], False),
        (["2026-01-01 00:00 - 2027-01-01 00:00"], False),
        ([], False),
    ],
)
def test_windows_that_fill_the_week_leave_no_time(windows: list[str], none_left: bool) -> None:
    assert leave_no_time([parse_window(one) for one in windows]) is none_left


MINUTES = st.integers(min_value=0, max_value=1439)


@given(
    weekday=st.none() | st.integers(0, 6),
    starts=MINUTES,
    length=st.integers(1, 1440),
    zone=st.sampled_from(["Europe/London", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "UTC"]),
    moment=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
)
def test_a_moment_is_in_a_window_as_the_wall_says_except_in_an_hour_that_comes_twice(
    weekday: int | None, starts: int, length: int, zone: str, moment: datetime
) -> None:
    where = ZoneInfo(zone)
    maintenance = Maintenance([Recurring(weekday=weekday, starts=starts, ends=starts + length)], where)
    now = to_micros(moment.replace(tzinfo=UTC))
    wall = from_micros(now).astimezone(where).replace(tzinfo=None)
    inside = False
    for back in (0, 1):
        midnight = datetime.combine(wall.date() - timedelta(days=back), datetime.min.time())
        if weekday is None or midnight.weekday() == weekday:
            first = midnight + timedelta(minutes=starts)
            inside = inside or first <= wall < first + timedelta(minutes=length)
    span = maintenance.at(now)
    if inside:
        assert span is not None
        assert span.starts <= now < span.ends
    elif span is not None:
        changes = {(from_micros(now) + timedelta(hours=hours)).astimezone(where).utcoffset() for hours in (-3, 0, 3)}
        assert len(changes) > 1, "only around a change-over may a window last longer than the wall shows"


@given(moments=st.lists(st.integers(0, 40 * 86_400), min_size=1, max_size=20))
def test_what_was_found_for_one_moment_is_right_for_every_other(moments: list[int]) -> None:
    """However the moments follow each other: what is kept between two questions changes no answer."""
    windows = ("daily 03:00-03:30", "sun 02:00-04:00", "2026-03-20 22:00 - 2026-03-25 06:00")
    kept, start = london(*windows), at("2026-03-10T00:00Z")
    for moment in moments:
        now = start + moment * SECOND
        fresh = london(*windows)
        assert (kept.at(now), kept.next(now)) == (fresh.at(now), fresh.next(now))
