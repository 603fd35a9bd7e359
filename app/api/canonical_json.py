"""JSON in its one canonical form (RFC 8785, JCS), as bytes: what fingerprints are made of.

Numbers are written as ECMAScript writes them, so 1, 1.0 and 1e0 are one text, and so are 0 and -0; members are ordered
by their names' UTF-16 code units; texts stay as they are, without Unicode normalisation.
"""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring as _text

from app.domain.json import JsonValue


def canonical(value: JsonValue) -> bytes:
    """The canonical form of a JSON value that `parse` let through."""
    return _written(value).encode("utf-8")


def _written(value: JsonValue) -> str:
    if type(value) is str:
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        names = sorted(value) if _all_ascii(value) else sorted(value, key=_utf16)
        return "{" + ",".join([f"{_text(name)}:{_written(value[name])}" for name in names]) + "}"
    return "[" + ",".join([_written(element) for element in value]) + "]"


def _all_ascii(members: Mapping[str, JsonValue]) -> bool:
    return "".join(members).isascii()


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _number(number: float) -> str:
    """ECMAScript's Number::toString. Python finds the same shortest digits, and only writes them differently."""
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        if len(digits) <= point:
            return sign + digits.ljust(point, "0")
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"
