"""Numbers as people read them."""

from __future__ import annotations

_SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_COUNTS = ((1e9, "billion"), (1e6, "million"))


def three(value: float) -> str:
    """Three figures, as far as they are digits behind the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def cpu(value: float) -> str:
    """CPU time."""
    return f"{value * 1e6:,.0f} µs"


def ms(value: float) -> str:
    return f"{value * 1e3:.2f} ms"


def seconds(value: float) -> str:
    """A time from milliseconds up to minutes."""
    return f"{value * 1e3:,.0f} ms" if value < 1 else f"{three(value)} s"


def bytes_(value: float) -> str:
    for size, name in _SIZES:
        if value >= size:
            return f"{three(value / size)} {name}"
    return f"{value:.0f} bytes"


def number(value: float) -> str:
    """A count, of which three figures matter."""
    for size, name in _COUNTS:
        if value >= size:
            return f"{three(value / size)} {name}"
    return f"{value:,.0f}"


def each_s(value: float) -> str:
    return f"{value:,.0f}/s"


def percent(value: float) -> str:
    return f"{value:.1%}"


def cores(value: float) -> str:
    return f"{value:.1f}"


def plain(value: float) -> str:
    return three(value)


def times(value: float) -> str:
    return f"{value:.0f} x" if value >= 10 else f"{value:.1f} x"
