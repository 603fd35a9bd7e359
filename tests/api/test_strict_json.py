"""JSON as we accept it, and as we fingerprint it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.canonical_json import canonical
from app.api.strict_json import MAX_NODES, parse, pointer
from app.domain.errors import FieldFault, MalformedRequest
from app.domain.json import JsonValue

CANARY = "zQ7canary"


@dataclass(frozen=True)
class Refused:
    id: str
    body: bytes
    place: str
    """A part of the message that names the place."""


REFUSED = [
    Refused("empty", b"", "byte 0"),
    Refused("only-space", b" \n", "byte 2"),
    Refused("bom", b"\xef\xbb\xbf{}", "byte order mark"),
    Refused("utf-16", '{"a":1}'.encode("utf-16"), "UTF-8 at byte 0"),
    Refused("utf-16-le", '{"a":1}'.encode("utf-16-le"), "byte 1"),
    Refused("utf-16-be", '{"a":1}'.encode("utf-16-be"), "byte 0"),
    Refused("utf-32", '{"a":1}'.encode("utf-32-le"), "byte 1"),
    Refused("latin-1", '{"a":"é"}'.encode("latin-1"), "UTF-8 at byte 6"),
    Refused("overlong", b'{"a":"\xc0\xaf"}', "UTF-8 at byte 6"),
    Refused("raw-surrogate", b'{"a":"\xed\xa0\x80"}', "UTF-8 at byte 6"),
    Refused("beyond-unicode", b'"\xf4\x90\x80\x80"', "UTF-8 at byte 1"),
    Refused("cut-utf-8", b'"\xe2\x82', "UTF-8 at byte 1"),
    Refused("duplicate", b'{"a":1,"a":2}', "the top"),
    Refused("duplicate-same-value", b'{"a":1,"a":1}', "the top"),
    Refused("duplicate-deep", b'{"a":[0,{"b":1,"b":2}]}', "At /a/1 "),
    Refused("duplicate-by-escape", b'{"a":1,"\\u0061":2}', "the top"),
    Refused("duplicate-empty-name", b'{"":1,"":2}', "the top"),
    Refused("nan", b'{"a":NaN}', "At /a "),
    Refused("infinity", b"[Infinity]", "At /0 "),
    Refused("minus-infinity", b"-Infinity", "the top"),
    Refused("1e999", b'{"a":1e999}', "At /a "),
    Refused("minus-1e999", b'{"a":-1e999}', "At /a "),
    Refused("1e-999", b'{"a":1e-999}', "At /a "),
    Refused("2-to-the-53-and-1", b'{"a":9007199254740993}', "At /a "),
    Refused("minus-2-to-the-53-and-1", b"-9007199254740993", "the top"),
    Refused("20-digits", b'{"a":12345678901234567890}', "At /a "),
    Refused("5000-digits", b'{"a":' + b"9" * 5000 + b"}", "At /a "),
    Refused("real-beyond-2-to-the-53", b'{"a":9007199254740994.5}', "At /a "),
    Refused("1e17", b'{"a":1e17}', "At /a "),
    Refused("depth-33", b"[" * 33 + b"]" * 33, "32 levels"),
    Refused("depth-33-objects", b'{"a":' * 33 + b"1" + b"}" * 33, "32 levels"),
    Refused("depth-100000", b"[" * 100_000, "32 levels"),
    Refused("depth-unclosed-text", b"[" * 40 + b'"', "32 levels"),
    Refused("10001-nodes", b"[" + b",".join([b"0"] * MAX_NODES) + b"]", "10,000 values"),
    Refused("100000-nodes", b"[" + b",".join([b"{}"] * 80_000) + b"]", "10,000 values"),
    Refused("nul", b'{"a":"\\u0000"}', "At /a "),
    Refused("c0", b'{"a":"\\u0001"}', "At /a "),
    Refused("backspace", b'{"a":"\\b"}', "At /a "),
    Refused("form-feed", b'{"a":"\\f"}', "At /a "),
    Refused("escape", b'{"a":["\\u001b[31m"]}', "At /a/0 "),
    Refused("unit-separator", b'{"a":"\\u001F"}', "At /a "),
    Refused("vertical-tab", b'{"a":"\\u000b"}', "At /a "),
    Refused("c0-in-name", b'{"a":{"\\u0007":1}}', "At /a "),
    Refused("raw-newline", b'{"a":"x\ny"}', "byte 7"),
    Refused("raw-nul", b'{"a":"\x00"}', "byte 6"),
    Refused("fffe-escaped", b'{"a":"\\ufffe"}', "At /a "),
    Refused("ffff-escaped", b'{"a":"\\uFFFF"}', "At /a "),
    Refused("ffff-raw", '{"a":"\uffff"}'.encode(), "At /a "),
    Refused("high-surrogate", b'{"a":"\\ud800"}', "At /a "),
    Refused("low-surrogate", b'{"a":"x\\udc00"}', "At /a "),
    Refused("surrogates-swapped", b'{"a":"\\ude00\\ud83d"}', "At /a "),
    Refused("surrogate-in-name", b'{"\\ud800":1}', "the top"),
    Refused("trailing-text", b'{"a":1} x', "byte 8"),
    Refused("two-values", b"{}{}", "byte 2"),
    Refused("trailing-comma", b'{"a":1,}', "byte 7"),
    Refused("trailing-comma-list", b"[1,]", "byte"),
    Refused("comment", b'{"a":1 /* x */}', "byte 7"),
    Refused("single-quotes", b"{'a':1}", "byte 1"),
    Refused("bare-name", b"{a:1}", "byte 1"),
    Refused("leading-zero", b'{"a":012}', "byte 6"),
    Refused("plus", b'{"a":+1}', "byte 5"),
    Refused("bare-point", b'{"a":.5}', "byte 5"),
    Refused("hex", b'{"a":0x1f}', "byte 6"),
    Refused("bad-escape", b'{"a":"\\x41"}', "byte 6"),
    Refused("short-escape", b'{"a":"\\u12"}', "byte"),
    Refused("unclosed", b'{"a":[1,2', "byte 9"),
    Refused("unclosed-text", b'{"a":"x', "byte 5"),
    Refused("python-words", b'{"a":None}', "byte 5"),
    Refused("nbsp", '\u00a0{"a":1}'.encode(), "byte 0"),
    Refused("byte-not-character", '{"é":1,}'.encode(), "byte 8"),
    Refused("fault-and-broken", b'{"a":NaN', "In the body"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_what_we_do_not_accept_is_malformed_and_says_where(case: Refused) -> None:
    begun = time.perf_counter()
    with pytest.raises(MalformedRequest) as refused:
        parse(case.body)
    assert time.perf_counter() - begun < 1
    assert case.place in refused.value.detail
    assert len(refused.value.detail) < 200


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(REFUSED) >= 60


@pytest.mark.parametrize(
    "body",
    [
        f'{{"{CANARY}<x":NaN}}',
        f'{{"a":"{CANARY}\\u0000"}}',
        f'{{"{CANARY}\\u0000":1}}',
        f'{{"a":{CANARY}}}',
        f'{{"a":1}}{CANARY}',
        f'{{"<{CANARY}>":{{"b":1,"b":2}}}}',
    ],
)
def test_a_refusal_never_repeats_what_was_sent(body: str) -> None:
    with pytest.raises(MalformedRequest) as refused:
        parse(body.encode())
    assert CANARY not in refused.value.detail
    assert all(CANARY not in fault.pointer + fault.message for fault in refused.value.faults)


def test_a_refusal_points_at_the_member() -> None:
    with pytest.raises(MalformedRequest) as refused:
        parse(b'{"parts":[{"count":1e999}]}')
    why = "At /parts/0/count a number lies beyond 2^53, where numbers lose digits."
    assert refused.value.faults == (FieldFault(pointer="/parts/0/count", code="malformed-request", message=why),)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b" [1, 2.5, -0, 1e3]\r\n\t", [1, 2.5, 0, 1000.0]),
        (b"null", None),
        (b'"x"', "x"),
        (b"9007199254740992", 2**53),
        (b"-9007199254740992", -(2**53)),
        (b"0.0", 0.0),
        (b"0e-999", 0.0),
        (b"[" * 32 + b"]" * 32, None),
        (b'"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"[[["', None),
        (b"[" + b",".join([b"0"] * (MAX_NODES - 1)) + b"]", None),
        (b'"a,b' + b"," * 20_000 + b'"', None),
        (b'"tab\\tline\\nreturn\\r"', "tab\tline\nreturn\r"),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"😀 é \u2028 \x7f \x85 \ufffd"'.encode(), "😀 é \u2028 \x7f \x85 \ufffd"),
        (b'"\\\\u0000"', "\\u0000"),
    ],
)
def test_good_json_is_read_as_it_stands(body: bytes, value: JsonValue) -> None:
    assert parse(body) == (json.loads(body) if value is None else value)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(-(2**53), 2**53, allow_subnormal=False)
        | st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé😀", max_size=4), inner, max_size=4),
        max_leaves=20,
    )
)
def test_what_is_accepted_comes_back_equal_from_its_canonical_form(value: JsonValue) -> None:
    form = canonical(parse(json.dumps(value).encode()))
    assert parse(form) == value
    assert canonical(parse(form)) == form


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # RFC 8785 appendix B and §3.2.2
        (333333333.33333329, "333333333.3333333"),
        (1e30, "1e+30"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (0.000000000000000000000000001, "1e-27"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (1e21, "1e+21"),
        (1424953923781206.2, "1424953923781206.2"),
        (-0.0, "0"),
        (1.0, "1"),
        (1, "1"),
        (-1.25, "-1.25"),
        (True, "true"),
        (None, "null"),
        ('€$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
    ],
)
def test_scalars_are_written_as_rfc_8785_says(value: JsonValue, text: str) -> None:
    assert canonical(value) == text.encode()


def test_names_are_ordered_by_utf_16_code_units() -> None:
    value = {"€": "Euro", "\r": "CR", "\ufb33": "Dalet", "1": "One", "😀": "Smiley", "\x80": "Control", "ö": "O"}
    assert [*json.loads(canonical(value))] == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


@pytest.mark.parametrize("body", [b'{"a":1,"b":[0]}', b'{ "b" : [-0.0], "a" : 1.0 }', b'{"b":[0e5],"\\u0061":1e0}'])
def test_three_spellings_of_one_value_have_one_canonical_form(body: bytes) -> None:
    assert canonical(parse(body)) == b'{"a":1,"b":[0]}'


def test_texts_are_not_normalised() -> None:
    assert canonical("\u00e9") != canonical("e\u0301")


def test_a_pointer_stops_above_a_name_that_is_not_plain() -> None:
    assert pointer(("assets", "3182", 0, "name")) == "/assets/3182/0/name"
    for odd in ("<script>", 'a"b', "a\\b", "a\nb", "a\x7fb", "é", "x" * 41, ""):
        assert pointer(("assets", odd, "name")) == "/assets"


@pytest.mark.parametrize(
    ("key", "escaped"), [("C1~1900-01-01", "C1~01900-01-01"), ("a/b", "a~1b"), ("~1", "~01"), ("O'Hara 7: a.b",) * 2]
)
def test_a_pointer_goes_on_below_the_keys_of_collections(key: str, escaped: str) -> None:
    assert pointer(("related_values", key, "foo")) == f"/related_values/{escaped}/foo"
