"""The query of a call: every parameter is one that the route takes, has a value, and stands there once unless the route
takes several.

A parameter that is passed over would do harm: a mistyped `expect` lets an order be deleted, a mistyped filter lists everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn, get_args, get_origin

from fastapi.dependencies.models import Dependant

from app.api.strict_json import pointer
from app.domain.errors import FieldFault, InvalidRequest

Taken = Mapping[str, bool]
"""The parameters that a route takes, and whether each may be given several times."""


def taken(dependant: Dependant) -> Taken:
    """Those of the route and of all that it depends on."""
    found = {one.alias: _several(one.field_info.annotation) for one in dependant.query_params}
    for dependency in dependant.dependencies:
        found.update(taken(dependency))
    return found


def check_query(given: Sequence[tuple[str, str]], takes: Taken) -> None:
    """Raises InvalidRequest, which names the first parameter that is not known here, given twice, or empty."""
    seen: set[str] = set()
    for name, value in given:
        if name not in takes:
            names = ", ".join(sorted(takes)) or "none"
            _refuse(name, "unknown-parameter", f"There is no such parameter here; there are: {names}.")
        if name in seen and not takes[name]:
            _refuse(name, "repeated", "Give this parameter once.")
        if not value:
            _refuse(name, "empty", "Give this parameter a value, or leave it out.")
        seen.add(name)


def _refuse(name: str, code: str, message: str) -> NoReturn:
    where = pointer(("query", name))
    raise InvalidRequest(f"{where}: {message}", faults=(FieldFault(pointer=where, code=code, message=message),))


def _several(annotation: object) -> bool:
    return list in (get_origin(one) for one in (annotation, *get_args(annotation)))
