"""JSON of a vendor: read only where it can be kept and written again, and written as compactly as it goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidRequest
from app.domain.json import JsonValue
from app.vendors.json_bodies import NotJson, json_bytes, json_value

NO_JSON = {
    "nothing": b"",
    "half": b'{"a":"1"',
    "a page": b"<html></html>",
    "NaN": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "a number beyond all numbers": b'{"a":1e999}',
    "a number of 5000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "half a character": b'{"a":"\\ud800"}',
    "NUL": b'{"a":"\\u0000"}',
    "NUL after backslashes": b'{"a":"\\\\\\\\\\u0000"}',
    "NUL in a name": b'{"a\\u0000":1}',
    "not UTF-8": b"\xff",
    "lists without end": b"[" * 100_000,
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_what_could_not_be_kept_is_no_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        json_value(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"null", None),
        (b"[7, 1.5, true]", [7, 1.5, True]),
        ('{"a":"☂\\u2602"}'.encode(), {"a": "☂☂"}),
        (b'{"a":"\\ud83d\\udee0"}', {"a": "\U0001f6e0"}),
        (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    ],
)
def test_json_is_read_as_it_stands(body: bytes, value: JsonValue) -> None:
    assert json_value(body) == value


def test_json_is_written_compactly_in_utf_8() -> None:
    assert json_bytes({"a": ["Zürich", None, 1.5]}) == '{"a":["Zürich",null,1.5]}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_carry_is_refused(value: JsonValue) -> None:
    with pytest.raises(InvalidRequest):
        json_bytes({"a": value})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("aß☂\\u0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\\", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(ANYTHING)
def test_what_was_written_is_read_back(value: JsonValue) -> None:
    assert json_value(json_bytes(value)) == value
