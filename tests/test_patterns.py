"""No text keeps a pattern busy: whoever sends a header, a body or an answer cannot stop the gateway with it.

Each pattern meets the same 16 KiB in many guises: one piece over and over, behind what the pattern itself asks for, and an
end that spoils it. A good pattern takes some milliseconds; one that tries a piece in two places takes seconds, or for ever.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import getsource
from types import ModuleType

import pytest

import app

LENGTH = 16 * 1024
LIMIT_S = 0.2
"""Of the processor's time, not of the clock's: a busy machine changes nothing."""
BLANKS = [" ", "\t", "\n", ", ", ",  ", "a ", " a"]
MARKS = [",", ";", "=", "-", ".", "/", "_", "'", "<", ">", "[", "[0]", "\\", '\\"', '"', '""']
WORDS = ["a", "0", "a.", "0.", "a,", "a=", "a:", "<a ", '"a"', '"a",']
PIECES = [*BLANKS, *MARKS, *WORDS]
BEFORE = ["", "a", "0", '"', '"a"', ",", "a=", "<"]
ENDS = ["\x7f", '"']
MOST_WORDS = 3
_WORDS = re.compile(r"(?<!\\)[A-Za-z0-9'_:-][A-Za-z0-9'_: -]{2,}")


def modules() -> Iterator[ModuleType]:
    """Every module of the product."""
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes], tuple[str, ...]]]:
    """Each compiled pattern, with the ways in which its module uses it."""
    for module in modules():
        source = getsource(module)
        for name, value in vars(module).items():
            for number, one in enumerate(value if isinstance(value, tuple) else (value,)):
                pattern = one if isinstance(one, re.Pattern) else getattr(one, "pattern", None)
                if isinstance(pattern, re.Pattern):
                    searched = re.search(rf"\b{name}\.(search|finditer|findall|sub|split)\(", source)
                    ways = ("fullmatch", "match", "search") if searched else ("fullmatch", "match")
                    yield f"{module.__name__}.{name}[{number}]", pattern, ways


def texts(pattern: str) -> Iterator[str]:
    """What such a pattern could stumble over: its own words stand before the pieces, and are pieces themselves."""
    words = [word.strip() for word in dict.fromkeys(_WORDS.findall(pattern))][:MOST_WORDS]
    starts = [*BEFORE, *words, *(f"{word} a" for word in words), " a ".join(words)]
    repeated = [(start, piece) for start in starts for piece in PIECES]
    repeated += [(f"{word} a ", f" {other} ") for word in words for other in words]
    for start, piece in repeated:
        yield from (start + piece * (LENGTH // len(piece)) + end for end in ENDS)


class Busy(Exception):
    """A pattern has had the time that it may take."""


@contextmanager
def limited() -> Iterator[None]:
    """Raises Busy in what takes longer; the search for a match looks for signals now and then."""

    def stop(*_: object) -> None:
        raise Busy

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def too_long(pattern: re.Pattern[str] | re.Pattern[bytes], ways: tuple[str, ...]) -> str | None:
    """A text that keeps the pattern busy, in short, if there is one."""
    source = pattern.pattern
    for text in texts(source if isinstance(source, str) else source.decode("latin-1")):
        for way in ways:
            try:
                with limited():
                    getattr(pattern, way)(text if isinstance(source, str) else text.encode())
            except Busy:
                return f"{way} of {text[:60]!r} and so on, {text[-10:]!r}"
    return None


PATTERNS = {name: (pattern, ways) for name, pattern, ways in patterns()}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_done_with_any_text_in_no_time(name: str) -> None:
    pattern, ways = PATTERNS[name]
    assert too_long(pattern, ways) is None


SLOW = {
    "a blank with two places": r"a\s*(?:=\s*b)?\s*,",
    "a gap with two places": r'"a"(?:[ \t]*,[ \t]*(?:"a")?)*',
    "words with two places": r"(?:\w+)*=",
}


@pytest.mark.parametrize("pattern", SLOW.values(), ids=SLOW)
def test_a_slow_pattern_is_found(pattern: str) -> None:
    assert too_long(re.compile(pattern), ("fullmatch", "match")) is not None
