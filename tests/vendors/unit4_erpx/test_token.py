"""The token that a log-in's answer gives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.json import JsonValue
from app.vendors.tokens import Token
from app.vendors.unit4_erpx.token import token_from
from tests.vendors.unit4_erpx.erpx import NOW


@pytest.mark.parametrize(
    ("told", "used_s"),
    [
        (3600, 3540),
        (300, 270),
        ("3600", 3540),
        (0, 1),
        (-5, 1),
        (None, 54),
        ("soon", 54),
        (True, 54),
        (1e300, 86_340),
        (10**400, 54),
    ],
)
def test_a_token_is_used_until_a_minute_or_a_tenth_of_its_life_before_it_expires(
    told: JsonValue, used_s: float
) -> None:
    token = token_from({"access_token": "abc", "expires_in": told}, now=NOW)
    assert token == Token(text="abc", use_until=NOW + timedelta(seconds=used_s))


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"access_token": None}, {"access_token": ""}, {"access_token": "a b"}]
)
def test_an_answer_without_a_token_is_none(answer: JsonValue) -> None:
    assert token_from(answer, now=NOW) is None
