"""ETags and the headers that name them: the grammar of RFC 9110 (8.8.3, 13.1.1, 13.1.2), weak tags, and `*`."""

from __future__ import annotations

import pytest

from app.domain.entity_tags import entity_tag, if_match, if_none_match, meets, names_tag
from app.domain.errors import MalformedRequest

TAG = entity_tag("record", "N")

READ: dict[str | None, tuple[str, ...]] = {
    None: (),
    "*": ("*",),
    "  * ": ("*",),
    '"a"': ('"a"',),
    '""': ('""',),
    'W/"a"': ('W/"a"',),
    '"a", "b"': ('"a"', '"b"'),
    '"a","b" ,\t"c"': ('"a"', '"b"', '"c"'),
    '"a", W/"b"': ('"a"', 'W/"b"'),
    '"!#$%&()*+-./:;<=>?@[]^_`{|}~"': ('"!#$%&()*+-./:;<=>?@[]^_`{|}~"',),
    '"a,b"': ('"a,b"',),
    '"a,b", "c"': ('"a,b"', '"c"'),
    '"a", , "b"': ('"a"', '"b"'),
    ', "a",': ('"a"',),
    ' ,\t, "a" ,  ,\t,"b" , , ': ('"a"', '"b"'),
}


@pytest.mark.parametrize(("header", "tags"), READ.items())
def test_an_if_match_is_read_by_the_grammar_of_rfc_9110(header: str | None, tags: tuple[str, ...]) -> None:
    assert if_match(header) == tags


WRONG = [
    *("", "   ", ",", "a", "'a'", "**"),
    *('"a', 'a"', '"*', '"a" "b"', '"a"b"', '"a b"', '"a\x7f"'),
    *('w/"a"', "W/a", 'W/ "a"'),
    *('*, "a"', '"a", *'),
]


@pytest.mark.parametrize("header", WRONG)
def test_what_is_no_if_match_is_a_malformed_request(header: str) -> None:
    with pytest.raises(MalformedRequest):
        if_match(header)


@pytest.mark.parametrize("gap", [",  ", ", ", ",\t\t\t", " , ", ","])
@pytest.mark.parametrize("start", ["", '"a"'])
def test_a_list_of_empty_members_is_refused_in_no_time(start: str, gap: str) -> None:
    with pytest.raises(MalformedRequest):
        if_match(start + gap * 20_000 + "!")


@pytest.mark.parametrize(("header", "read"), [(None, ()), ("*", ("*",)), (" * ", ("*",))])
def test_an_if_none_match_of_a_write_is_any_order(header: str | None, read: tuple[str, ...]) -> None:
    assert if_none_match(header) == read


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', "", "**", '*, "a"'])
def test_any_other_if_none_match_of_a_write_says_what_to_send_instead(header: str) -> None:
    with pytest.raises(MalformedRequest, match="send its ETag as If-Match"):
        if_none_match(header)


def test_an_order_s_tag_is_a_strong_one_of_its_record_and_its_status() -> None:
    assert if_match(TAG) == (TAG,)
    assert not TAG.startswith("W/")
    assert entity_tag("record", "N") == TAG
    others = {entity_tag("record", "P"), entity_tag("other", "N"), entity_tag(None, "N"), entity_tag("record", None)}
    assert len(others | {TAG}) == 5


MEETS = [
    ((), True),
    (("*",), True),
    ((TAG,), True),
    (('"a"', TAG), True),
    (('"a"',), False),
    ((f"W/{TAG}",), False),
    ((f"W/{TAG}", TAG), True),
    (('"*"',), False),
]


@pytest.mark.parametrize(("tags", "met"), MEETS)
def test_an_order_meets_an_if_match_by_strong_comparison_only(tags: tuple[str, ...], met: bool) -> None:
    assert meets(tags, TAG) is met


NAMES = {
    TAG: True,
    f"W/{TAG}": True,
    f'"a", {TAG}': True,
    f'"a",W/{TAG} , "b"': True,
    "*": True,
    '"a"': False,
    "": False,
    TAG.strip('"'): False,
}


@pytest.mark.parametrize(("header", "named"), NAMES.items())
def test_an_if_none_match_names_an_order_by_weak_comparison(header: str, named: bool) -> None:
    assert names_tag(header, TAG) is named
