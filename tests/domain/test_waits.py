"""How long a Retry-After asks to wait: seconds or a date, and whatever else stands there asks for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from app.domain.waits import retry_after, whole_seconds

NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Wait:
    id: str
    text: str | None
    seconds: float | None


WAITS = [
    Wait(id="none", text=None, seconds=None),
    Wait(id="nothing", text="", seconds=None),
    Wait(id="at once", text="0", seconds=0),
    Wait(id="seconds", text="7", seconds=7),
    Wait(id="seconds among blanks", text=" 7 ", seconds=7),
    Wait(id="seconds after many zeros", text="0000000030", seconds=30),
    Wait(id="no seconds in many zeros", text="0" * 400, seconds=0),
    Wait(id="nearly the longest", text="999999998", seconds=999_999_998),
    Wait(id="longer than anybody waits", text="9" * 5000, seconds=999_999_999),
    Wait(id="a date", text="Fri, 20 Nov 2026 20:41:00 GMT", seconds=60),
    Wait(id="a date of another zone", text="Fri, 20 Nov 2026 22:41:00 +0200", seconds=60),
    Wait(id="a date without a zone", text="Fri, 20 Nov 2026 20:41:00 -0000", seconds=60),
    Wait(id="a date that has passed", text="Fri, 20 Nov 2026 20:39:00 GMT", seconds=0),
    Wait(id="a date of the first day", text="Mon, 01 Jan 0001 00:00:00 +1400", seconds=0),
    Wait(id="a date with half a zone", text="Mon, 20 Nov 1995 19:12:08 +99999", seconds=None),
    Wait(id="a date with no such zone", text="Mon, 20 Nov 1995 19:12:08 +99999999999999", seconds=None),
    Wait(id="words", text="soon", seconds=None),
    Wait(id="less than nothing", text="-1", seconds=None),
    Wait(id="a fraction", text="1.5", seconds=None),
    Wait(id="digits of another script", text="٧", seconds=None),
    Wait(id="a digit raised", text="²", seconds=None),
]


@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: wait.id)
def test_how_long_to_wait(wait: Wait) -> None:
    assert retry_after({} if wait.text is None else {"retry-after": wait.text}, now=NOW) == wait.seconds


@pytest.mark.parametrize(("text", "number"), [("10", 10), ("00000010", 10), ("", None), ("ten", None), ("+1", None)])
def test_a_number_is_what_its_digits_write(text: str, number: int | None) -> None:
    assert whole_seconds(text) == number
