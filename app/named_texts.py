"""Texts of the configuration that stand elsewhere: `env:NAME` in a variable of the environment, `file:PATH` in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def resolved_texts(value: Any, *, folder: Path, path: tuple[str, ...], faults: list[str]) -> Any:
    """The value with every `env:NAME` and `file:PATH` replaced by what it names."""
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
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            faults.append(f"{'.'.join(path)}: the environment variable {name} is not set")
        return os.environ.get(name, "")
    if value.startswith("file:"):
        try:
            return (folder / value.removeprefix("file:")).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            faults.append(f"{'.'.join(path)}: {folder / value.removeprefix('file:')}: {why}")
            return ""
        except ValueError:  # a NUL
            faults.append(f"{'.'.join(path)}: no file can have this name")
            return ""
    return value
