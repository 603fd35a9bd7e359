"""Deprecation and Sunset headers: "Always check for deprecation alerts on this endpoint version" (vendor document 002)."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

log = structlog.get_logger(__name__)

HEADERS = ("Deprecation", "Sunset")
MOST_VALUES = 20
MOST_TEXT = 200


class Deprecations:
    """Counts the answers that carry such a header, by its name and value, and logs each value once."""

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._seen: dict[str, int] = {}

    @property
    def seen(self) -> Mapping[str, int]:
        """`Sunset: Sat, 31 Dec 2027 23:59:59 GMT` -> how many answers had it."""
        return self._seen

    def note(self, headers: Mapping[str, str]) -> None:
        for name in HEADERS:
            value = headers.get(name.lower())
            if value is None:
                continue
            alert = f"{name}: {value[:MOST_TEXT]}"
            if alert in self._seen:
                self._seen[alert] += 1
            elif len(self._seen) < MOST_VALUES:
                self._seen[alert] = 1
                log.warning("the vendor announces the end of this API", backend=self._backend, alert=alert)
