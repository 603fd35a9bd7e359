"""docs/configuration.md: every key of the configuration with its type, its default and its meaning, from the settings' models."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from textwrap import dedent
from types import UnionType
from typing import Literal, Union, get_args, get_origin

from annotated_types import MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.commands.reference.markdown import table
from app.domain.maintenance import Window
from app.settings import Settings
from app.vendors.registry import VENDORS
from app.vendors.vendor import BackendSettings

HEAD = ["key", "type", "default", "meaning"]
WORDS: Mapping[object, str] = {
    str: "text",
    SecretStr: "secret text",
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    Window: "window, as text",
}
LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def sections() -> str:
    """A table for each section but the backends'."""
    return "\n\n".join(
        f"### [{name}]\n\n{_of(field.annotation)}"
        for name, field in Settings.model_fields.items()
        if name != "backends"
    )


def backends() -> str:
    """The keys that every backend has, and those of each vendor."""
    shared = [_row(BackendSettings, name) for name in BackendSettings.model_fields]
    parts = [f"### Every backend\n\n{table(HEAD, shared)}"]
    for vendor in VENDORS.values():
        own = [name for name in vendor.settings.model_fields if name not in BackendSettings.model_fields]
        rows = [_row(vendor.settings, name) for name in own]
        parts.append(f'### {vendor.title}: `vendor = "{vendor.slug}"`\n\n{table(HEAD, rows)}')
    return "\n\n".join(parts)


def _of(model: object) -> str:
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return table(HEAD, _rows(model))


def _rows(model: type[BaseModel], above: str = "") -> Iterator[list[str]]:
    for name, field in model.model_fields.items():
        yield _row(model, name, above)
        for inner in _inside(field.annotation):
            yield from _rows(inner, f"{above}{name}[].")


def _inside(kind: object) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _inside(part)


def _row(model: type[BaseModel], name: str, above: str = "") -> list[str]:
    field = model.model_fields[name]
    return [f"`{above}{name}`", _type(field), _default(field), meaning(model, name)]


def meaning(model: type[BaseModel], name: str) -> str:
    """What a key is for: the text below it in its class."""
    for cls in model.__mro__:
        if name in inspect.get_annotations(cls):
            return _texts(cls)[name]
    raise LookupError(name)


@cache
def _texts(cls: type) -> Mapping[str, str]:
    """The texts below the members of a class; a member without one is an error, as nobody could look it up."""
    (body,) = ast.parse(dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for member, after in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[member.target.id] = " ".join(text.split())
    return found


def _type(field: FieldInfo) -> str:
    limits = [
        f"{word} {getattr(one, name):,}"
        for one in field.metadata
        for name, word in LIMITS.items()
        if getattr(one, name, None) is not None
    ]
    lengths = [one.min_length for one in field.metadata if isinstance(one, MinLen) and one.min_length > 1]
    return ", ".join([_word(field.annotation), *limits, *(f"at least {one:,} characters" for one in lengths)])


def _word(kind: object) -> str:
    if kind in WORDS:
        return WORDS[kind]
    arms, origin = get_args(kind), get_origin(kind)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(one)}`" for one in arms)
    if origin in (Union, UnionType):
        return " or ".join(_word(one) for one in arms if one is not type(None))
    if origin in (tuple, list):
        return f"list of: {_word(arms[0])}"
    if origin is dict:
        return f"table of: {_word(arms[1])}"
    if hasattr(kind, "__metadata__"):
        return _word(arms[0])
    return "table"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ("", (), [], {}):
        return "none"
    if isinstance(value, tuple):
        value = list(value)
    return f"`{json.dumps(value)}`"
