"""What is read alike in every vendor's answer: its media type, its words without our secrets."""

from __future__ import annotations

import math
from collections.abc import Mapping

MOST_TEXT = 500
"""Of a vendor's text, how much is kept."""


def media_type(headers: Mapping[str, str]) -> str:
    """The Content-Type in lower case, without its parameters; "" where there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def whole(seconds: float | None) -> int | None:
    """No less than was asked for: our own Retry-After holds whole seconds."""
    return None if seconds is None else math.ceil(seconds)


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """A vendor's text cut to length and without our secrets, should it repeat them."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text[:MOST_TEXT]
