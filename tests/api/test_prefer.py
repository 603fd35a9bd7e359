"""The Prefer header."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from app.api.prefer import Preference, preference


def preferred(*values: str) -> Preference:
    headers = [(b"prefer", value.encode("latin-1")) for value in values]
    return preference(HTTPConnection({"type": "http", "headers": headers}))


@pytest.mark.parametrize(
    ("values", "wait_s", "applied"),
    [
        ((), None, None),
        (("",), None, None),
        (("respond-async",), 0, "respond-async"),
        (("Respond-Async",), 0, "respond-async"),
        (("wait=0",), 0, "wait=0"),
        (("wait=10",), 10, "wait=10"),
        (("wait = 10",), 10, "wait=10"),
        (('wait="10"',), 10, "wait=10"),
        (("WAIT=010",), 10, "wait=10"),
        (("wait=00000010",), 10, "wait=10"),
        (("wait=25",), 25, "wait=25"),
        (("wait=26",), 25, "wait=25"),
        (("wait=" + "9" * 5000,), 25, "wait=25"),
        (("respond-async, wait=5",), 5, "respond-async, wait=5"),
        (("wait=5, respond-async",), 5, "respond-async, wait=5"),
        (("respond-async", "wait=5"), 5, "respond-async, wait=5"),
        (("wait=5;x=y; z",), 5, "wait=5"),
        ((",,wait=3",), 3, "wait=3"),
        (("wait=3,,respond-async",), 3, "respond-async, wait=3"),
        (("foo=bar;x, ,wait=2", ""), 2, "wait=2"),
        (('respond-async=""',), 0, "respond-async"),
        (("wait=5, wait=7",), 5, "wait=5"),
        (("wait=5", "wait=7"), 5, "wait=5"),
        (("return=minimal, wait=5, handling=lenient",), 5, "wait=5"),
        (('foo="a, wait=9 \\" ", wait=5',), 5, "wait=5"),
        (('foo; bar="a,b", respond-async',), 0, "respond-async"),
        (("wait=-1",), None, None),
        (("wait=1.5",), None, None),
        (("wait=ten",), None, None),
        (("wait=",), None, None),
        (("wait",), None, None),
        (("wait=²",), None, None),
        (("respond-async=no",), None, None),
        (("return=minimal",), None, None),
        (("respond-async, @@@ broken",), 0, "respond-async"),
        (("@@@, respond-async",), None, None),
        (('wait=5, x="never closed',), 5, "wait=5"),
    ],
)
def test_preferences_are_read_as_rfc_7240_says(
    values: tuple[str, ...], wait_s: int | None, applied: str | None
) -> None:
    assert preferred(*values) == Preference(wait_s=wait_s, applied=applied)


@pytest.mark.parametrize(
    "text",
    [
        *('="' * 20_000, ";" * 60_000, "a," * 30_000, 'a;"' * 20_000, " " * 60_000, "a=" * 30_000),
        *(start + " " * 60_000 + "(" for start in ("a", "a=", "a=b", 'a="b"', "a;", ",")),
    ],
)
def test_a_hostile_header_is_read_in_no_time(text: str) -> None:
    assert preferred(text) == Preference()
