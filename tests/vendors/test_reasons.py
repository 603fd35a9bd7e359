"""A caller's reason becomes the vendor's code by the backend's tables, and only one of the two may be given."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidRequest, ReasonUnknown
from app.domain.json import JsonObject
from app.vendors.reasons import reason_code
from app.vendors.vendor import BackendSettings

SETTINGS = BackendSettings(
    vendor="acme", url="http://acme.example", reasons={"weather": "12"}, late_reasons={"access_refused": "32"}
)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, None),
        ({"reason_code": None, "late_reason": None}, None),
        ({"reason_code": "weather"}, "12"),
        ({"late_reason": "access_refused"}, "32"),
        ({"reason_code": None, "late_reason": "access_refused"}, "32"),
    ],
)
def test_a_reason_is_the_backends_own_code(body: JsonObject, code: str | None) -> None:
    assert reason_code(SETTINGS, body, vendor="Acme") == code


@pytest.mark.parametrize(
    ("body", "pointer", "known"),
    [
        ({"reason_code": "access_refused"}, "/reason_code", ["weather"]),
        ({"late_reason": "weather"}, "/late_reason", ["access_refused"]),
        ({"reason_code": 12}, "/reason_code", ["weather"]),
    ],
)
def test_a_reason_that_this_backend_does_not_have_is_refused_with_those_that_it_has(
    body: JsonObject, pointer: str, known: list[str]
) -> None:
    with pytest.raises(ReasonUnknown) as caught:
        reason_code(SETTINGS, body, vendor="Acme")
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert caught.value.members == {"known": known}


def test_a_reason_and_a_late_reason_together_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="Acme keeps one") as caught:
        reason_code(SETTINGS, {"reason_code": "weather", "late_reason": "access_refused"}, vendor="Acme")
    assert [fault.pointer for fault in caught.value.faults] == ["/late_reason"]
