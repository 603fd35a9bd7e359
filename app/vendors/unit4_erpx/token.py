"""The bearer token that the identity service gives, and until when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.domain.json import JsonValue
from app.vendors.tokens import UNKNOWN_LIFE, Token, early, fits_header

LONGEST = timedelta(days=1)


def token_from(answer: JsonValue, *, now: datetime) -> Token | None:
    """The token of a successful log-in, or None where there is none that a header can carry."""
    if not isinstance(answer, Mapping):
        return None
    text = answer.get("access_token")
    if not isinstance(text, str) or not fits_header(text):
        return None
    return Token(text=text, use_until=now + early(_life(answer.get("expires_in"))))


def _life(told: JsonValue) -> timedelta:
    try:
        seconds = float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else None
    except (ValueError, OverflowError):
        seconds = None
    if seconds is None or seconds != seconds:
        return UNKNOWN_LIFE
    return min(timedelta(seconds=min(max(seconds, 0.0), LONGEST.total_seconds())), LONGEST)
