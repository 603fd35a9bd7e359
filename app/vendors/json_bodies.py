"""JSON on its way to a vendor and back: written compactly, and read only where it can be kept and written again."""

from __future__ import annotations

import json
import math
import re

from app.domain.errors import InvalidRequest
from app.domain.json import JsonValue

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

DEEPEST = 64
"""How deep a vendor's record may be nested for us to work with it."""


class NotJson(Exception):
    """A body is no JSON, or none that we could keep."""


def json_bytes(value: JsonValue) -> bytes:
    """Compact UTF-8. Raises InvalidRequest for what JSON cannot carry."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        raise InvalidRequest("The body holds a value that JSON cannot carry.", pointer="") from None


def json_value(body: bytes) -> JsonValue:
    """What a body holds. Raises NotJson, also for NaN, 1e999, half a character, and NUL, which no database takes."""
    try:
        value: JsonValue = _DECODER.decode(body.decode("utf-8-sig"))
        written = json.dumps(value, ensure_ascii=False) if b"\\u" in body else ""
        written.encode()
    except (ValueError, RecursionError) as fault:
        raise NotJson from fault
    if _NUL.search(written) or (_brackets(body) > DEEPEST and not _shallow(value, DEEPEST)):
        raise NotJson
    return value


def text_of(value: JsonValue) -> str | None:
    """A code or an id as text, whether it came as a text or as a whole number; None for what is neither, and for none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _brackets(body: bytes) -> int:
    """How many there are, in texts too: nothing is nested deeper than that, and most records need no closer look."""
    return body.count(b"{") + body.count(b"[")


def _shallow(value: JsonValue, levels: int) -> bool:
    """Whether lists and objects stand in one another at most so many times."""
    if isinstance(value, dict):
        return levels > 0 and all(_shallow(one, levels - 1) for one in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_shallow(one, levels - 1) for one in value)
    return True


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number")
    return number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
