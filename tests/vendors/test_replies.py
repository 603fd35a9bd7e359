"""What is read alike in every vendor's answer: its media type, its words without our secrets."""

from __future__ import annotations

import pytest

from app.vendors.replies import media_type, redacted, whole


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
