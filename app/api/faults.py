"""What validation found wrong, in our words: pointers in our field names, stable codes, and nothing of the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi.exceptions import RequestValidationError

from app.api.strict_json import pointer
from app.domain.errors import ERRORS, FieldFault, InvalidRequest, Unprocessable

MAX_FAULTS = 20
MAX_MESSAGE = 300

CODES: dict[str, str] = {
    "missing":         "required",
    "extra_forbidden": "unknown-member",
}  # fmt: skip
"""Pydantic's types as our codes; any other is its own name with dashes."""

A_JSON_OBJECT = "This must be a JSON object."
MESSAGES: dict[str, str] = {
    "missing":               "This member is required.",
    "extra_forbidden":       "There is no such member here.",
    "union_tag_invalid":     "The kind is none of those that are known here.",    # pydantic's text repeats the tag sent
    "uuid_parsing":          "Input should be a UUID",                            # and here a character of it
    "url_parsing":           "Input should be a URL",
    "dict_type":             A_JSON_OBJECT,                                       # pydantic's tell of dictionaries and models
    "model_type":            A_JSON_OBJECT,
    "model_attributes_type": A_JSON_OBJECT,
}  # fmt: skip
"""Our text, where pydantic's would not do."""

_VALUE_ERROR = "Value error, "


def invalid_request(error: RequestValidationError) -> Unprocessable:
    """The 422 for a request that does not fit its model; at most MAX_FAULTS faults are listed.

    A model may name one of our own codes as its fault; when that is all that is wrong, it is the problem's code.
    """
    found = error.errors()
    faults = tuple(_fault(entry, error.body) for entry in found[:MAX_FAULTS])
    if len(found) == 1:
        where = faults[0].pointer
        detail = f"{where}: {faults[0].message}" if where else faults[0].message
    elif len(found) > MAX_FAULTS:
        detail = f"{len(found)} things are wrong with the request; `errors` lists the first {MAX_FAULTS}."
    else:
        detail = f"{len(found)} things are wrong with the request; `errors` lists them."
    named = ERRORS.get(faults[0].code) if len(found) == 1 else None
    kind = named if named is not None and issubclass(named, Unprocessable) else InvalidRequest
    return kind(detail, faults=faults)


def _fault(entry: Mapping[str, object], body: object) -> FieldFault:
    kind = str(entry["type"])
    message = MESSAGES.get(kind) or str(entry["msg"]).removeprefix(_VALUE_ERROR)
    loc = entry["loc"]
    assert isinstance(loc, Sequence)
    return FieldFault(
        pointer=_pointer(tuple(loc), body, missing=kind == "missing"),
        code=CODES.get(kind, kind.replace("_", "-")),
        message=message[:MAX_MESSAGE],
    )


def _pointer(loc: tuple[str | int, ...], body: object, *, missing: bool) -> str:
    """A pointer into the body; for a parameter, its place and name (`/query/limit`).

    Pydantic's path also names the arms of a union that it tried; what is not in the body is not in the pointer.
    """
    place, *parts = loc
    if place != "body":
        return pointer(loc)
    path: list[str | int] = []
    node = body
    for index, part in enumerate(parts):
        inside, present = _inside(node, part)
        if present:
            node = inside
        elif not (missing and index == len(parts) - 1):
            continue
        path.append(part)
    return pointer(tuple(path))


def _inside(node: object, part: str | int) -> tuple[object, bool]:
    if isinstance(node, Mapping) and part in node:
        return node[part], True
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part], True
    return None, False
