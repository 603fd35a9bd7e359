"""JSON as we accept it: one meaning or none.

`parse` refuses whatever two parsers may read differently, and whatever a vendor's XML, SQLite or PostgreSQL cannot
carry. Python's own scanner does the work with hooks that refuse; only when one refuses is the text read again to find
the place, so that a good body pays for none of it. No message repeats what was sent; a place is a byte offset, or a
JSON Pointer that stops above a member whose name is not plain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn, TypeAlias, TypeVar

from app.domain.errors import MalformedRequest
from app.domain.json import JsonValue, escaped

__all__ = ["MAX_DEPTH", "MAX_INTEGER", "MAX_NODES", "carried", "parse", "pointer"]

MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_INTEGER = 2**53
_INTEGER_TEXT = len(str(-MAX_INTEGER))  # a longer text is refused before Python turns it into a number

Path: TypeAlias = tuple[str | int, ...]
_T = TypeVar("_T")

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)  # an open end counts too, or the scan goes quadratic
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_NOT_CARRIED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_~/.:' -]{1,40}", re.ASCII)  # of these collections' keys are made: C1~1900-01-01

DUPLICATE = "a member name appears twice in one object"
NOT_FINITE = "NaN and Infinity are not JSON numbers"
TOO_BIG = "a number lies beyond 2^53, where numbers lose digits"
TOO_SMALL = "a number is too close to zero to be kept"
BAD_TEXT = "a text holds a control character, a lone surrogate, U+FFFE or U+FFFF"


class _Refused(Exception):
    """A hook met something that we do not accept; where, is found by reading again."""


class _Mark:
    """Stands in the value, on the second reading, where something was refused."""

    def __init__(self, why: str) -> None:
        self.why = why


def _members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused(DUPLICATE)
    return members


def _integer(text: str) -> int:
    if len(text) > _INTEGER_TEXT or not -MAX_INTEGER <= (number := int(text)) <= MAX_INTEGER:
        raise _Refused(TOO_BIG)
    return number


def _real(text: str) -> float:
    number = float(text)
    if not -MAX_INTEGER <= number <= MAX_INTEGER:
        raise _Refused(TOO_BIG)
    if number == 0 and text.lower().partition("e")[0].strip("-0."):
        raise _Refused(TOO_SMALL)
    return number


def _constant(_: str) -> NoReturn:
    raise _Refused(NOT_FINITE)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_real, parse_constant=_constant, strict=True
)


def parse(body: bytes) -> JsonValue:
    """The value of a JSON text in UTF-8. Raises MalformedRequest, which names the place and never what stood there."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The body is not UTF-8 at byte {error.start}.") from None
    if text.startswith("\ufeff"):
        raise MalformedRequest("The body begins with a byte order mark; send plain UTF-8.")
    opened = body.count(b"{") + body.count(b"[")
    if opened > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise MalformedRequest(f"The body is nested deeper than {MAX_DEPTH} levels.")
    try:
        value: JsonValue = _DECODER.decode(text)
    except _Refused as refused:
        raise _place(text, str(refused)) from None
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode("utf-8"))
        raise MalformedRequest(f"The body is not JSON at byte {at}.") from None
    if opened + body.count(b",") >= MAX_NODES and sum(1 for _ in _walk(value, ())) > MAX_NODES:
        raise MalformedRequest(f"The body holds more than {MAX_NODES:,} values.")
    if b"\\u" in body or b"\\b" in body or b"\\f" in body or b"\xef\xbf" in body:
        _check_texts(value)
    return value


def pointer(path: Path) -> str:
    """A JSON Pointer (RFC 6901), as far as its names are plain: nothing odd that was sent goes back."""
    pointed = ""
    for part in path:
        if isinstance(part, str) and not _PLAIN_NAME.fullmatch(part):
            break
        pointed += f"/{escaped(str(part))}"
    return pointed


def carried(text: str) -> bool:
    """Whether XML, SQLite and PostgreSQL can all carry this text."""
    return _NOT_CARRIED.search(text) is None


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for bracket in _STRINGS.sub(b"", body).translate(None, _NO_BRACKETS):
        if bracket in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def _walk(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _walk(member, (*path, name))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _walk(element, (*path, index))


def _check_texts(value: JsonValue) -> None:
    for path, node in _walk(value, ()):
        texts = node if isinstance(node, Mapping) else (node,)
        if any(isinstance(text, str) and not carried(text) for text in texts):
            raise _malformed(path, BAD_TEXT)


def _place(text: str, why: str) -> MalformedRequest:
    """Read the text again with hooks that leave a mark instead of refusing, and name the first mark's place."""
    marking = json.JSONDecoder(
        object_pairs_hook=_marked(_members),
        parse_int=_marked(_integer),
        parse_float=_marked(_real),
        parse_constant=_marked(_constant),
        strict=True,
    )
    try:
        for path, node in _walk(marking.decode(text), ()):
            if isinstance(node, _Mark):
                return _malformed(path, node.why)
    except json.JSONDecodeError:  # the text is broken further on as well
        pass
    return MalformedRequest(f"In the body {why}.")


def _marked(hook: Callable[[_T], object]) -> Callable[[_T], object]:
    def mark(read: _T) -> object:
        try:
            return hook(read)
        except _Refused as refused:
            return _Mark(str(refused))

    return mark


def _malformed(path: Path, why: str) -> MalformedRequest:
    where = pointer(path)
    return MalformedRequest(f"At {where or 'the top'} {why}.", pointer=where)
