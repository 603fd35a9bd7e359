"""Inline schemas that become components: what refers to them, what is said of the members, and that a name has one meaning."""

from __future__ import annotations

from typing import Any

import pytest

from app.api import named_schemas
from app.api.named_schemas import Named, Unlike, name_schemas, without_member_titles

Schema = dict[str, Any]

COLOURS: Schema = {"type": "string", "enum": ["red", "blue"]}


def named(monkeypatch: pytest.MonkeyPatch, members: Schema, *places: str) -> dict[str, Schema]:
    """The components after `Colour` has been made of these places."""
    monkeypatch.setattr(named_schemas, "RENAMED", {"CarOut": "Car"})
    monkeypatch.setattr(named_schemas, "NAMED", (Named(name="Colour", description="A colour.", places=places),))
    document: Schema = {"paths": {}, "components": {"schemas": {"CarOut": {"title": "CarOut", "properties": members}}}}
    without_member_titles(document)
    name_schemas(document)
    schemas: dict[str, Schema] = document["components"]["schemas"]
    return schemas


def test_a_member_refers_to_the_component_and_keeps_what_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    member = {**COLOURS, "title": "Paint", "description": "Of the doors."}
    assert named(monkeypatch, {"paint": member}, "CarOut.paint") == {
        "Car": {
            "title": "Car",
            "properties": {"paint": {"$ref": "#/components/schemas/Colour", "description": "Of the doors."}},
        },
        "Colour": {**COLOURS, "title": "Colour", "description": "A colour."},
    }


def test_a_member_that_may_be_null_still_may(monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = named(monkeypatch, {"paint": {"anyOf": [COLOURS, {"type": "null"}], "title": "Paint"}}, "*.paint")
    assert schemas["Car"]["properties"] == {
        "paint": {"anyOf": [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}]}
    }


def test_an_element_of_a_list_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = named(monkeypatch, {"paints": {"type": "array", "items": COLOURS}}, "CarOut.paints[]")
    assert schemas["Car"]["properties"]["paints"]["items"] == {"$ref": "#/components/schemas/Colour"}


def test_one_name_is_not_given_to_two_things(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unlike):
        named(monkeypatch, {"paint": COLOURS, "seats": {"type": "string"}}, "CarOut.paint", "CarOut.seats")


def test_a_place_that_is_not_there_is_an_error_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        named(monkeypatch, {"paint": COLOURS}, "Bicycle.paint")
    with pytest.raises(KeyError):
        named(monkeypatch, {"paint": COLOURS}, "CarOut.seats")
