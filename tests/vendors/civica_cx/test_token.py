"""The token that Cx gives: until when it is used, never longer than Cx allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.vendors.civica_cx.answers import Result, read_answer
from app.vendors.civica_cx.names import Names
from app.vendors.civica_cx.token import token_from
from app.vendors.tokens import Token
from tests.vendors.civica_cx.messages import sample, soap, token_given

LONDON = ZoneInfo("Europe/London")
ISSUED = datetime(2023, 6, 1, 17, 0, tzinfo=UTC)


def parsed(message: bytes) -> Result:
    result = read_answer(soap(message), "GetUserWSToken", Names())
    assert isinstance(result, Result)
    return result


def test_the_documented_token_lives_until_a_minute_before_seven_in_the_evening() -> None:
    token = token_from(parsed(sample("token_given.xml")), Names(), now=ISSUED, zone=LONDON)
    assert token == Token(text="diys1t3r0iadxe", use_until=datetime(2023, 6, 1, 17, 59, 16, 571865, tzinfo=UTC))


@pytest.mark.parametrize(
    ("expiry", "use_until"),
    [
        ("2023-06-01T18:05:00+01:00", ISSUED + timedelta(seconds=270)),
        ("2023-06-01T18:05:00", ISSUED + timedelta(seconds=270)),
        ("2023-06-01T17:05:00Z", ISSUED + timedelta(seconds=270)),
        ("2023-06-02T17:00:00Z", ISSUED + timedelta(hours=23, minutes=59)),
        ("2023-06-01T16:00:00Z", ISSUED + timedelta(seconds=1)),
        ("9999-12-31T23:59:59.9999999-12:00", ISSUED + timedelta(days=364, hours=23, minutes=59)),
        ("", ISSUED + timedelta(seconds=54)),
        ("later", ISSUED + timedelta(seconds=54)),
    ],
    ids=[
        "a tenth early",
        "on the clients clock",
        "in UTC",
        "at most a minute early",
        "expired already",
        "never",
        "none",
        "no time",
    ],
)
def test_a_token_is_used_until_a_minute_or_a_tenth_of_its_life_before_it_expires(
    expiry: str, use_until: datetime
) -> None:
    token = token_from(parsed(token_given(expiry=expiry)), Names(), now=ISSUED, zone=LONDON)
    assert token == Token(text="diys1t3r0iadxe", use_until=use_until)


def test_an_answer_without_a_token_is_none() -> None:
    assert token_from(parsed(token_given(text="")), Names(), now=ISSUED, zone=LONDON) is None
