"""Texts of the configuration that stand elsewhere: `env:NAME` in a variable of the environment, `file:PATH` in a file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Tabs and line breaks are none: a signing key in PEM has lines."""
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
"""What Python makes of a variable's bytes that are no UTF-8."""


class _Fault(Exception):
    """Why there is no such text, or why it can be none; never the text, which may be a secret."""


def resolved_texts(value: Any, *, folder: Path, path: tuple[str, ...], faults: list[str]) -> Any:
    """The value with every `env:NAME` and `file:PATH` replaced by what it names, without the line breaks at its end."""
    if isinstance(value, Mapping):
        return {
            key: resolved_texts(inner, folder=folder, path=(*path, str(key)), faults=faults)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            resolved_texts(inner, folder=folder, path=(*path, str(place)), faults=faults)
            for place, inner in enumerate(value)
        ]
    if not isinstance(value, str):
        return value
    try:
        return _resolved(value, folder)
    except _Fault as fault:
        faults.append(f"{'.'.join(path)}: {fault}")
        return ""


def _resolved(value: str, folder: Path) -> str:
    """Raises _Fault."""
    if _NOT_UTF_8.search(value):  # in an override, or in its JSON
        raise _Fault("this is not UTF-8")
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        return _readable(_in_environment(name), f"the environment variable {name}")
    if value.startswith("file:"):
        file = folder / value.removeprefix("file:")
        return _readable(_in_file(file), str(file))
    return _readable(value, "this")


def _in_environment(name: str) -> str:
    text = os.environ.get(name)
    if text is None:
        raise _Fault(f"the environment variable {name} is not set")
    return text.rstrip("\r\n")


def _in_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise _Fault(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _Fault(f"{file}: it is not UTF-8") from None
    except ValueError:  # a NUL
        raise _Fault("no file can have this name") from None


def _readable(text: str, whose: str) -> str:
    """The text, if nothing in it could make whoever carries it to a vendor, or shows it, stumble."""
    if _NOT_UTF_8.search(text):
        raise _Fault(f"{whose} is not UTF-8")
    if _CONTROL.search(text):
        raise _Fault(f"{whose} holds a control character")
    return text
