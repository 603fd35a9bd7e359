"""Path and query parameters and headers that several routes take: how they are checked, and how OpenAPI shows them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.domain.json import JsonValue

DATE, TIME = r"\d{4}-\d\d-\d\d", r"[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)"
"""RFC 3339, as patterns: the time with its offset follows the date."""
NO_SUCH_MOMENT = "There is no such day, time of day or offset."
_RFC3339 = re.compile(DATE + TIME, re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2199


def _read_as_rfc3339(value: JsonValue) -> datetime:
    """Stricter than pydantic, which takes Unix seconds, a space for the T and missing seconds as well."""
    if not isinstance(value, str) or _RFC3339.fullmatch(value) is None:
        raise PydanticCustomError(
            "date_time", "Write the time as RFC 3339 with an offset, for example 2026-11-20T20:40:00Z."
        )
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise PydanticCustomError("date_time", NO_SUCH_MOMENT) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        # Beyond these neither the vendors' columns nor the arithmetic of time zones can be relied on.
        raise PydanticCustomError("date_time", "The time must lie in the years 1900 to 2199.")
    return moment.astimezone(UTC)


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_read_as_rfc3339),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "description": "RFC 3339 with an offset; answered in UTC."}
    ),
]
"""A moment that a caller names, in UTC."""

BackendName = Annotated[str, Path(description="A backend, as GET /v1/backends lists it.", examples=["civica-cx"])]
OrderNumber = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The order's number, or the reference that people write (`WO113427`).",
        examples=["113427"],
    ),
]
OfBackend = Annotated[str | None, Query(max_length=64, description="Of this backend.", examples=["civica-cx"])]
OfOrder = Annotated[str | None, Query(max_length=100, description="Of this order; its number.", examples=["113427"])]
UpdatedSince = Annotated[Moment | None, Query(description="Changed here at or after this time.")]

Parameter = dict[str, Any]
"""One parameter of OpenAPI, for headers that a route reads from the request itself."""

IDEMPOTENCY_KEY: Parameter = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "One per intended change, 16 to 255 visible ASCII characters (a UUID is right). Send the same key "
    "whenever you repeat the request, and it takes effect once.",
    "schema": {"type": "string", "minLength": 16, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "2f4c9b1e-7a55-4f0e-9d0c-0b9f6c0f8a11",
}
OPTIONAL_IDEMPOTENCY_KEY: Parameter = {
    **IDEMPOTENCY_KEY,
    "required": False,
    "description": "As for POST: one per intended change, the same for each repeat. Here you may leave it out.",
}


def optional_header(name: str, description: str, *, example: str | None = None) -> Parameter:
    """A header that a caller may send, any text."""
    said: Parameter = {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }
    return said if example is None else {**said, "example": example}


AN_ETAG = '"3f0c9a2b7d1e4f58a6b0c3d2e1f09876"'
PREFER = optional_header(
    "Prefer",
    "`respond-async` answers 202 at once; `wait=N` waits up to N (0 to 25) seconds for the vendor.",
    example="wait=10",
)
IF_ORDER_MATCHES = optional_header(
    "If-Match",
    "ETags: the write happens only if the order, read just before, still has one of them; else 412. "
    "`*` asks only that there is such an order.",
    example=AN_ETAG,
)
IF_ORDER_CHANGED = optional_header("If-None-Match", "An ETag: 304 if the order still has it.", example=AN_ETAG)
IF_NO_ORDER: Parameter = {
    **optional_header(
        "If-None-Match", "`*`: the write happens only if the vendor, read just before, has none; else 412."
    ),
    "schema": {"type": "string", "enum": ["*"]},
}
MAX_STALE = optional_header(
    "Cache-Control", "`max-stale=N` accepts our last copy if it is at most N seconds old.", example="max-stale=60"
)
