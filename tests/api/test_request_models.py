"""No member of a request body takes a value of a type that the contract does not show: no text for a number, no 1 for true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import ValidationError

import app.main
from app.api.bodies import Input
from app.domain.json import JsonValue
from tests.api.routes.document_schema import TYPES, resolved

SAMPLES: list[JsonValue] = [None, True, False, 0, 1, 1.5, "yes", "off", "true", "0", "1.5", "", [], {}]


def request_models(of: type[Input] = Input) -> Iterator[type[Input]]:
    for model in of.__subclasses__():
        if model.__module__.startswith(f"{app.__name__}."):
            yield model
        yield from request_models(model)


def types(schema: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """The JSON types that a schema takes; none where it takes anything."""
    if "$ref" in schema:
        return types(resolved(schema["$ref"], document), document)
    if "anyOf" in schema:
        return set().union(*(types(arm, document) for arm in schema["anyOf"]))
    return {schema["type"]} if "type" in schema else set()


MODELS = sorted(set(request_models()), key=lambda model: model.__name__)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_member_takes_only_what_the_contract_shows(model: type[Input]) -> None:
    schema = model.model_json_schema()
    for member, shown in schema["properties"].items():
        taken = types(shown, schema)
        for value in SAMPLES:
            if not taken or any(TYPES[kind](value) for kind in taken):
                continue
            with pytest.raises(ValidationError) as caught:
                model.model_validate({member: value})
            assert member in {fault["loc"][0] for fault in caught.value.errors() if fault["loc"]}, (member, value)


def test_every_body_of_the_api_is_such_a_model() -> None:
    """Or a plain object, which a vendor's order is until its model reads it."""
    routes = iter_route_contexts(app.main.ROUTES.routes)
    bodies = [context.body_field.field_info.annotation for context in routes if context.body_field]
    models = [body for body in bodies if isinstance(body, type)]
    assert {body.__name__ for body in models} <= {model.__name__ for model in MODELS}
    assert set(bodies) - set(models) == {dict[str, Any]}
