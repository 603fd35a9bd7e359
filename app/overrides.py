"""What the environment puts over the configuration's file: `ORDERBRIDGE_<SECTION>__<KEY>`, with tables and lists as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

PREFIX = "ORDERBRIDGE_"
WITHIN = "__"
BACKENDS = "backends"

ModelOf: TypeAlias = "Callable[[Mapping[str, Any]], type[BaseModel] | None]"


def names(sections: Iterable[str]) -> list[str]:
    """Every variable that overrides something, or means to: capitals count for nothing, nor need there be such a section."""
    known = set(sections)
    return sorted(
        name
        for name in os.environ
        if name.upper().startswith(PREFIX) and (WITHIN in name[len(PREFIX) :] or _keys(name)[0] in known)
    )


def unknown(sections: Iterable[str]) -> list[str]:
    """A mistyped override would be ignored in silence; it is a fault instead."""
    known = set(sections)
    return [
        f"{name}: there is no section [{section}]" for name in names(known) if (section := _keys(name)[0]) not in known
    ]


def overridden(
    document: Mapping[str, Any], settings: type[BaseSettings], model_of: ModelOf, faults: list[str]
) -> dict[str, Any]:
    """The parsed file with the environment put over it.

    `model_of` gives the model of a backend's section, which is that of its vendor; None where there is no such vendor.
    """
    sections, of_backends = _Sections(settings), []
    for variable in _variables(settings.model_fields):
        section = variable.keys[0]
        if section == BACKENDS:
            of_backends.append(variable)
            continue
        try:
            variable.value(text=_takes_text(settings.model_fields[section].annotation, variable.keys[1:]))
        except ValueError as fault:
            faults.append(str(fault))
            sections.leave_out(variable.name)
    merged = _merged(document, sections())
    for variable in of_backends:
        try:
            value = variable.value(text=_backend_takes_text(merged, variable.keys, model_of))
        except ValueError as fault:
            faults.append(str(fault))
        else:
            merged = _merged(merged, variable.placed(value))
    return merged


class _Sections(EnvSettingsSource):
    """The overrides of the sections whose models are known. What is no JSON stays a text, which the model then refuses."""

    def leave_out(self, name: str) -> None:
        """Do not read this variable: it is told as a fault."""
        self.env_vars = {one: text for one, text in self.env_vars.items() if one != name.lower()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError):
            return value

    def __call__(self) -> dict[str, Any]:
        """All but the backends: which model one of them has is known only when its vendor is."""
        return {section: value for section, value in super().__call__().items() if section != BACKENDS}


@dataclass(frozen=True, kw_only=True)
class _Variable:
    """One environment variable, and the path of the keys whose value it overrides."""

    name: str
    keys: tuple[str, ...]
    text: str

    def value(self, *, text: bool) -> object:
        """What it stands for; `text`: whether a text is wanted there. Raises ValueError, in words that do not show it."""
        if text or not self.text.lstrip().startswith(("[", "{")):
            return self.text
        try:
            return json.loads(self.text)
        except json.JSONDecodeError as error:
            place = f"at line {error.lineno}, column {error.colno}"
            raise ValueError(f"{self.name}: this is not JSON: {error.msg} ({place})") from None
        except RecursionError:
            raise ValueError(f"{self.name}: this is nested too deeply") from None
        except ValueError:
            raise ValueError(f"{self.name}: this holds a number of too many digits") from None

    def placed(self, value: object) -> dict[str, Any]:
        """The value below its keys."""
        *above, last = self.keys
        placed = {last: value}
        for key in reversed(above):
            placed = {key: placed}
        return placed


def _variables(sections: Iterable[str]) -> list[_Variable]:
    """In the order in which they are put over the file: a whole before its parts, and a vendor before what its model reads."""
    known = set(sections)
    found = [
        _Variable(name=name, keys=keys, text=os.environ[name])
        for name in names(known)
        if (keys := _keys(name))[0] in known
    ]
    return sorted(found, key=lambda one: (len(one.keys), one.keys[-1] != "vendor", one.name))


def _keys(name: str) -> tuple[str, ...]:
    """The path of keys. In a backend's name, which has no underscore, one stands for the dash that no shell takes."""
    first, *below = name[len(PREFIX) :].lower().split(WITHIN)
    if first == BACKENDS and below:
        below[0] = below[0].replace("_", "-")
    return (first, *below)


def _backend_takes_text(merged: Mapping[str, Any], keys: Sequence[str], model_of: ModelOf) -> bool:
    """Whether a text is wanted there, by the model of the backend's vendor."""
    if len(keys) < 3:
        return False
    section: object = merged
    for key in keys[:2]:
        section = section.get(key) if isinstance(section, Mapping) else None
    return _takes_text(model_of(section) if isinstance(section, Mapping) else None, keys[2:])


def _takes_text(place: object, keys: Sequence[str]) -> bool:
    """Whether a text is wanted below a type. Keys that no model has are left to what refuses them by their names."""
    for key in keys:
        if isinstance(place, type) and issubclass(place, BaseModel):
            field = place.model_fields.get(key)
            place = None if field is None else field.annotation
        else:
            place = get_args(place)[-1] if get_origin(place) is dict else None
    return not _has_parts(place)


def _has_parts(place: object) -> bool:
    """Whether this type is a table or a list, and nothing else."""
    kind = get_origin(place)
    if kind is Annotated:
        return _has_parts(get_args(place)[0])
    if kind in {Union, UnionType}:
        return all(_has_parts(one) for one in get_args(place) if one is not NoneType)
    return kind in {dict, list, tuple} or (isinstance(place, type) and issubclass(place, BaseModel))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with the values of `above` put over it, section by section."""
    both = dict(below)
    for key, value in above.items():
        under = both.get(key)
        both[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return both
