"""The terms of a write: kept as JSON, and read back the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.json import JsonObject
from app.domain.terms import NO_TERMS, Terms

texts = st.lists(st.text(), max_size=3).map(tuple)


@given(texts, texts, texts, st.booleans())
def test_terms_survive_being_stored(
    replace: tuple[str, ...], if_match: tuple[str, ...], if_none_match: tuple[str, ...], keeps_status: bool
) -> None:
    terms = Terms(replace=replace, if_match=if_match, if_none_match=if_none_match, keeps_status=keeps_status)
    stored = None if (said := terms.as_json()) is None else json.loads(json.dumps(said))
    assert Terms.from_json(stored) == terms


def test_no_terms_are_kept_as_nothing() -> None:
    assert (NO_TERMS.as_json(), Terms.from_json(None), Terms.from_json({})) == (None, NO_TERMS, NO_TERMS)


def test_terms_are_kept_by_their_names() -> None:
    assert Terms(replace=("assets",), if_match=("*",)).as_json() == {"replace": ["assets"], "if_match": ["*"]}
    assert Terms(if_none_match=("*",)).as_json() == {"if_none_match": ["*"]}
    assert Terms(keeps_status=True).as_json() == {"keeps_status": True}


EXISTING = [
    (NO_TERMS, False, False),
    (Terms(replace=("assets",)), False, False),
    (Terms(if_match=("*",)), True, False),
    (Terms(if_match=('"a"',)), True, False),
    (Terms(if_none_match=("*",)), False, True),
]


@pytest.mark.parametrize(("terms", "must", "must_not"), EXISTING)
def test_an_if_match_is_met_only_by_an_order_that_exists_and_if_none_match_by_none(
    terms: Terms, must: bool, must_not: bool
) -> None:
    assert (terms.must_exist, terms.must_be_new) == (must, must_not)


@pytest.mark.parametrize("said", [{"replace": None}, {"replace": "assets"}, {"replace": {}}, {"another": ["x"]}])
def test_what_is_no_list_of_names_is_no_term(said: JsonObject) -> None:
    assert Terms.from_json(said) == NO_TERMS
