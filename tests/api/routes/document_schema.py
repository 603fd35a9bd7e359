"""A JSON value against a schema of our OpenAPI document: the part of JSON Schema that the document uses, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

Schema = dict[str, Any]

TYPES: dict[str, Callable[[Any], bool]] = {
    "object":  lambda value: isinstance(value, dict),
    "array":   lambda value: isinstance(value, list),
    "string":  lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null":    lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number":  lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}  # fmt: skip
TELLING = {"title", "description", "examples", "example", "default", "x-extensible-enum"}
KNOWN = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "format", "$ref"}
KNOWN |= {"minLength", "maxLength", "minItems", "maxItems", "pattern", "minimum", "maximum"} | TELLING


def faults(value: Any, schema: Schema, document: dict[str, Any], at: str = "") -> Iterator[str]:
    """What of the value the schema does not allow. A word of JSON Schema that is not known here is a fault as well."""
    if "$ref" in schema:
        yield from faults(value, resolved(schema["$ref"], document), document, at)
        return
    yield from (f"{at}: this checker does not know {word}" for word in schema.keys() - KNOWN)
    if "anyOf" in schema:
        arms = [list(faults(value, arm, document, at)) for arm in schema["anyOf"]]
        if all(arms):
            yield f"{at}: {value!r} fits no arm: {arms}"
    if "type" in schema and not TYPES[schema["type"]](value):
        yield f"{at}: {value!r} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if isinstance(value, dict):
        yield from _members(value, schema, document, at)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} elements are not allowed"
        for index, element in enumerate(value):
            yield from faults(element, schema.get("items", {}), document, f"{at}/{index}")
    elif isinstance(value, str):
        yield from _text(value, schema, at)


def _members(value: dict[str, Any], schema: Schema, document: dict[str, Any], at: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    yield from (f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value)
    # An answer's model that says nothing of further members has none: what is not documented is not answered.
    further = schema.get("additionalProperties", not properties)
    for name, member in value.items():
        if name in properties:
            yield from faults(member, properties[name], document, f"{at}/{name}")
        elif further is False:
            yield f"{at}: {name} is not documented"
        elif isinstance(further, dict):
            yield from faults(member, further, document, f"{at}/{name}")


def _text(value: str, schema: Schema, at: str) -> Iterator[str]:
    if schema.get("format") == "date-time":
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            yield f"{at}: {value!r} is no date-time"
        else:
            if moment.tzinfo is None or not value.endswith("Z"):
                yield f"{at}: {value!r} is not in UTC"
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{at}: {value!r} has a length that is not allowed"
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        yield f"{at}: {value!r} does not match {schema['pattern']}"


def resolved(reference: str, document: dict[str, Any]) -> Any:
    """What a local `$ref` points at."""
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node
