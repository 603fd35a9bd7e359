"""How long an HTTP header asks to wait: whole seconds, or the Retry-After of an answer, which may hold a date instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_DIGITS = 9
"""Of a number. What has more is longer than anybody waits, also when it is cut: every reader has a bound of its own."""


def whole_seconds(text: str) -> int | None:
    """The number that the digits write, however many zeros lead it; None where there are not only digits."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text.lstrip("0")[:_MOST_DIGITS] or "0")


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds from now as a Retry-After asks (RFC 9110 §10.2.3); None where there is none, or none that can be read."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if (seconds := whole_seconds(text)) is not None:
        return float(seconds)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter from a time zone of too many digits
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
