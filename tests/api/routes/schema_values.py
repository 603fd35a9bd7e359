"""Values that fit a schema of our OpenAPI document, as Hypothesis makes them: for requests that are good as far as that says."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.api.routes.document_schema import resolved

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=12
)
"""Texts that every store and vendor can carry."""
LIKELY = st.sampled_from(["1001", "1003", "1029", "1030", "ProId1", "C1", "opType1", "account_4", "123", ""])
WHEN = st.datetimes(timezones=st.timezones()).map(lambda at: at.replace(fold=0).isoformat()) | st.dates().map(str)
KEYS = st.sampled_from(["1", "2", "3182", "C1~1900-01-01", "C1~2030-01-01", "a/b~c", "01", "x", ""])
FREE = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-9, 9) | TEXT, max_size=2)


def fitting(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the schema: the part of JSON Schema that the bodies of orders use."""
    if "$ref" in schema:
        return st.deferred(lambda: fitting(resolved(schema["$ref"], document), document))
    if "anyOf" in schema:
        return st.one_of(*(fitting(arm, document) for arm in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-3, 9)
        case "number":
            return st.integers(-3, 9) | st.floats(-1e6, 1e6)
        case "array":
            return st.lists(fitting(schema["items"], document), max_size=2)
        case "object":
            return _object(schema, document)
    dated = "RFC 3339" in schema.get("description", "")
    return WHEN if dated else (LIKELY | TEXT).filter(lambda text: len(text) >= schema.get("minLength", 0))


def _object(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    members = schema.get("properties", {})
    if members:
        needed = schema.get("required", ())
        made = {name: fitting(kind, document) for name, kind in members.items()}
        optional = {name: kind for name, kind in made.items() if name not in needed}
        # A few members at a time: with all of them at once nearly every order holds one that the vendor has no place for.
        few = st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True) if optional else st.just([])
        return few.flatmap(lambda names: st.fixed_dictionaries({name: made[name] for name in [*needed, *names]}))
    element = schema.get("additionalProperties", True)
    if element is True:
        return FREE
    own = st.sampled_from(["nexusfs", "unit4_erpx", "overit"])
    vendors = element == {"type": "object", "additionalProperties": True}
    return st.dictionaries(own if vendors else KEYS, fitting(element, document), max_size=2)
