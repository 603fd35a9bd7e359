"""Whether a command printed what its page shows.

`...` stands for anything. Identifiers and times of recording are alike as long as their kind is. In text white space does
not count, so a page may break lines as it likes. A JSON object that begins a line is compared as JSON: the order of members
does not count, and `...` among members or elements stands for any more of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

REST = "..."
VARYING = (
    (re.compile(r"\b(op|hold|evt|msg|req|whk|wh)_[0-9A-Za-z]+"), r"\1_*"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"), "<time>"),
)
OBJECT = re.compile(r"^\{(?!.*^\{)", re.MULTILINE | re.DOTALL)
TOKEN = re.compile(r'\s*(\.\.\.|"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)')


def missing(shown: str, printed: str) -> str | None:
    """What is shown and was not printed in its place; None if all of it was."""
    expected, found = OBJECT.search(shown), OBJECT.search(printed)
    if expected is None or found is None:
        return _text(shown, printed)
    lacks = _text(shown[: expected.start()], printed[: found.start()])
    if lacks is not None:
        return lacks
    value, _ = json.JSONDecoder().raw_decode(printed[found.start() :])
    return _value(_parsed(shown[expected.start() :]), value, at="")


def _text(shown: str, printed: str) -> str | None:
    parts = [_bare(part) for part in shown.split(REST)]
    text, at = _bare(printed), 0
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if number == 0:
            place = 0 if text.startswith(part) else -1
        elif last and part:
            place = len(text) - len(part) if text.endswith(part) else -1
        else:
            place = text.find(part, at)
        if place < at or (last and part and place + len(part) != len(text)) or (last and number == 0 and text != part):
            return part or text
        at = place + len(part)
    return None


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", _alike(text))


def _alike(text: str) -> str:
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text


@dataclass
class _Group:
    """An object's members, or an array's elements; `open` if it may have more of them."""

    members: dict[str, Any] = field(default_factory=dict)
    elements: list[Any] | None = None
    open: bool = False


def _parsed(shown: str) -> Any:
    tokens = TOKEN.findall(shown)
    value, _ = _one(tokens, 0)
    return value


def _one(tokens: list[str], at: int) -> tuple[Any, int]:
    token = tokens[at]
    if token not in "{[":
        return (REST if token == REST else json.loads(token, strict=False)), at + 1
    group = _Group(elements=[] if token == "[" else None)
    at += 1
    while tokens[at] not in "}]":
        if tokens[at] == ",":
            at += 1
        elif tokens[at] == REST:
            group.open, at = True, at + 1
        elif group.elements is None:
            name = json.loads(tokens[at])
            group.members[name], at = _one(tokens, at + 2)
        else:
            value, at = _one(tokens, at)
            group.elements.append(value)
    return group, at + 1


def _value(shown: Any, printed: Any, *, at: str) -> str | None:
    """The place of the first difference, and what is shown there."""
    if shown == REST:
        return None
    if isinstance(shown, str) and isinstance(printed, str):
        return None if _text(shown, printed) is None else f"{at}: {shown}"
    if not isinstance(shown, _Group):
        return None if shown == printed and type(shown) is type(printed) else f"{at}: {shown!r}"
    if shown.elements is not None:
        return _elements(shown, printed, at=at)
    if not isinstance(printed, dict):
        return f"{at}: an object"
    for name, value in shown.members.items():
        if name not in printed:
            return f"{at}/{name}"
        lacks = _value(value, printed[name], at=f"{at}/{name}")
        if lacks is not None:
            return lacks
    more = sorted(set(printed) - set(shown.members))
    return f"{at}: no more members, such as {more[0]}" if more and not shown.open else None


def _elements(shown: _Group, printed: Any, *, at: str) -> str | None:
    """Those that are shown come in their order; without `...` there are no others."""
    assert shown.elements is not None
    if not isinstance(printed, list):
        return f"{at}: a list"
    place = 0
    for number, value in enumerate(shown.elements):
        tried = []
        while place < len(printed) and None not in tried:
            tried.append(_value(value, printed[place], at=f"{at}/{number}"))
            place += 1
        if None not in tried:
            return tried[0] if tried else f"{at}/{number}"
    return None if shown.open or len(printed) == len(shown.elements) else f"{at}: no more elements"
