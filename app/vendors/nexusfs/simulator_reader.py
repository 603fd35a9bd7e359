"""Reads what was sent: JSON as the wire allows it, then a work order against its table of members."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping

from app.vendors.nexusfs.simulator_answers import InvalidParam, Refused, invalid
from app.vendors.nexusfs.simulator_shapes import WORK_ORDER, Collection, Plain, Section, Shape
from app.vendors.simulation import Json, Request

PATCH_WORDS = ("_fields", "_paths")
DELETE = "Delete"
"""What only a PATCH may hold: the two words at the top, and `Delete` in an element of a collection."""

MOST_LEVELS = 64
"""Deeper bodies are refused: no work order is, and every reader of one here descends into it."""


def json_body(request: Request) -> dict[str, Json]:
    """The body as a JSON object; raises Refused (400)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused(400, "Content-Type must be application/json.")
    try:
        text = request.body.decode("utf-8")
        body = json.loads(text, parse_float=_finite, parse_constant=_finite)
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as fault:
        raise Refused(400, "The request body is not valid JSON.") from fault
    if not isinstance(body, dict) or _is_deep(body):
        raise Refused(400, "The request body must be a JSON object of a sensible depth.")
    return body


def without_patch_words(body: Mapping[str, Json]) -> tuple[dict[str, Json], list[str]]:
    """The order that a PUT or POST carries, and the paths of what it drops, because only a PATCH knows it."""
    dropped = [word for word in PATCH_WORDS if word in body]
    kept: dict[str, Json] = {}
    for name, value in body.items():
        if name in dropped:
            continue
        if isinstance(WORK_ORDER.members.get(name), Collection) and isinstance(value, list):
            dropped += [f"{name}[{at}].{DELETE}" for at, one in enumerate(value) if _has_delete(one)]
            value = [_without_delete(one) for one in value]
        kept[name] = value
    return kept, dropped


def faults(value: Json, shape: Shape = WORK_ORDER, path: str = "", *, patch: bool = False) -> Iterator[InvalidParam]:
    """Everything in the value that does not fit; `patch` lets elements of collections say `"Delete": true`."""
    if value is None:
        yield invalid(path, "must not be null", value)
        return
    match shape:
        case Plain(says, fits):
            if fits is not None and not fits(value):
                yield invalid(path, says, value)
            else:
                yield from _nulls(value, path)
        case Section():
            yield from _section_faults(value, shape, path, patch=patch)
        case Collection():
            yield from _collection_faults(value, shape, path, patch=patch)


def _section_faults(value: Json, shape: Section, path: str, *, patch: bool) -> Iterator[InvalidParam]:
    if not isinstance(value, dict):
        yield invalid(path, "must be an object", value)
        return
    for name, inner in value.items():
        where = f"{path}.{name}" if path else name
        known = shape.members.get(name)
        if known is not None:
            yield from faults(inner, known, where, patch=patch)
        elif shape.open and name != DELETE:
            yield from _nulls(inner, where)
        else:
            yield invalid(where, "is not a known property", inner)


def _collection_faults(value: Json, shape: Collection, path: str, *, patch: bool) -> Iterator[InvalidParam]:
    if not isinstance(value, list):
        yield invalid(path, "must be an array", value)
        return
    keys: set[str] = set()
    for at, element in enumerate(value):
        where = f"{path}[{at}]"
        if not isinstance(element, dict):
            yield invalid(where, "must be an object", element)
            continue
        if patch and DELETE in element and not isinstance(element[DELETE], bool):
            yield invalid(f"{where}.{DELETE}", "must be true or false", element[DELETE])
        yield from _section_faults(_without_delete(element) if patch else element, shape.of, where, patch=patch)
        key = element.get(shape.key)
        if key is None:
            yield invalid(f"{where}.{shape.key}", "is required")
        elif isinstance(key, str) and key in keys:
            yield invalid(f"{where}.{shape.key}", "stands twice in this array", key)
        elif isinstance(key, str):
            keys.add(key)


def _nulls(value: Json, path: str) -> Iterator[InvalidParam]:
    match value:
        case None:
            yield invalid(path, "must not be null", value)
        case dict():
            for name, inner in value.items():
                yield from _nulls(inner, f"{path}.{name}")
        case list():
            for at, inner in enumerate(value):
                yield from _nulls(inner, f"{path}[{at}]")


def _is_deep(body: Json) -> bool:
    level = [body]
    for _ in range(MOST_LEVELS):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inner(one)]
    return bool(level)


def _inner(value: dict[str, Json] | list[Json]) -> Iterable[Json]:
    return value.values() if isinstance(value, dict) else value


def _has_delete(element: Json) -> bool:
    return isinstance(element, dict) and DELETE in element


def _without_delete(element: Json) -> Json:
    return {name: value for name, value in element.items() if name != DELETE} if isinstance(element, dict) else element


def _finite(text: str) -> float:
    """NaN, Infinity and 1e999 are no JSON that could be given back."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number")
    return number
