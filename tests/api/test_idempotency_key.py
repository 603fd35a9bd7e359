"""The Idempotency-Key header, and what makes two requests the same."""

from __future__ import annotations

import hashlib

import pytest
from starlette.requests import HTTPConnection

from app.api.idempotency_key import fingerprint, idempotency_key, optional_idempotency_key
from app.api.strict_json import parse
from app.domain.errors import IdempotencyKeyMissing, MalformedRequest
from app.domain.json import JsonValue

KEY = "2f4c9b1e-7a55-4f0e-9d0c-0b9f6c0f8a11"


def request(*values: str) -> HTTPConnection:
    headers = [(b"idempotency-key", value.encode("latin-1")) for value in values]
    return HTTPConnection({"type": "http", "headers": [(b"host", b"x"), *headers]})


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (KEY, KEY),
        (f'"{KEY}"', KEY),
        (f"  {KEY}\t", KEY),
        ("a" * 16, "a" * 16),
        ("a" * 255, "a" * 255),
        ('"' + "a" * 255 + '"', "a" * 255),
        ('"0123456789abcde\\""', '0123456789abcde"'),
        ('"0123456789abcde\\\\"', "0123456789abcde\\"),
        ('0123456789"abcdef', '0123456789"abcdef'),
        ("!~0123456789,;:=abc", "!~0123456789,;:=abc"),
    ],
)
def test_the_quoted_and_the_bare_key_are_the_same_key(value: str, key: str) -> None:
    assert idempotency_key(request(value)) == key
    assert optional_idempotency_key(request(value)) == key


@pytest.mark.parametrize(
    "value",
    [
        "a" * 15,
        "a" * 256,
        '"' + "a" * 15 + '"',
        '"' + "a" * 256 + '"',
        f'"{KEY}',
        f'"{KEY}";a=1',
        f'"{KEY}" "{KEY}"',
        '""',
        '"0123456789 abcdef"',
        "0123456789 abcdef",
        "0123456789abcdéf",
        '"0123456789abcdé\x7f"',
        '"0123456789abcdef\\n"',
        f"{KEY}, {KEY}",
        "0123456789\x00abcdef",
    ],
)
def test_an_unfit_key_is_malformed(value: str) -> None:
    with pytest.raises(MalformedRequest) as refused:
        optional_idempotency_key(request(value))
    assert value not in refused.value.detail


def test_two_keys_are_malformed_even_when_equal() -> None:
    with pytest.raises(MalformedRequest):
        idempotency_key(request(KEY, KEY))


@pytest.mark.parametrize("values", [(), ("",), ("  ",)])
def test_a_missing_key_is_its_own_problem_where_one_is_needed(values: tuple[str, ...]) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        idempotency_key(request(*values))


def test_a_key_that_may_be_left_out_is_left_out_or_whole() -> None:
    # An empty one comes of a fault in the caller's program, which believes that its key protects it.
    assert optional_idempotency_key(request()) is None
    for empty in ("", "  "):
        with pytest.raises(MalformedRequest):
            optional_idempotency_key(request(empty))


def of(**changed: JsonValue) -> bytes:
    same: dict[str, JsonValue] = {
        "method": "POST",
        "path_template": "/v1/backends/{backend}/work-orders/{number}/status-updates",
        "path_params": {"backend": "civica-cx", "number": "113427"},
        "query": [],
        "media_type": "application/json",
        "body": parse(b'{"status":"on_site","n":1}'),
    }
    return fingerprint(**{**same, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b'{"n":1.0,"status":"on_site"}', b' {"n" : 1e0, "st\\u0061tus":"on_site"} '])
def test_spelling_does_not_change_the_fingerprint(body: bytes) -> None:
    assert of(body=parse(body)) == of()


def test_the_order_of_the_query_does_not_change_the_fingerprint() -> None:
    assert of(query=[("b", "1"), ("a", "2")]) == of(query=[("a", "2"), ("b", "1")])


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"path_template": "/v1/backends/{backend}/work-orders"},
        {"path_params": {"backend": "civica-cx", "number": "113428"}},
        {"path_params": {"backend": "113427", "number": "civica-cx"}},
        {"query": [("replace", "assets")]},
        {"media_type": "application/merge-patch+json"},
        {"body": {"status": "on_site", "n": 2}},
        {"body": {"status": "on_site", "n": "1"}},
        {"body": {"status": "on_site", "n": True}},
        {"body": {"status": "on_site", "n": 1, "count": None}},
        {"body": {"status": "on_site"}},
        {"body": None},
    ],
)
def test_any_other_request_has_another_fingerprint(changed: dict[str, JsonValue]) -> None:
    assert of(**changed) != of()


def test_texts_that_only_look_alike_differ() -> None:
    assert of(body={"comments": "e\u0301"}) != of(body={"comments": "\u00e9"})


def test_the_fingerprint_is_stable_across_releases() -> None:
    canonical_form = (
        b'{"body":{"n":1,"status":"on_site"},"media_type":"application/json","method":"POST",'
        b'"params":{"backend":"civica-cx","number":"113427"},'
        b'"path":"/v1/backends/{backend}/work-orders/{number}/status-updates","query":[],"v":1}'
    )
    assert of() == hashlib.sha256(canonical_form).digest()
