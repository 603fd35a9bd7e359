"""What is read alike in every vendor's answer: its media type, how long it asks us to wait, its words without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from app.vendors.replies import media_type, redacted, retry_after, whole

NOW = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Wait:
    id: str
    text: str | None
    seconds: float | None


WAITS = [
    Wait(id="none", text=None, seconds=None),
    Wait(id="nothing", text="", seconds=None),
    Wait(id="seconds", text="7", seconds=7),
    Wait(id="seconds among blanks", text=" 7 ", seconds=7),
    Wait(id="a date", text="Fri, 20 Nov 2026 20:41:00 GMT", seconds=60),
    Wait(id="a date without a zone", text="Fri, 20 Nov 2026 20:41:00 -0000", seconds=60),
    Wait(id="a date that has passed", text="Fri, 20 Nov 2026 20:39:00 GMT", seconds=0),
    Wait(id="words", text="soon", seconds=None),
    Wait(id="less than nothing", text="-1", seconds=None),
    Wait(id="digits of another script", text="٧", seconds=None),
    Wait(id="too long to be meant", text="9" * 10, seconds=None),
]


@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: wait.id)
def test_how_long_to_wait(wait: Wait) -> None:
    assert retry_after({} if wait.text is None else {"retry-after": wait.text}, now=NOW) == wait.seconds


@pytest.mark.parametrize(("seconds", "told"), [(None, None), (0.0, 0), (0.2, 1), (7.0, 7), (59.0001, 60)])
def test_nobody_is_told_to_come_earlier_than_the_vendor_asked(seconds: float | None, told: int | None) -> None:
    assert whole(seconds) == told


@pytest.mark.parametrize(
    ("header", "read"),
    [("text/xml", "text/xml"), (" Application/JSON ; charset=utf-8", "application/json"), ("", "")],
)
def test_a_media_type_is_read_without_its_parameters(header: str, read: str) -> None:
    assert media_type({"content-type": header}) == read


def test_an_answer_without_a_content_type_has_no_media_type() -> None:
    assert media_type({}) == ""


def test_our_secrets_are_taken_out_of_the_vendors_words() -> None:
    assert redacted("hunter2 is wrong, t0ken too: hunter2", ("hunter2", "t0ken")) == "*** is wrong, *** too: ***"


def test_a_secret_that_is_empty_is_in_no_text() -> None:
    assert redacted("no", ("",)) == "no"


def test_long_words_are_cut_after_the_secrets_are_out() -> None:
    assert redacted("x" * 498 + "hunter2" + "y" * 9, ("hunter2",)) == "x" * 498 + "**"
