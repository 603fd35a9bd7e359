"""How a gateway process is changed before it starts: by name, and never something that is no longer there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def put(owner: object, name: str, value: object) -> None:
    """Replace what a module or a class has under this name. A function's stand-in has to take all that the function takes.

    Else a bug would be found by its own fault: a call that fails.
    """
    assert name in vars(owner), f"{owner} has no {name} any more"
    if inspect.isfunction(replaced := vars(owner)[name]):
        of = inspect.signature(replaced).parameters.values()
        by_name = {one.name: None for one in of if one.kind is one.KEYWORD_ONLY}
        in_order = [None for one in of if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
        inspect.signature(value).bind(*in_order, **by_name)  # type: ignore[arg-type]
    setattr(owner, name, value)


def taken(owner: object, name: str) -> Any:
    """What a module or a class has under this name, to be called by what takes its place."""
    return vars(owner)[name]


def holds(what: Callable[..., object], *texts: str) -> None:
    """The code that a patch takes the place of must still be what it was: these texts stand in it."""
    source = inspect.getsource(what)
    for text in texts:
        assert text in source, f"{what.__qualname__} no longer says {text!r}"
