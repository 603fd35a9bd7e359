"""Striking secrets out of log lines: by the name of a value, by the look of a text, and by the configured text itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from structlog.typing import EventDict, WrappedLogger

HIDDEN = "***"
MAX_VALUE = 4096
MAX_DEPTH = 6
_MAX_READ = 64 * 1024  # of one value; what lies beyond is not looked at, and not shown
_MIN_SECRET = 6  # a shorter configured secret would strike out ordinary words

_NAMES = re.compile(
    r"passw(or)?d|secret|token|authorization|(signing|api|private)[-_]?key|cookie|credential", re.IGNORECASE
)
_TELLING = ("bearer", "eyj", "passw", "secret", "token", "authorization", "key", "cookie")
"""A text without any of these, in lower case, cannot match _TEXTS, and looking for them is far cheaper."""
_TEXTS = re.compile(
    r"""
    (?P<scheme> \b bearer \s+ ) [\w.~+/=-]{6,}
  | \b eyJ [\w-]+ (?: \. [\w-]* )*
  | (?P<element> < (?: [\w.-]+ : )? \w* (?: password | token | secret ) (?: \s [^<>]* )? > ) [^<]+
  | (?P<named>
      (?: passw(?:or)?d | secret | token | authorization | cookie | (?:signing|api|private)[-_]?key )
      (?: \\* ["'] )? \s* [=:] \s* )
    (?: (?P<quote> \\* ["'] ) .{1,1024}? (?P=quote) | (?: (?: bearer | basic ) \s+ )? [^\s&,;<>]+ )
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

_HARMLESS = frozenset({type(None), bool, int, float})


class Redactor:
    """A structlog processor: hides values with telling names and telling texts, and cuts long ones at MAX_VALUE."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = sorted({secret for secret in secrets if len(secret) >= _MIN_SECRET}, key=len, reverse=True)
        self._telling: dict[str, bool] = {}

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if self._is_plain(event):
            return event
        return {name: self._member(name, value, 0) for name, value in event.items()}

    def _is_plain(self, event: EventDict) -> bool:
        """Whether there is nothing to do, found out in one look at all texts together: every request pays for this."""
        texts: list[str] = []
        for name, value in event.items():
            if type(value) is str:
                texts.append(value)
            elif type(value) not in _HARMLESS:
                return False
            if self._telling.get(name, True) and self._tells(name):
                return False
        together = "\n".join(texts)
        return len(together) <= MAX_VALUE and not self._is_suspect(together)

    def _is_suspect(self, text: str) -> bool:
        lower = text.lower()
        for word in _TELLING:
            if word in lower:
                return True
        return any(secret in text for secret in self._known) if self._known else False

    def _tells(self, name: str) -> bool:
        telling = self._telling.get(name)
        if telling is None:
            telling = _NAMES.search(name) is not None
            if len(self._telling) < 1000:
                self._telling[name] = telling
        return telling

    def text(self, text: str, *, keep_end: bool = False) -> str:
        """The text without secrets, at most MAX_VALUE characters of it."""
        read = text[-_MAX_READ:] if keep_end else text[:_MAX_READ]
        if self._is_suspect(read):
            for secret in self._known:
                read = read.replace(secret, HIDDEN)
            read = _TEXTS.sub(_struck, read)
        if len(text) > _MAX_READ:  # a secret may have been cut in two at the edge of what was read
            half = len(read) // 2
            read = read[half:] if keep_end else read[:half]
        if len(read) <= MAX_VALUE:
            return read
        return f"...{read[-MAX_VALUE:]}" if keep_end else f"{read[:MAX_VALUE]}..."

    def _member(self, name: str, value: object, depth: int) -> object:
        if self._tells(name) and value is not None:
            return HIDDEN
        return self._value(value, depth, keep_end=name == "exception")

    def _value(self, value: object, depth: int, *, keep_end: bool = False) -> object:
        if isinstance(value, str):
            return self.text(value, keep_end=keep_end)
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth >= MAX_DEPTH:
            return "..."
        if isinstance(value, Mapping):
            return {str(name): self._member(str(name), member, depth + 1) for name, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(element, depth + 1) for element in value]
        return self.text(repr(value))


def _struck(found: re.Match[str]) -> str:
    return f"{found['scheme'] or found['element'] or found['named'] or ''}{HIDDEN}"
