"""The Prefer header (RFC 7240): how long the caller wants a write to wait for the vendor.

`respond-async` alone answers at once; `wait=N` waits up to N seconds, with or without `respond-async` beside it. A wait above
25 counts as 25, and Preference-Applied says so; a wait that is no whole number, and any other preference, is ignored, as
the RFC asks. Of a preference given twice the first counts.
"""

from __future__ import annotations

import re

from starlette.requests import HTTPConnection

from app.domain.record import record
from app.domain.waits import whole_seconds

MAX_WAIT_S = 25
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PREFERENCE = re.compile(
    rf"[\s,]*+({_TOKEN})\s*+(?:=\s*+({_TOKEN}|{_QUOTED})?+\s*+)?+(?:;(?:[^,\"]|{_QUOTED})*+)?+(?:,|$)"
)
"""Nothing once read is given back: blanks that could belong to two places would be tried in each."""


@record(frozen=True, kw_only=True, slots=True)
class Preference:
    """What the caller prefers."""

    wait_s: int | None = None
    """Seconds to wait; None leaves it to the configuration."""
    applied: str | None = None
    """The Preference-Applied header of the answer; None for none."""


def preference(request: HTTPConnection) -> Preference:
    """The request's Prefer headers, read together. Never raises: a preference is not a demand."""
    values = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"prefer"]
    return parse_prefer(", ".join(values)) if values else Preference()


def parse_prefer(value: str) -> Preference:
    """One Prefer header, or several joined by commas."""
    given: dict[str, str] = {}
    for token, word in _preferences(value):
        given.setdefault(token.lower(), word)
    asynchronous = given.get("respond-async") in ("", '""')
    seconds = whole_seconds(given.get("wait", "").strip('"'))
    wait = None if seconds is None else min(seconds, MAX_WAIT_S)
    applied = (["respond-async"] if asynchronous else []) + ([] if wait is None else [f"wait={wait}"])
    if not applied:
        return Preference()
    return Preference(wait_s=0 if wait is None else wait, applied=", ".join(applied))


def _preferences(value: str) -> list[tuple[str, str]]:
    """Name and word of each preference; an empty one is none (RFC 9110 §5.6.1), and what cannot be read ends the list."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(value) and (match := _PREFERENCE.match(value, at)) is not None:
        found.append((match.group(1), match.group(2) or ""))
        at = match.end()
    return found
