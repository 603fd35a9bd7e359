"""RFC 7396 merge patches: its own examples, what an order has to show, and when two values are the same."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.domain import merge_patch
from app.domain.json import JsonObject, JsonValue
from tests.domain.tables import anything

NEW_ORDER: JsonObject = {
    "title": "Hello!",
    "phoneNumber": "+01-123-456-7890",
    "author": {"familyName": None},
    "tags": ["example"],
}
ARTICLE: JsonObject = {
    "title": "Goodbye!",
    "author": {"givenName": "John", "familyName": "Doe"},
    "tags": ["example", "sample"],
    "content": "This will be unchanged",
}
PATCHED: JsonObject = {
    "title": "Hello!",
    "author": {"givenName": "John"},
    "tags": ["example"],
    "content": "This will be unchanged",
    "phoneNumber": "+01-123-456-7890",
}

# RFC 7396, section 3 and appendix A: original, patch, result.
RFC_7396: list[tuple[JsonValue, JsonValue, JsonValue]] = [
    (ARTICLE, NEW_ORDER, PATCHED),
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("original", "patch", "result"), RFC_7396)
def test_the_examples_of_rfc_7396_hold_for_a_member_of_an_order(
    original: JsonValue, patch: JsonValue, result: JsonValue
) -> None:
    """Each a level down, since a patch of ours is always an object; the rule is the same at every level."""
    assert merge_patch.applied({"it": patch}, {"it": original}) == {"it": result}


def test_the_example_of_rfc_7396_whose_patch_is_null_removes_the_member() -> None:
    assert merge_patch.applied({"it": None}, {"it": {"a": "foo"}, "other": 1}) == {"other": 1}


objects: SearchStrategy[JsonObject] = st.dictionaries(st.sampled_from("abc"), anything, max_size=3)


@given(objects, objects)
def test_an_order_shows_every_patch_that_was_applied_to_it(patch: JsonObject, order: JsonObject) -> None:
    after = merge_patch.applied(patch, order)
    assert merge_patch.missing(after, patch) == []
    assert merge_patch.shows(after, patch)
    assert merge_patch.applied(patch, after) == after


@given(objects, objects, st.lists(st.sampled_from("abc"), unique=True).map(tuple))
def test_an_order_shows_every_patch_that_replaced_collections_of_it(
    patch: JsonObject, order: JsonObject, named: tuple[str, ...]
) -> None:
    replaced = tuple(name for name in named if isinstance(patch.get(name), dict))
    after = merge_patch.with_replaced(patch, replaced, order)
    assert merge_patch.missing(after, patch, replaced=replaced) == []


@given(objects)
def test_the_patch_itself_is_not_changed(patch: JsonObject) -> None:
    order: JsonObject = {"a": {"b": 1}, "c": [1]}
    merge_patch.applied(patch, order)
    assert order == {"a": {"b": 1}, "c": [1]}


@dataclass(frozen=True, kw_only=True)
class Case:
    id: str
    order: JsonObject
    patch: JsonObject
    missing: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


ELEMENTS: JsonObject = {"assets": {"1": {"name": "a"}, "2": {"name": "b"}}}
CASES = [
    Case(id="nothing is asked", order={"a": 1}, patch={}),
    Case(id="an empty object asks for nothing", order={}, patch={"rules": {}}),
    Case(id="an empty object asks for nothing where there is another", order={"rules": {"a": 1}}, patch={"rules": {}}),
    Case(id="null is shown by absence", order={}, patch={"a": None}),
    Case(id="null is shown by null", order={"a": None}, patch={"a": None}),
    Case(id="null is not shown by a value", order={"a": 0}, patch={"a": None}, missing=("/a",)),
    Case(id="null is shown by an object of nulls", order={"a": {"b": {"c": None}}}, patch={"a": None}),
    Case(
        id="null is not shown by an object that holds something",
        order={"a": {"b": 0}},
        patch={"a": None},
        missing=("/a",),
    ),
    Case(id="null below what is absent", order={}, patch={"a": {"b": {"c": None}}}),
    Case(id="another value", order={"a": 1, "b": 2}, patch={"a": 2, "b": 2}, missing=("/a",)),
    Case(id="absent", order={}, patch={"a": {"b": 1}}, missing=("/a/b",)),
    Case(id="a value where an object is asked", order={"a": "x"}, patch={"a": {"b": 1}}, missing=("/a/b",)),
    Case(id="false is not absence", order={}, patch={"a": False}, missing=("/a",)),
    Case(id="a list is compared whole", order={"a": [1, 2]}, patch={"a": [1]}, missing=("/a",)),
    Case(
        id="a moment in another spelling",
        order={"dates": {"raised": "2026-11-20T20:40:00Z"}},
        patch={"dates": {"raised": "2026-11-20T22:40:00+02:00"}},
    ),
    Case(
        id="a moment in small letters",
        order={"dates": {"raised": "2026-11-20T20:40:00Z"}},
        patch={"dates": {"raised": "2026-11-20t20:40:00z"}},
    ),
    Case(
        id="a text that reads like one",
        order={"title": "2026-11-20T20:40:00Z"},
        patch={"title": "2026-11-20T22:40:00+02:00"},
        missing=("/title",),
    ),
    Case(id="pointers are escaped", order={}, patch={"x/y": {"~": 1}}, missing=("/x~1y/~0",)),
    Case(id="an element more", order=ELEMENTS, patch={"assets": {"1": {"name": "a"}}}),
    Case(
        id="an element more where the collection was replaced",
        order=ELEMENTS,
        patch={"assets": {"1": {"name": "a"}}},
        replaced=("assets",),
        missing=("/assets",),
    ),
    Case(
        id="a replaced collection as it should be",
        order=ELEMENTS,
        patch=ELEMENTS,
        replaced=("assets",),
    ),
    Case(
        id="a collection replaced by none",
        order=ELEMENTS,
        patch={"assets": {}},
        replaced=("assets",),
        missing=("/assets",),
    ),
    Case(id="a collection replaced by none, and none left", order={}, patch={"assets": {}}, replaced=("assets",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_an_order_does_not_show_of_a_patch_is_named_by_its_pointers(case: Case) -> None:
    found = merge_patch.missing(case.order, case.patch, replaced=case.replaced)
    assert tuple(found) == case.missing
    assert merge_patch.shows(case.order, case.patch, replaced=case.replaced) is (not case.missing)


SAME: list[tuple[JsonValue, JsonValue]] = [
    (1, 1.0),
    ({"raised": "2026-11-20T20:40:00Z"}, {"raised": "2026-11-20T20:40:00.000Z"}),
    ({"start": "2026-11-20T22:40:00+02:00"}, {"start": "2026-11-20T20:40:00Z"}),
    ({"SendDate": "2026-11-20T20:40:00+00:00"}, {"SendDate": "2026-11-20T20:40:00Z"}),
    ([{"raised": "2026-11-20T20:40:00Z"}], [{"raised": "2026-11-20T20:40:00.000Z"}]),
    ({"a": 1, "b": None}, {"a": 1}),
    ({"a": {"b": None}}, {"a": {}}),
    (None, None),
    ({}, None),
    ({"a": {"b": None}}, None),
    (True, True),
    ("x", "x"),
]
OTHER: list[tuple[JsonValue, JsonValue]] = [
    (True, 1),
    (False, 0),
    (1, "1"),
    (None, False),
    (None, ""),
    (None, 0),
    ("2026-11-20T20:40:00Z", "2026-11-20T20:40:00.000Z"),
    ({"title": "2026-11-20T22:40:00+02:00"}, {"title": "2026-11-20T20:40:00Z"}),
    ({"raised": ["2026-11-20T22:40:00+02:00"]}, {"raised": ["2026-11-20T20:40:00Z"]}),
    ({"raised": "2026-11-20"}, {"raised": "2026-11-20T00:00:00Z"}),
    ({"raised": "2026-11-20T20:40:00"}, {"raised": "2026-11-20T20:40:00Z"}),
    ({"raised": "2026-11-20T20:40:00Z"}, {"raised": "2026-11-20T20:40:01Z"}),
    ("T", "t"),
    ([1], [1, 1]),
    ([True], [1]),
    ({"a": True}, {"a": 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ([], {}),
    ([], None),
    ({"a": False}, None),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_values_that_say_the_same_are_the_same(one: JsonValue, other: JsonValue) -> None:
    assert merge_patch.same(one, other)
    assert merge_patch.same(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_values_that_say_something_else_are_not(one: JsonValue, other: JsonValue) -> None:
    assert not merge_patch.same(one, other)
    assert not merge_patch.same(other, one)


@given(anything)
def test_every_value_is_the_same_as_itself(value: JsonValue) -> None:
    assert merge_patch.same(value, value)
