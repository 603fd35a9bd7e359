"""Points in time: microseconds in the store, RFC 3339 in UTC in the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.times import SECOND, from_micros, rfc3339, rfc3339_micros, to_micros


@dataclass(frozen=True)
class Case:
    id: str
    at: datetime
    micros: int
    text: str


CASES = [
    Case("the beginning", datetime(1970, 1, 1, tzinfo=UTC), 0, "1970-01-01T00:00:00Z"),
    Case("before it", datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1, "1969-12-31T23:59:59.999999Z"),
    Case("whole seconds", datetime(2026, 11, 20, 20, 40, tzinfo=UTC), 1_795_207_200 * SECOND, "2026-11-20T20:40:00Z"),
    Case(
        "another offset",
        datetime(2026, 11, 20, 22, 40, 0, 500_000, tzinfo=timezone(timedelta(hours=2))),
        1_795_207_200 * SECOND + 500_000,
        "2026-11-20T20:40:00.500000Z",
    ),
    Case(
        "the hour that comes twice, its second time",
        datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=ZoneInfo("Europe/London")),
        1_792_891_800 * SECOND,
        "2026-10-25T01:30:00Z",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_time_is_stored_and_written_in_utc(case: Case) -> None:
    assert (to_micros(case.at), rfc3339(case.at), rfc3339_micros(case.micros)) == (case.micros, case.text, case.text)
    assert from_micros(case.micros) == case.at.astimezone(UTC)
    assert from_micros(case.micros).tzinfo is UTC


@given(st.datetimes(timezones=st.timezones()))
def test_a_stored_time_loses_nothing(at: datetime) -> None:
    assert from_micros(to_micros(at)) == at.astimezone(UTC)


def test_no_time_is_written_as_none() -> None:
    assert rfc3339_micros(None) is None
